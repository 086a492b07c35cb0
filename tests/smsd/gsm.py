"""What travels between a phone, a modem and the network: PDUs of 3GPP TS 23.040.

Written for the tests alone and independently of ``smsbridge.spool``, so that
the two can check each other.
"""

from __future__ import annotations

from dataclasses import dataclass
from datetime import datetime

#: 3GPP TS 23.038, 6.2.1: the character of each septet; ESC (27) leads into the extension table.
DEFAULT = (
    "@£$¥èéùìòÇ\nØø\rÅåΔ_ΦΓΛΩΠΨΣΘΞ\x1bÆæßÉ !\"#¤%&'()*+,-./0123456789:;<=>?"
    "¡ABCDEFGHIJKLMNOPQRSTUVWXYZÄÖÑÜ§¿abcdefghijklmnopqrstuvwxyzäöñüà"
)
#: 3GPP TS 23.038, 6.2.1.1.
EXTENSION = {10: "\f", 20: "^", 40: "{", 41: "}", 47: "\\", 60: "[", 61: "~", 62: "]", 64: "|", 101: "€"}
_SEPTETS = {char: [code] for code, char in enumerate(DEFAULT) if code != 27} | {
    char: [27, code] for code, char in EXTENSION.items()
}


@dataclass(frozen=True)
class Submitted:
    """One part as the modem was given it (SMS-SUBMIT)."""

    number: str
    text: str
    dcs: int
    report: bool
    validity: int | None
    #: (reference of the whole, parts, place from 1); None: not a part of several.
    part: tuple[int, int, int] | None
    septets: bytes
    pdu: str
    #: The network's reference given for it (TP-MR), None when the modem gave none.
    reference: int | None = None


def septets_of(text: str) -> list[int]:
    return [code for char in text for code in _SEPTETS[char]]


def text_of(septets: bytes) -> str:
    """Septets as text; a lone ESC stays visible as U+001B."""
    found: list[str] = []
    escaped = False
    for code in septets:
        if escaped:
            found.append(EXTENSION.get(code, "\x1b" + DEFAULT[code]))
            escaped = False
        elif code == 27:
            escaped = True
        else:
            found.append(DEFAULT[code])
    return "".join(found) + ("\x1b" if escaped else "")


def joined(parts: list[Submitted]) -> str:
    """The text of a whole message: as a handset does, over pairs of codes that smsd cut in two."""
    if parts[0].dcs & 0x0C == 0x08:
        units = "".join(part.text for part in parts).encode("utf-16-be", "surrogatepass")
        return units.decode("utf-16-be")
    return text_of(b"".join(part.septets for part in parts))


def pack(septets: list[int], skip_bits: int = 0) -> bytes:
    """Septets packed into octets, after ``skip_bits`` fill bits (the padding behind a user data header)."""
    number = sum(code << (skip_bits + 7 * place) for place, code in enumerate(septets))
    return number.to_bytes((skip_bits + 7 * len(septets) + 7) // 8, "little")


def unpack(octets: bytes, count: int, skip_bits: int = 0) -> bytes:
    number = int.from_bytes(octets, "little") >> skip_bits
    return bytes(number >> 7 * place & 127 for place in range(count))


def semi_octets(digits: str) -> bytes:
    """Digits two to an octet, swapped, filled up with F."""
    padded = digits + "F" * (len(digits) % 2)
    return bytes.fromhex("".join(padded[i + 1] + padded[i] for i in range(0, len(padded), 2)))


def digits_of(octets: bytes, count: int) -> str:
    swapped = octets.hex()
    return "".join(swapped[i + 1] + swapped[i] for i in range(0, len(swapped), 2))[:count]


def decode_submit(pdu: str) -> Submitted:
    """An SMS-SUBMIT with its SMSC address in front, as ``AT+CMGS`` carries it."""
    octets = bytes.fromhex(pdu)
    octets = octets[1 + octets[0] :]
    first, length = octets[0], octets[2]
    address_end = 4 + (length + 1) // 2
    number = digits_of(octets[4:address_end], length)
    dcs = octets[address_end + 1]
    validity_octets = {0: 0, 2: 1}.get(first >> 3 & 3, 7)
    rest = octets[address_end + 2 :]
    validity = rest[0] if validity_octets == 1 else None
    text, part, septets = _user_data(rest[validity_octets:], dcs, has_header=bool(first & 0x40))
    return Submitted(number, text, dcs, bool(first & 0x20), validity, part, septets, pdu)


def _user_data(
    octets: bytes, dcs: int, *, has_header: bool
) -> tuple[str, tuple[int, int, int] | None, bytes]:
    length, octets = octets[0], octets[1:]
    header = 1 + octets[0] if has_header else 0
    part = _concatenation(octets[1:header]) if has_header else None
    if dcs & 0x0C == 0x08:
        return octets[header:length].decode("utf-16-be", "surrogatepass"), part, b""
    skipped = (header * 8 + 6) // 7
    septets = unpack(octets[header:], length - skipped, skip_bits=skipped * 7 - header * 8)
    return text_of(septets), part, septets


def _concatenation(elements: bytes) -> tuple[int, int, int] | None:
    while len(elements) > 1:
        kind, size = elements[0], elements[1]
        value, elements = elements[2 : 2 + size], elements[2 + size :]
        if kind == 0:
            return value[0], value[1], value[2]
        if kind == 8:
            return value[0] << 8 | value[1], value[2], value[3]
    return None


def _timestamp(at: datetime) -> bytes:
    """TP-SCTS of 9.2.3.11, at UTC."""
    return semi_octets(at.strftime("%y%m%d%H%M%S") + "00")


def _address(sender: str) -> bytes:
    if sender.isdigit():
        return bytes([len(sender), 0x91]) + semi_octets(sender)
    packed = pack(septets_of(sender))
    return bytes([len(packed) * 2, 0xD0]) + packed


def encode_deliver(sender: str, text: str, at: datetime, *, part: tuple[int, int, int] | None = None) -> str:
    """An SMS-DELIVER without SMSC address; GSM alphabet where it suffices, else UCS-2."""
    header = bytes([5, 0, 3, *part]) if part else b""
    if all(char in _SEPTETS for char in text):
        septets = septets_of(text)
        skipped = (len(header) * 8 + 6) // 7
        packed = pack(septets, skip_bits=skipped * 7 - len(header) * 8)
        dcs, length, data = 0, skipped + len(septets), header + packed
    else:
        data = header + text.encode("utf-16-be")
        dcs, length = 8, len(data)
    first = 0x44 if part else 0x04
    body = bytes([first]) + _address(sender) + bytes([0, dcs]) + _timestamp(at) + bytes([length]) + data
    return "00" + body.hex().upper()


def encode_report(number: str, reference: int, status: int, at: datetime) -> str:
    """An SMS-STATUS-REPORT for an earlier SUBMIT."""
    body = bytes([0x06, reference]) + _address(number) + _timestamp(at) + _timestamp(at) + bytes([status])
    return "00" + body.hex().upper()
