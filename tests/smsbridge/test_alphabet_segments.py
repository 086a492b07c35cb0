"""How many SMS a text takes, and where it is cut."""

from __future__ import annotations

import random
import sys

import pytest
import smsutil
from hypothesis import given
from hypothesis import strategies as st

from smsbridge.spool.alphabet import DEFAULT_TABLE, EXTENSION_TABLE, Encoding, is_gsm, segment, trimmed
from smsbridge.spool.errors import Refused

FAMILY = "👨\u200d👩\u200d👧"  # three people and two joiners: eight code units, one picture

VECTORS = {
    "one character": ("a", "GSM-7", [1]),
    "160 septets fit in one": ("a" * 160, "GSM-7", [160]),
    "161 need a second": ("a" * 161, "GSM-7", [153, 8]),
    "two full parts": ("a" * 306, "GSM-7", [153, 153]),
    "80 euro signs fit": ("€" * 80, "GSM-7", [80]),
    "81 euro signs, none cut in two": ("€" * 81, "GSM-7", [76, 5]),
    "a euro sign moves on as a whole": ("a" * 152 + "€" + "b" * 20, "GSM-7", [152, 21]),
    "35 emoji fit": ("😀" * 35, "UCS-2", [35]),
    "36 emoji, none cut in two": ("😀" * 36, "UCS-2", [33, 3]),
    "an emoji moves on as a whole": ("ж" * 66 + "😀" + "ж" * 20, "UCS-2", [66, 21]),
    "70 units fit": ("ж" * 70, "UCS-2", [70]),
    "71 do not": ("ж" * 71, "UCS-2", [67, 4]),
}


@pytest.mark.parametrize(("text", "label", "lengths"), VECTORS.values(), ids=VECTORS.keys())
def test_cuts_as_the_standard_asks(text: str, label: str, lengths: list[int]) -> None:
    found = segment(text)
    assert (found.encoding.label, [len(part) for part in found.parts]) == (label, lengths)
    assert found.count == len(lengths)


@pytest.mark.parametrize("character", ["ç", "`", "’", "Ё", "\u00a0", "á", "😀"])
def test_some_characters_force_ucs2(character: str) -> None:
    assert segment(f"plain {character} text").encoding is Encoding.UCS2


@pytest.mark.parametrize("character", ["Ç", "ì", "Δ", "\n", "\r", "€", "~", "@", "¤", "à"])
def test_others_look_foreign_and_are_gsm(character: str) -> None:
    assert segment(f"plain {character} text").encoding is Encoding.GSM


CLUSTERS = {
    "a family": FAMILY,
    "an accent": "e\u0301\u0323",
    "a flag": "🇰🇪",
    "a skin tone": "👍🏽",
    "a flag of tags": "🏴\U000e0067\U000e0062\U000e0073\U000e0063\U000e0074\U000e007f",
    "a heart with its variant": "❤\ufe0f",
    "Hangul in pieces": "\u1112\u1161\u11ab",
    "a conjunct": "क\u094dष",
    "a vowel sign": "क\u093f",
    "a line end": "\r\n",
}


@pytest.mark.parametrize("cluster", CLUSTERS.values(), ids=CLUSTERS.keys())
@pytest.mark.parametrize("before", range(50, 68))
def test_what_is_seen_as_one_character_stays_in_one_part(cluster: str, before: int) -> None:
    text = "ж" * before + cluster + "ж" * 70
    parts = segment(text).parts
    assert sum(part.count(cluster) for part in parts) == 1
    assert "".join(parts) == text


def test_flags_are_cut_between_and_not_within() -> None:
    parts = segment("🇰🇪" * 40).parts
    assert [len(part) // 2 for part in parts] == [16, 16, 8]


def test_a_cluster_longer_than_a_part_is_cut_all_the_same() -> None:
    parts = segment("e" + "\u0301" * 200).parts
    assert [len(part) for part in parts] == [67, 67, 67]


def test_the_count_is_what_smsd_sends_even_where_it_cuts_a_pair() -> None:
    # 306 septets: smsd fills two parts and cuts the euro sign between them.
    found = segment("a" * 152 + "€" + "b" * 152)
    assert (found.units, found.count, len(found.parts)) == (306, 2, 3)


@pytest.mark.parametrize(
    ("text", "most"), [("a" * 39_016, 39_015), ("ж" * 17_086, 17_085)], ids=["gsm", "ucs2"]
)
def test_more_than_255_parts_are_refused(text: str, most: int) -> None:
    assert segment(text[:most]).count == 255
    with pytest.raises(Refused) as refused:
        segment(text)
    assert refused.value.code == "too_long"


def test_no_text_is_refused() -> None:
    with pytest.raises(Refused) as refused:
        segment("")
    assert refused.value.code == "empty"


@pytest.mark.parametrize("character", ["\x00", "\x1b", "\t", "\x07", "\f", "\x7f", "\x85", "\ud83d"])
def test_control_characters_and_half_pairs_are_refused_by_name(character: str) -> None:
    with pytest.raises(Refused) as refused:
        segment(f"secret {character} words")
    assert refused.value.code == "bad_characters"
    assert f"U+{ord(character):04X} at position 7" in refused.value.detail
    assert "secret" not in refused.value.detail


def test_blanks_at_the_end_are_not_sent_but_a_lone_blank_is() -> None:
    assert trimmed("hello \n\r\t ") == "hello"
    assert trimmed(" \n") == " \n"


def test_the_table_is_the_one_an_independent_library_has() -> None:
    ours = {character for character in map(chr, range(sys.maxunicode + 1)) if is_gsm(character)}
    theirs = {character for character in map(chr, range(0x10000)) if smsutil.is_valid_gsm(character)}
    assert theirs - ours == {"\x1b", "\f"}
    assert ours <= theirs
    assert len(DEFAULT_TABLE) == 128
    assert set(smsutil.GSM_EXT_CHARSET) - set(EXTENSION_TABLE) == {"\f"}


ALPHABETS = [
    "abc def,.\n",
    "ab{}€~^[]|\\",
    DEFAULT_TABLE.replace("\x1b", "").replace("\r", ""),
    "abжü ",
    "a😀𝔸ж",
    "日本語 a",
    "€a😀",
]


def test_agrees_with_an_independent_library_on_20_000_texts() -> None:
    chance = random.Random(20_000)
    for _ in range(20_000):
        length = chance.choice([chance.randint(1, 60), chance.randint(60, 175), chance.randint(130, 330)])
        text = "".join(chance.choices(chance.choice(ALPHABETS), k=length))
        theirs = smsutil.split(text)
        ours = segment(text)
        assert list(ours.parts) == [part.content for part in theirs.parts]
        width = 1 if ours.encoding is Encoding.GSM else 2
        assert (ours.units * width, is_gsm(text)) == (theirs.total_bytes, theirs.encoding == "gsm0338")


SENDABLE = st.text(
    st.characters(exclude_categories=("Cc", "Cs")) | st.sampled_from("\n\r€ab" + FAMILY + "🇰🇪")
)


def length_in(text: str, encoding: Encoding) -> int:
    if encoding is Encoding.UCS2:
        return len(text.encode("utf-16-be")) // 2
    return sum(2 if character in EXTENSION_TABLE else 1 for character in text)


@given(SENDABLE.filter(bool), st.integers(1, 40))
def test_parts_join_to_the_text_and_each_fits(piece: str, times: int) -> None:
    text = piece * times
    found = segment(text)
    assert "".join(found.parts) == text
    most = found.encoding.single if len(found.parts) == 1 else found.encoding.part
    assert all(0 < length_in(part, found.encoding) <= most for part in found.parts)
    assert found.units == length_in(text, found.encoding)
    assert found.count <= len(found.parts)
    assert found.count == (
        1 if found.units <= found.encoding.single else -(-found.units // found.encoding.part)
    )


def outcome(text: str) -> str:
    try:
        return "".join(segment(text).parts)
    except Refused as refused:
        return refused.code


@given(st.text(st.characters()))
def test_any_text_is_either_cut_or_refused(text: str) -> None:
    assert outcome(text) in (text, "empty", "bad_characters")


def test_half_a_surrogate_pair_the_wrong_way_round_is_refused() -> None:
    assert outcome("a\ude00\ud83d") == "bad_characters"
