"""Reading a spool file, whoever wrote it."""

from __future__ import annotations

import re
from collections.abc import Mapping
from dataclasses import dataclass
from datetime import datetime, tzinfo
from functools import cached_property

from smsbridge.spool.alphabet import decode_gsm
from smsbridge.spool.errors import MalformedFile

#: smsd's ``datetime_format`` unless it is configured: local time without a zone.
DATETIME_FORMAT = "%y-%m-%d %H:%M:%S"
#: A block of headers longer than this, in bytes, was not written by smsd.
_LONGEST_HEADERS = 200_000
_BLANK_LINE = re.compile(rb"^[ \t\r]*\n", re.MULTILINE)
_NAME = re.compile(r"[A-Za-z][A-Za-z0-9_-]{0,63}")
_BINARY = re.compile(rb"[\x00-\x08\x0b\x0c\x0e-\x1f\x7f]")


@dataclass(frozen=True)
class SpoolFile:
    """A file read: its headers and its body.

    ``fields`` has every header line in order; ``headers`` the value that
    counts for each name, the last, as for smsd. Names keep their case.
    """

    fields: tuple[tuple[str, str], ...]
    body: bytes

    @cached_property
    def headers(self) -> Mapping[str, str]:
        return dict(self.fields)

    @property
    def alphabet(self) -> str:
        """``iso``, ``utf-8``, ``ucs2``, ``gsm``, ``binary``; ``unknown`` for a word smsd does not know."""
        return _alphabet(self.headers.get("Alphabet", ""))

    @cached_property
    def text(self) -> str:
        """The body as text; "" when it is binary.

        Always storable: what cannot be decoded, a NUL and half a surrogate
        pair become U+FFFD. ``intact`` tells whether that happened.
        """
        return _decoded(self.body, self.alphabet).replace("\x00", "\ufffd")

    @property
    def intact(self) -> bool:
        """Whether the whole body could be decoded."""
        return "\ufffd" not in self.text

    def all(self, name: str) -> list[str]:
        """Every value of a header that smsd may write several times (PDU, NOTICE)."""
        return [value for key, value in self.fields if key == name]

    def time(self, name: str, zone: tzinfo) -> datetime | None:
        """A header with a wall-clock time, of smsd's zone; None when it is absent or no time.

        When clocks go back, the earlier of the two instants is taken.
        """
        return parse_time(self.headers.get(name, ""), zone)


def parse(raw: bytes) -> SpoolFile:
    """A spool file taken apart; the body is decoded only when asked for.

    The headers end at the first blank line, which is looked for in bytes:
    UTF-16 holds the byte 0x0A inside characters. Lines that are no header are
    passed over. Raises MalformedFile.
    """
    raw = raw.removeprefix(b"\xef\xbb\xbf")
    if not raw:
        raise MalformedFile("empty", "no content")
    blank = _BLANK_LINE.search(raw, 0, _LONGEST_HEADERS)
    if blank is None:
        raise MalformedFile("no_blank_line", "nothing ends the headers")
    fields = tuple(_fields(raw[: blank.start()]))
    return SpoolFile(fields, raw[blank.end() :])


def parse_time(value: str, zone: tzinfo) -> datetime | None:
    """An instant from smsd's wall-clock form, or None."""
    try:
        return datetime.strptime(value, DATETIME_FORMAT).replace(tzinfo=zone)
    except ValueError:
        return None


def _fields(block: bytes) -> list[tuple[str, str]]:
    if _BINARY.search(block):
        raise MalformedFile("binary_header", "control characters among the headers")
    lines = (line.partition(":") for line in _utf8_or_latin9(block).split("\n"))
    fields = [(name, value.strip()) for name, colon, value in lines if colon and _NAME.fullmatch(name)]
    if not fields:
        raise MalformedFile("no_headers", "no line before the first blank one is a header")
    return fields


#: smsd goes by the first three letters, in any case (smstools3 documentation, "SMS file format").
_ALPHABETS = {
    "": "iso", "iso": "iso", "lat": "iso", "ans": "iso", "utf": "utf-8",
    "ucs": "ucs2", "uni": "ucs2", "chi": "ucs2", "bin": "binary",
}  # fmt: skip


def _alphabet(value: str) -> str:
    word = value.strip().lower()
    return "gsm" if word == "gsm" else _ALPHABETS.get(word[:3], "unknown")


def _decoded(body: bytes, alphabet: str) -> str:
    match alphabet:
        case "ucs2":
            return body.decode("utf-16-be", errors="replace")
        case "gsm":
            return decode_gsm(body)
        case "binary":
            return ""
        case "utf-8":
            return body.decode("utf-8", errors="replace")
        case _:
            return _utf8_or_latin9(body)


def _utf8_or_latin9(raw: bytes) -> str:
    """smsd's own guess where it says ISO: Latin-9, unless the bytes make sense as UTF-8."""
    try:
        return raw.decode("utf-8")
    except UnicodeDecodeError:
        return raw.decode("iso8859-15")
