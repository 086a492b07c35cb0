"""What a subscription gets at a slot: pure, without a database."""

from __future__ import annotations

from dataclasses import replace
from typing import Any

import pytest

from stagebased.steps import Content, Programme, Start, Step, repeat, step

NEXT = Start(messageset_id=2, schedule_id=3, position=1)


def programme(texts: dict[int, dict[str, str]], **fields: Any) -> Programme:
    messages = {
        number: {lang: Content(text) for lang, text in by_language.items()}
        for number, by_language in texts.items()
    }
    return Programme(id=1, short_name="prebirth", messages=messages, **fields)


THREE = programme({number: {"eng_ZA": f"text {number}"} for number in (1, 2, 3)})
GAP = programme({number: {"eng_ZA": f"text {number}"} for number in (1, 2, 4)})
TWO_TONGUES = programme({1: {"eng_ZA": "hello", "zul_ZA": "sawubona"}, 2: {"eng_ZA": "eat well"}})


def failure(found: Step) -> tuple[str, str]:
    return found.state, found.reason


def test_the_message_of_the_position_and_then_the_next_number() -> None:
    found = step(THREE, 2, "eng_ZA")
    assert (found.state, found.text, found.number, found.position) == ("queued", "text 2", 2, 3)
    assert not found.completes


def test_the_last_message_completes_and_its_number_stays() -> None:
    found = step(replace(THREE, follow_up=NEXT), 3, "eng_ZA")
    assert (found.text, found.position, found.completes, found.follow_up) == ("text 3", 3, True, NEXT)


def test_a_gap_in_the_numbers_is_passed_over() -> None:
    at_two, at_three = step(GAP, 2, "eng_ZA"), step(GAP, 3, "eng_ZA")
    assert at_two.position == 4
    assert (at_three.text, at_three.completes) == ("text 4", True)


def test_completion_asks_for_a_next_number_instead_of_counting() -> None:
    assert not step(programme({5: {"eng_ZA": "a"}, 9: {"eng_ZA": "b"}}), 5, "eng_ZA").completes


def test_past_the_end_completes_without_a_message() -> None:
    found = step(replace(THREE, follow_up=NEXT), 7, "eng_ZA")
    assert failure(found) == ("skipped", "past_end")
    assert (found.completes, found.follow_up, found.text) == (True, NEXT, "")


def test_a_set_without_messages_keeps_its_people() -> None:
    found = step(programme({}, follow_up=NEXT), 1, "eng_ZA")
    assert failure(found) == ("failed", "no_message")
    assert not found.completes


def test_a_missing_message_names_set_number_and_language() -> None:
    found = step(TWO_TONGUES, 2, "zul_ZA")
    assert failure(found) == ("failed", "no_message")
    assert (found.detail, found.position) == ("Message 2 of prebirth is missing in zul_ZA.", 2)


FALL_BACK = {
    "not allowed": ({}, "zul_ZA", "no_message"),
    "the set's own language": ({"fall_back": True, "default_language": "eng_ZA"}, "zul_ZA", "eng_ZA"),
    "the base language first": ({"fall_back": True, "default_language": "eng_ZA"}, "xho_ZA", "xho"),
    "nothing set to fall back to": ({"fall_back": True}, "zul_ZA", "no_message"),
    "the exact one before all": ({"fall_back": True, "default_language": "xho"}, "eng_ZA", "eng_ZA"),
    "the chain before the default": (
        {"fall_back": True, "fallback_languages": ("zul_ZA", "xho"), "default_language": "eng_ZA"},
        "sot_ZA",
        "xho",
    ),
    "the base language before the chain": (
        {"fall_back": True, "fallback_languages": ("eng_ZA",)},
        "xho_ZA",
        "xho",
    ),
    "a chain counts only where it is allowed": ({"fallback_languages": ("eng_ZA",)}, "zul_ZA", "no_message"),
    "a language without a country": ({"fall_back": True, "default_language": "xho"}, "fra", "xho"),
}


@pytest.mark.parametrize(("rule", "lang", "expected"), FALL_BACK.values(), ids=FALL_BACK.keys())
def test_languages_fall_back_only_where_the_set_allows_it(
    rule: dict[str, Any], lang: str, expected: str
) -> None:
    found = step(programme({1: {"eng_ZA": "hello", "xho": "molo"}}, **rule), 1, lang)
    assert (found.lang or found.reason) == expected


def test_text_to_prepend_stands_on_a_line_of_its_own() -> None:
    assert step(THREE, 1, "eng_ZA", prepend="Welcome!").text == "Welcome!\ntext 1"


def test_an_audio_message_is_a_list_of_addresses(voice) -> None:
    audio = programme({}, channel="voice", audio=True)
    audio = replace(audio, messages={1: {"eng_ZA": Content("not spoken", file="/media/a.mp3")}})
    plain, prepended = step(audio, 1, "eng_ZA"), step(audio, 1, "eng_ZA", prepend="/media/hello.mp3")
    assert (plain.text, plain.options["audio"]) == ("", ["/media/a.mp3"])
    assert prepended.options["audio"] == ["/media/hello.mp3", "/media/a.mp3"]


def test_a_picture_goes_along_with_the_text() -> None:
    found = step(replace(THREE, messages={1: {"eng_ZA": Content("look", "/media/a.png")}}), 1, "eng_ZA")
    assert (found.text, found.options["image"]) == ("look", "/media/a.png")


def test_an_editor_s_notes_reach_the_channel_as_notes_only() -> None:
    content = Content("hello", metadata={"flash": True})
    found = step(replace(THREE, messages={1: {"eng_ZA": content}}), 1, "eng_ZA")
    assert found.options["metadata"] == {"flash": True}
    assert "flash" not in found.options


def test_what_the_channel_refuses_fails_with_its_reason() -> None:
    long = programme({1: {"eng_ZA": "x" * 5000}})
    found = step(long, 1, "eng_ZA")
    assert failure(found) == ("failed", "too_long")
    assert "Message 1 of prebirth in eng_ZA" in found.detail


def test_blank_text_is_not_sent() -> None:
    assert failure(step(programme({1: {"eng_ZA": " \n"}}), 1, "eng_ZA")) == ("failed", "empty_text")


@pytest.mark.parametrize(
    ("fields", "reason"),
    [({"channel": "pigeon"}, "unknown_channel"), ({"gateway": "elsewhere"}, "unknown_gateway")],
)
def test_a_channel_or_gateway_that_is_not_installed_fails(fields: dict[str, str], reason: str) -> None:
    found = step(replace(THREE, **fields), 1, "eng_ZA")
    assert failure(found) == ("failed", reason)
    assert found.position == 1


def test_the_parts_are_those_of_the_channel() -> None:
    assert step(programme({1: {"eng_ZA": "x" * 161}}), 1, "eng_ZA").parts == 2


REPEATS = {
    "the one before": (2, False, "text 1"),
    "the first at the beginning": (1, False, "text 1"),
    "the last after the end": (3, True, "text 3"),
    "the last when past the end": (9, True, "text 3"),
}


@pytest.mark.parametrize(("position", "completed", "text"), REPEATS.values(), ids=REPEATS.keys())
def test_repeating_gives_what_came_last_and_moves_nobody(position: int, completed: bool, text: str) -> None:
    found = repeat(THREE, position, "eng_ZA", completed=completed)
    assert (found.text, found.position, found.completes) == (text, position, False)


def test_repeating_passes_over_a_gap() -> None:
    assert repeat(GAP, 4, "eng_ZA", completed=False).text == "text 2"
    assert repeat(programme({3: {"eng_ZA": "text 3"}}), 1, "eng_ZA", completed=False).text == "text 3"
