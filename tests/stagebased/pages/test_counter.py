"""What is shown beside a text while it is written: the words of the channel that will send it."""

from __future__ import annotations

from decimal import Decimal

import pytest
from django.test import Client
from django.urls import reverse
from hypothesis import given
from hypothesis import strategies as st

from outbox.channels import Refusal, channel
from stagebased.pages.counter import Odd, count


def asked(client: Client, question: object):
    return client.post(reverse("admin:stagebased_count"), question, content_type="application/json")


@given(
    st.text(st.one_of(st.sampled_from("ab €’é\n😀"), st.characters(exclude_categories=["Cs"])), max_size=400)
)
def test_the_parts_shown_are_those_the_sender_counts(text: str) -> None:
    examined = channel("sms").examine(text, {})
    if text.strip():
        assert count(text, "sms").parts == (0 if isinstance(examined, Refusal) else examined)


def test_each_text_of_a_set_is_counted_by_the_set_s_channel(viewer, make_set) -> None:
    notices = make_set("notices", {}, channel="notice")
    answer = asked(viewer, {"set": notices.pk, "texts": ["x" * 500, ""]}).json()
    assert [(found["parts"], found["characters"]) for found in answer["counts"]] == [(1, 500), (0, 0)]


def test_the_culprit_is_named_with_what_to_write_instead(viewer) -> None:
    [found] = asked(viewer, {"channel": "sms", "texts": ["It’s time"]}).json()["counts"]
    assert found["encoding"] == "UCS-2"
    assert found["problem"] == "The character ’ makes an SMS much longer: write ' instead."
    assert found["odd"] == [
        {"character": "’", "name": "right single quotation mark", "times": 1, "replacement": "'"}
    ]


def test_a_character_without_a_name_is_told_by_its_number() -> None:
    assert count("a\x07b", "sms").odd == (Odd("\x07", "u+0007", 1, None),)


def test_the_cost_is_told_where_a_part_has_a_price(settings) -> None:
    settings.OUTBOX_PART_PRICES, settings.OUTBOX_CURRENCY = {"sms": Decimal("0.25")}, "ZAR"
    assert count("x" * 161, "sms").cost == "0.50 ZAR"


def test_a_channel_that_is_not_installed_is_named() -> None:
    assert count("hello", "pigeon").problem == "There is no channel pigeon."


@pytest.mark.parametrize(
    "question",
    [
        "[]", "nonsense", {"texts": "x", "channel": "sms"}, {"texts": [1], "channel": "sms"},
        {"texts": ["x"]},
        {"texts": ["x"], "set": "x"}, {"texts": ["x"], "set": 10**30}, {"texts": ["x"], "set": 123456},
        {"texts": ["x"] * 6000, "channel": "sms"},
    ],
)  # fmt: skip
def test_a_question_that_means_nothing_is_refused(viewer, question: object) -> None:
    assert asked(viewer, question).status_code == 400


def test_half_a_surrogate_pair_is_counted_without_breaking(viewer) -> None:
    answer = viewer.post(
        reverse("admin:stagebased_count"),
        r'{"channel": "sms", "texts": ["\ud83d"]}',
        content_type="application/json",
    )
    assert answer.status_code == 200
    assert answer.json()["counts"][0]["parts"] == 0
