"""The parts of a text: how many SMS it takes and where it is cut."""

from __future__ import annotations

import re
import unicodedata
from collections.abc import Iterator
from dataclasses import dataclass
from enum import Enum

from smsbridge.spool.alphabet.tables import EXTENSION_TABLE, is_gsm, septets
from smsbridge.spool.errors import Refused

#: The 8-bit part number leaves room for no more (TS 23.040, 9.2.3.24.1).
MOST_PARTS = 255

#: C0 and C1 controls but line feed and carriage return, and halves of surrogate pairs.
_UNSENDABLE = re.compile("[\x00-\x09\x0b\x0c\x0e-\x1f\x7f-\x9f\ud800-\udfff]")
_TRIMMED = " \t\r\n"


class Encoding(Enum):
    """An alphabet with its limits, in septets (GSM) or UTF-16 code units (UCS-2)."""

    GSM = "GSM-7", 160, 153
    UCS2 = "UCS-2", 70, 67

    def __init__(self, label: str, single: int, part: int) -> None:
        #: What people call it.
        self.label = label
        #: Units in a message that needs no parts.
        self.single = single
        #: Units in each part of a longer one.
        self.part = part

    def room(self, units: int) -> int:
        """How many units more fit into the parts that so many take."""
        parts = parts_needed(self, units)
        return (self.single if parts == 1 else parts * self.part) - units


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


def trimmed(text: str) -> str:
    """The text without the blanks and line ends at its end, as smsd's ``trim_text`` leaves it.

    A text of nothing else stays as it is; so does smsd's.
    """
    return text.rstrip(_TRIMMED) or text


def parts_needed(encoding: Encoding, units: int) -> int:
    """How many SMS that many units take."""
    return 1 if units <= encoding.single else -(-units // encoding.part)


def segment(text: str) -> Segmentation:
    """The alphabet, length and parts of a text.

    Raises Refused: ``empty``, ``bad_characters`` (control characters, among
    them tab and escape; lone surrogates), ``too_long`` (over 255 parts).
    """
    refuse_unsendable(text)
    encoding, units = measure(text)
    if parts_needed(encoding, units) > MOST_PARTS:
        raise Refused("too_long", f"{units} units, more than {MOST_PARTS} parts hold")
    if units <= encoding.single:
        return Segmentation(encoding, units, (text,))
    cut = _cut_gsm(text) if encoding is Encoding.GSM else _cut_ucs2(text)
    return Segmentation(encoding, units, tuple(cut))


def measure(text: str) -> tuple[Encoding, int]:
    """The alphabet a text needs and its length in it, also of one that cannot be sent as it is."""
    encoding = Encoding.GSM if is_gsm(text) else Encoding.UCS2
    return encoding, _units(text, encoding)


def refuse_unsendable(text: str) -> None:
    """Raise Refused, ``empty`` or ``bad_characters``, unless the text can be sent in some alphabet."""
    if not text:
        raise Refused("empty", "no text")
    if found := _UNSENDABLE.search(text):
        raise Refused("bad_characters", f"U+{ord(found[0]):04X} at position {found.start()} cannot be sent")


def _units(text: str, encoding: Encoding) -> int:
    if encoding is Encoding.GSM:
        return septets(text)
    return len(text.encode("utf-16-be", "surrogatepass")) // 2


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
