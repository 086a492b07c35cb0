"""The characters of the GSM 7-bit default alphabet and its extension table (3GPP TS 23.038)."""

from __future__ import annotations

import re

ESCAPE = "\x1b"
#: The default table, in the order of its codes 0x00-0x7F (TS 23.038, 6.2.1).
DEFAULT_TABLE = (
    "@£$¥èéùìòÇ\nØø\rÅåΔ_ΦΓΛΩΠΨΣΘΞ" + ESCAPE + "ÆæßÉ"
    " !\"#¤%&'()*+,-./0123456789:;<=>?"
    "¡ABCDEFGHIJKLMNOPQRSTUVWXYZÄÖÑÜ§"
    "¿abcdefghijklmnopqrstuvwxyzäöñüà"
)
#: The extension table: escape, then this code (TS 23.038, 6.2.1.1). Not its page break.
EXTENSION_TABLE = {
    "^": 0x14, "{": 0x28, "}": 0x29, "\\": 0x2F, "[": 0x3C, "~": 0x3D, "]": 0x3E, "|": 0x40, "€": 0x65,
}  # fmt: skip

_ESCAPE_CODE = DEFAULT_TABLE.index(ESCAPE)
_CODES = {character: code for code, character in enumerate(DEFAULT_TABLE) if character != ESCAPE}
_CHARACTERS = {code: character for character, code in EXTENSION_TABLE.items()}
NOT_GSM = re.compile("[^" + re.escape("".join((*_CODES, *EXTENSION_TABLE))) + "]")
_EXTENDED = re.compile("[" + re.escape("".join(EXTENSION_TABLE)) + "]")


def is_gsm(text: str) -> bool:
    """Whether the GSM alphabet has every character."""
    return NOT_GSM.search(text) is None


def septets(text: str) -> int:
    """How many septets a text of GSM characters takes."""
    return len(text) + len(_EXTENDED.findall(text))


def encode_gsm(text: str) -> bytes:
    """The septets, one to a byte; the text must be GSM (KeyError otherwise)."""
    septets = bytearray()
    for character in text:
        if character in EXTENSION_TABLE:
            septets += bytes((_ESCAPE_CODE, EXTENSION_TABLE[character]))
        else:
            septets.append(_CODES[character])
    return bytes(septets)


def decode_gsm(septets: bytes) -> str:
    """The text of septets, one to a byte, as a handset shows it.

    An escape before a code that the extension table lacks gives the default
    table's character (TS 23.038, 6.2.1.1); a byte above 0x7F, U+FFFD.
    """
    text, escaped = [], False
    for septet in septets:
        if septet == _ESCAPE_CODE and not escaped:
            escaped = True
            continue
        text.append(_decoded(septet, escaped=escaped))
        escaped = False
    return "".join(text)


def _decoded(septet: int, *, escaped: bool) -> str:
    if escaped and septet in _CHARACTERS:
        return _CHARACTERS[septet]
    if septet > 0x7F:
        return "\ufffd"
    return " " if septet == _ESCAPE_CODE else DEFAULT_TABLE[septet]
