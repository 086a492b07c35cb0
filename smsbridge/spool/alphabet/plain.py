"""Plain writing for characters that the GSM alphabet lacks."""

from __future__ import annotations

import re
import unicodedata
from collections import Counter
from collections.abc import Mapping
from dataclasses import dataclass

from smsbridge.spool.alphabet.tables import NOT_GSM, is_gsm


@dataclass(frozen=True)
class Culprit:
    """A character that forces UCS-2 or cannot be sent, and what could stand for it.

    ``replacement`` is text in the GSM alphabet, perhaps empty; None when there is none.
    """

    character: str
    times: int
    replacement: str | None


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
        "\xad": "", "\u200b": "", "\u200c": "", "\u200d": "", "\u200e": "", "\u200f": "", "\u2060": "",
        "\ufeff": "",
    }
)  # fmt: skip


def plain(character: str) -> str | None:
    """What the GSM alphabet has for a character: itself, a look-alike, perhaps ""; None if it has none."""
    if is_gsm(character):
        return character
    shown = character.translate(_PLAIN)
    if not is_gsm(shown):
        shown = _DIACRITIC.sub("", unicodedata.normalize("NFKD", shown)).translate(_PLAIN)
    return shown if is_gsm(shown) else None


def culprits(text: str) -> list[Culprit]:
    """The characters that keep a text out of the GSM alphabet, in order of their first appearance."""
    times = Counter(NOT_GSM.findall(text))
    return [Culprit(character, number, plain(character)) for character, number in times.items()]


def transliterate(text: str, replacements: Mapping[str, str] | None = None) -> str:
    """The text in the GSM alphabet, by look-alikes; unchanged where that cannot be done for all of it.

    ``replacements`` goes before the built-in list. Letters and their accents
    are composed first, so that an "é" written as two characters survives.
    """
    own = replacements or {}
    composed = "".join(own.get(character, character) for character in unicodedata.normalize("NFC", text))
    shown = [plain(character) for character in composed]
    return text if None in shown else "".join(character for character in shown if character is not None)
