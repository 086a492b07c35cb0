"""The text of an SMS: which alphabet it needs and into how many parts it falls.

Two alphabets (3GPP TS 23.038): the GSM 7-bit default alphabet with its
extension table, whose characters take two septets, and UCS-2, in practice
UTF-16 with surrogate pairs. One message holds 160 septets or 70 code units;
a part of a longer one 153 or 67, because its header takes the rest
(3GPP TS 23.040, 9.2.3.24.1).
"""

from __future__ import annotations

import re
import unicodedata
from collections import Counter
from collections.abc import Iterator, Mapping
from dataclasses import dataclass
from enum import Enum

from smsbridge.spool.errors import Refused

ESCAPE = "\x1b"
#: The default table, in the order of its codes 0x00-0x7F (TS 23.038, 6.2.1).
DEFAULT_TABLE = (
    "@£$¥èéùìòÇ\nØø\rÅåΔ_ΦΓΛΩΠΨΣΘΞ" + ESCAPE + "ÆæßÉ"
    " !\"#¤%&'()*+,-./0123456789:;<=>?"
    "¡ABCDEFGHIJKLMNOPQRSTUVWXYZÄÖÑÜ§"
    "¿abcdefghijklmnopqrstuvwxyzäöñüà"
)
#: The extension table: escape, then this code (TS 23.038, 6.2.1.1). Its page break is a control character here.
EXTENSION_TABLE = {
    "^": 0x14, "{": 0x28, "}": 0x29, "\\": 0x2F, "[": 0x3C, "~": 0x3D, "]": 0x3E, "|": 0x40, "€": 0x65,
}  # fmt: skip
#: The 8-bit part number leaves room for no more (TS 23.040, 9.2.3.24.1).
MOST_PARTS = 255

_CODES = {character: code for code, character in enumerate(DEFAULT_TABLE) if character != ESCAPE}
_CHARACTERS = {code: character for character, code in EXTENSION_TABLE.items()}
_NOT_GSM = re.compile("[^" + re.escape("".join((*_CODES, *EXTENSION_TABLE))) + "]")
_EXTENDED = re.compile("[" + re.escape("".join(EXTENSION_TABLE)) + "]")
#: C0 and C1 controls but line feed and carriage return, and halves of surrogate pairs.
_UNSENDABLE = re.compile("[\x00-\x09\x0b\x0c\x0e-\x1f\x7f-\x9f\ud800-\udfff]")
_TRIMMED = " \t\r\n"


class Encoding(Enum):
    """An alphabet with its limits, in septets (GSM) or UTF-16 code units (UCS-2)."""

    GSM = "gsm", 160, 153
    UCS2 = "ucs2", 70, 67

    def __init__(self, label: str, single: int, part: int) -> None:
        self.label = label
        #: Units in a message that needs no parts.
        self.single = single
        #: Units in each part of a longer one.
        self.part = part


@dataclass(frozen=True)
class Segmentation:
    """How a text goes out.

    ``units`` counts septets or code units. ``parts`` is the text cut as the
    standard asks: no escape or surrogate pair in two halves, and no character
    cluster where that can be helped; joined they give the text.

    ``count`` is how many SMS the modem sends and the network charges. smsd
    cuts by itself, after every 153 septets or 67 units wherever that falls,
    so where a pair or cluster lies across a cut, ``parts`` may be one longer
    than ``count``. Only ``count`` is a promise.
    """

    encoding: Encoding
    units: int
    parts: tuple[str, ...]

    @property
    def count(self) -> int:
        return parts_needed(self.encoding, self.units)


@dataclass(frozen=True)
class Culprit:
    """A character that forces UCS-2 or cannot be sent, and what could stand for it.

    ``replacement`` is text in the GSM alphabet, perhaps empty; None when there is none.
    """

    character: str
    times: int
    replacement: str | None


def trimmed(text: str) -> str:
    """The text without the blanks and line ends at its end, as smsd's ``trim_text`` leaves it.

    A text of nothing else stays as it is; so does smsd's.
    """
    return text.rstrip(_TRIMMED) or text


def is_gsm(text: str) -> bool:
    """Whether the GSM alphabet has every character."""
    return _NOT_GSM.search(text) is None


def parts_needed(encoding: Encoding, units: int) -> int:
    """How many SMS that many units take."""
    return 1 if units <= encoding.single else -(-units // encoding.part)


def segment(text: str) -> Segmentation:
    """The alphabet, length and parts of a text.

    Raises Refused: ``empty``, ``bad_characters`` (control characters, among
    them tab and escape; lone surrogates), ``too_long`` (over 255 parts).
    """
    _refuse_unsendable(text)
    encoding = Encoding.GSM if is_gsm(text) else Encoding.UCS2
    units = _units(text, encoding)
    if parts_needed(encoding, units) > MOST_PARTS:
        raise Refused("too_long", f"{units} units, more than {MOST_PARTS} parts hold")
    if units <= encoding.single:
        return Segmentation(encoding, units, (text,))
    cut = _cut_gsm(text) if encoding is Encoding.GSM else _cut_ucs2(text)
    return Segmentation(encoding, units, tuple(cut))


def _refuse_unsendable(text: str) -> None:
    if not text:
        raise Refused("empty", "no text")
    if found := _UNSENDABLE.search(text):
        raise Refused("bad_characters", f"U+{ord(found[0]):04X} at position {found.start()} cannot be sent")


def _units(text: str, encoding: Encoding) -> int:
    if encoding is Encoding.GSM:
        return len(text) + len(_EXTENDED.findall(text))
    return len(text.encode("utf-16-be")) // 2


def _cut_gsm(text: str) -> Iterator[str]:
    start = used = 0
    for position, character in enumerate(text):
        width = 2 if character in EXTENSION_TABLE else 1
        if used + width > Encoding.GSM.part:
            yield text[start:position]
            start, used = position, 0
        used += width
    yield text[start:]


def _cut_ucs2(text: str) -> Iterator[str]:
    start = used = 0
    for position, character in enumerate(text):
        width = 2 if character > "\uffff" else 1
        if used + width > Encoding.UCS2.part:
            cut = _last_boundary(text, start, position)
            yield text[start:cut]
            start, used = cut, _units(text[cut:position], Encoding.UCS2)
        used += width
    yield text[start:]


def _last_boundary(text: str, start: int, position: int) -> int:
    """Where the part that began at ``start`` should end, at most at ``position``."""
    for cut in range(position, start, -1):
        if not _joined(text, start, cut):
            return cut
    return position  # one cluster longer than a part has to be cut somewhere


_ZERO_WIDTH_JOINER = "\u200d"
_VIRAMA = 9  # canonical combining class


def _joined(text: str, start: int, position: int) -> bool:
    """Whether what stands before and after the position is seen as one character, in a part from ``start``.

    A close approximation of the extended grapheme clusters of Unicode Standard
    Annex 29, from the properties that Python knows.
    """
    before, after = text[position - 1], text[position]
    if after < "\u0300":
        return before == "\r" and after == "\n"
    if before == _ZERO_WIDTH_JOINER or unicodedata.combining(before) == _VIRAMA:
        return True
    return _extends(after) or _is_hangul_tail(before, after) or _is_second_of_flag(text, start, position)


def _extends(character: str) -> bool:
    return (
        unicodedata.category(character) in ("Mn", "Mc", "Me")
        or character in "\u200c\u200d"
        or "\U0001f3fb" <= character <= "\U0001f3ff"  # skin tones
        or "\U000e0020" <= character <= "\U000e007f"  # tags of regional flags
    )


def _is_hangul_tail(before: str, after: str) -> bool:
    """A vowel or final consonant (conjoining jamo) after another jamo or a syllable."""
    return "\u1160" <= after <= "\u11ff" and (
        "\u1100" <= before <= "\u11ff" or "\uac00" <= before <= "\ud7a3"
    )


def _is_regional(character: str) -> bool:
    return "\U0001f1e6" <= character <= "\U0001f1ff"


def _is_second_of_flag(text: str, start: int, position: int) -> bool:
    if not _is_regional(text[position]):
        return False
    first = position
    while first > start and _is_regional(text[first - 1]):
        first -= 1
    return (position - first) % 2 == 1


def encode_gsm(text: str) -> bytes:
    """The septets, one to a byte; the text must be GSM (KeyError otherwise)."""
    septets = bytearray()
    for character in text:
        if character in EXTENSION_TABLE:
            septets += bytes((_ESCAPE_CODE, EXTENSION_TABLE[character]))
        else:
            septets.append(_CODES[character])
    return bytes(septets)


_ESCAPE_CODE = 0x1B


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


_DIACRITIC = re.compile("[\u0300-\u036f]")
# What plain writing has for typographic and similar characters.
_PLAIN = str.maketrans(
    {
        "\t": " ", "`": "'", "´": "'", "‘": "'", "’": "'", "‚": "'", "‛": "'", "′": "'",
        "“": '"', "”": '"', "„": '"', "‟": '"', "″": '"', "«": '"', "»": '"', "‹": "'", "›": "'",
        "‐": "-", "‑": "-", "‒": "-", "–": "-", "—": "-", "―": "-", "−": "-",
        "…": "...", "•": "*", "·": ".", "×": "x", "÷": "/", "⁄": "/",
        "ł": "l", "Ł": "L", "đ": "d", "Đ": "D", "ħ": "h", "Ħ": "H", "ı": "i", "œ": "oe", "Œ": "OE",
        "þ": "th", "Þ": "TH", "ð": "d", "Ð": "D", "ẞ": "SS", "©": "(c)", "®": "(R)", "™": "(TM)",
        "\u2028": "\n", "\u2029": "\n",
        "\xad": "", "\u200b": "", "\u200c": "", "\u200d": "", "\u200e": "", "\u200f": "", "\u2060": "", "\ufeff": "",
    }
)  # fmt: skip


def plain(character: str) -> str | None:
    """What the GSM alphabet has in place of a character: itself, a look-alike, perhaps nothing; None if it has none."""
    if is_gsm(character):
        return character
    shown = character.translate(_PLAIN)
    if not is_gsm(shown):
        shown = _DIACRITIC.sub("", unicodedata.normalize("NFKD", shown)).translate(_PLAIN)
    return shown if is_gsm(shown) else None


def culprits(text: str) -> list[Culprit]:
    """The characters that keep a text out of the GSM alphabet, in order of their first appearance."""
    times = Counter(_NOT_GSM.findall(text))
    return [Culprit(character, number, plain(character)) for character, number in times.items()]


def transliterate(text: str, replacements: Mapping[str, str] | None = None) -> str:
    """The text in the GSM alphabet, by look-alikes; unchanged where that cannot be done for all of it.

    ``replacements`` goes before the built-in list. Letters and their accents
    are composed first, so that an "é" written as two characters survives.
    """
    composed = unicodedata.normalize("NFC", text).translate(str.maketrans(dict(replacements or {})))
    shown = [plain(character) for character in composed]
    return text if None in shown else "".join(character for character in shown if character is not None)
