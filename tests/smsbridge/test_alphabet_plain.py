"""Which characters make a text dear, and what could stand for them."""

from __future__ import annotations

import pytest
from hypothesis import given
from hypothesis import strategies as st

from smsbridge.spool.alphabet import (
    EXTENSION_TABLE,
    Culprit,
    culprits,
    decode_gsm,
    encode_gsm,
    is_gsm,
    plain,
    transliterate,
)


def test_names_each_culprit_once_with_its_number_and_replacement() -> None:
    assert culprits("It’s “fine” – isn’t it? 😀") == [
        Culprit("’", 2, "'"),
        Culprit("“", 1, '"'),
        Culprit("”", 1, '"'),
        Culprit("–", 1, "-"),
        Culprit("😀", 1, None),
    ]


def test_a_gsm_text_has_no_culprits() -> None:
    assert culprits("Grüße à la carte: 5 € [ok]") == []


@pytest.mark.parametrize(
    ("character", "replacement"),
    {
        "ç": "c", "č": "c", "Ł": "L", "…": "...", "\u00a0": " ", "`": "'", "\t": " ", "½": "1/2",
        "ﬁ": "fi", "\u200b": "", "\u0301": "", "ẞ": "SS", "ж": None, "中": None, "😀": None, "\x00": None,
    }.items(),
)  # fmt: skip
def test_plain_writing(character: str, replacement: str | None) -> None:
    assert plain(character) == replacement


def test_transliterates_into_one_alphabet() -> None:
    assert transliterate("Čau – “dobrý” den…") == 'Cau - "dobry" den...'


def test_keeps_accents_that_gsm_has_however_they_are_written() -> None:
    assert transliterate("cafe\u0301’s") == "café's"


def test_leaves_a_text_alone_that_cannot_become_gsm_anyway() -> None:
    hindi = "नमस्ते – “दोस्त”"
    assert transliterate(hindi) == hindi


def test_own_replacements_go_first() -> None:
    assert transliterate("ж…", {"ж": "zh", "…": "."}) == "zh."


@given(st.text())
def test_transliteration_gives_gsm_or_the_text_itself(text: str) -> None:
    result = transliterate(text)
    assert result == text or is_gsm(result)


@given(st.text(st.sampled_from([*'@£$¥èéùìòÇ\nØø\rÅåΔ_ΦΓΛΩΠΨΣΘΞÆæßÉ !"#¤%az§¿äöñüà', *EXTENSION_TABLE])))
def test_septets_read_back(text: str) -> None:
    assert decode_gsm(encode_gsm(text)) == text


def test_septets_that_mean_nothing_are_shown_as_handsets_do() -> None:
    assert decode_gsm(b"\x1ba\x1b\x1b\x80\x1b") == "a \ufffd"


def test_the_tables_have_the_codes_of_the_standard() -> None:
    assert encode_gsm("@£é\nÅ_ΔΞ ÉA§aà") == bytes.fromhex("00 01 05 0a 0e 11 10 1a 20 1f 41 5f 61 7f")
    assert encode_gsm("€[|") == bytes.fromhex("1b 65 1b 3c 1b 40")
