"""What somebody who writes an SMS is told of its cost is what the modem will do."""

from __future__ import annotations

import smsutil
from hypothesis import given
from hypothesis import strategies as st

from outbox.channels import Culprit, Refusal
from smsbridge.channel import SmsChannel

SMS = SmsChannel()
#: Plain writing, what the extension table adds, what word processors put in, and anything else.
WRITING = st.text(
    st.one_of(st.sampled_from("abc xyz\n€[]{}’“–é漢😀"), st.characters(exclude_categories=["Cs"])),
    max_size=700,
)


@given(WRITING)
def test_the_cost_told_is_the_cost_checked_before_it_is_sent(text: str) -> None:
    assert SMS.explain(text, {}).cost == SMS.examine(text, {})


@given(st.text(st.sampled_from("abc é€[ñ"), min_size=1, max_size=700))
def test_the_parts_are_those_of_another_implementation(text: str) -> None:
    kept = text.rstrip() or text
    if "€" not in kept and "[" not in kept:  # of two septets each; there the standard's cut may need one more
        assert SMS.explain(text, {}).cost == len(smsutil.split(kept).parts)


@given(st.text(st.sampled_from("abc€[ж😀"), min_size=1, max_size=500))
def test_what_is_left_still_fits_and_one_more_does_not(text: str) -> None:
    told = SMS.explain(text, {})
    letter = "a" if told.encoding == "GSM-7" else "ж"

    assert SMS.explain(text + letter * told.left, {}).cost == told.cost
    more = SMS.explain(text + letter * (told.left + 1), {}).cost
    assert isinstance(more, Refusal) or more == int(told.cost) + 1


def test_one_character_of_the_wrong_kind_is_named_with_what_to_write_instead() -> None:
    told = SMS.explain("It’s time; it’s today. 😀", {})

    assert told.encoding == "UCS-2"
    assert told.culprits == (Culprit("’", 2, "'"), Culprit("😀", 1, None))


def test_without_its_culprits_a_text_is_gsm() -> None:
    told = SMS.explain("It's time", {})
    assert (told.encoding, told.units, told.left, told.culprits) == ("GSM-7", 9, 151, ())


@given(WRITING)
def test_replacing_all_that_can_be_replaced_gives_gsm(text: str) -> None:
    told = SMS.explain(text, {})
    if all(culprit.replacement is not None for culprit in told.culprits):
        for culprit in told.culprits:
            text = text.replace(culprit.character, culprit.replacement or "")
        assert SMS.explain(text, {}).encoding == "GSM-7"


def test_a_text_that_cannot_be_sent_is_explained_all_the_same() -> None:
    for text in ("", "tab\tbed", "\ud83d", "x" * 2000):
        told = SMS.explain(text, {})
        assert isinstance(told.cost, Refusal)
        assert told.encoding
