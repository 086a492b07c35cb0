"""``manage.py check`` says what is wrong with SENDABLES."""

from __future__ import annotations

import pytest

from sendables.entities import FilterType
from sendables.entities.checks import check_settings


def problems(settings, sendables) -> list[str]:
    settings.SENDABLES = sendables
    return [problem.id for problem in check_settings(None)]


def test_the_project_s_own_settings_are_right() -> None:
    assert check_settings(None) == []


def test_no_settings_at_all_are_right(settings) -> None:
    del settings.SENDABLES
    assert check_settings(None) == []


WRONG = {
    "no dict": ([1], "E001"),
    "no dict inside": ({"message": []}, "E001"),
    "a name that is none": ({"Bad-Name": {}}, "E002"),
    "an unknown key": ({"message": {"SEND_PERMISSION": []}}, "E003"),
    "a module that is not there": ({"message": {"SEND_SERIALIZER_CLASS": "no.such.Thing"}}, "E004"),
    "a name that is not in its module": (
        {"message": {"GET_VALID_ITEMS": "sendables.api.policies.no"}},
        "E004",
    ),
    "a model that is not there": ({"alert": {"SENDABLE_CLASS": "keyed.Nothing"}}, "E004"),
    "a number for a function": ({"message": {"GET_VALID_ITEMS": 5}}, "E005"),
    "a function for a list": ({"message": {"SEND_PERMISSIONS": len}}, "E005"),
    "text for a number": ({"message": {"MAX_RECIPIENTS": "many"}}, "E005"),
    "True for a number": ({"message": {"MAX_RECIPIENTS": True}}, "E005"),
    "zero": ({"message": {"MAX_UNPAGINATED": 0}}, "E005"),
    "text for a flag": ({"message": {"DELETE_HANGING_SENDABLES": "no"}}, "E005"),
    "a rate that is none": ({"message": {"SEND_RATE": "5/fortnight"}}, "E005"),
    "a rate of nothing": ({"message": {"SEND_RATE": "0/minute"}}, "E005"),
    "a string for names": ({"message": {"SENT_FIELD_NAMES": "content"}}, "E005"),
    "a filter of no type": ({"message": {"FILTER_FIELDS_SENDABLES": {"content": "contains"}}}, "E005"),
    "a treatment of no type": ({"message": {"FILTER_INVALID": {"x": "empty"}}}, "E005"),
    "an entity without model": ({"alert": {}}, "E006"),
    "a model of another kind": ({"alert": {"SENDABLE_CLASS": "accounts.User"}}, "E006"),
    "an abstract model": ({"alert": {"SENDABLE_CLASS": "sendables.models.AbstractSendable"}}, "E006"),
    "a model without receipts": ({"alert": {"SENDABLE_CLASS": "keyed.Loose"}}, "E006"),
    "a field that is not there": ({"message": {"SENT_FIELD_NAMES": ["content", "colour"]}}, "E007"),
    "an optional field that is not there": ({"notice": {"OPTIONAL_FIELD_NAMES": ["subject"]}}, "E007"),
    "a key that is not unique": ({"message": {"SENDABLE_KEY_NAME": "content"}}, "E008"),
    "a key that is not there": ({"message": {"SENDABLE_KEY_NAME": "slug"}}, "E008"),
    "people known by their first name": ({"message": {"PARTICIPANT_KEY_NAME": "first_name"}}, "E008"),
    "an order that leads nowhere": ({"message": {"ORDER_RECEIVED": ["-colour"]}}, "E009"),
    "a filter that leads nowhere": (
        {"message": {"FILTER_FIELDS_SENDABLES": {"colour": FilterType.EQUALS}}},
        "E010",
    ),
    "a filter of people that leads nowhere": (
        {"message": {"FILTER_FIELDS_RECIPIENTS": {"colour": FilterType.EQUALS}}},
        "E010",
    ),
    "an order through no relation": ({"message": {"ORDER_RECEIVED": ["sent_on__year"]}}, "E009"),
}


@pytest.mark.parametrize(("sendables", "number"), WRONG.values(), ids=WRONG.keys())
def test_what_is_wrong_is_named(settings, sendables, number) -> None:
    assert problems(settings, sendables) == [f"sendables.{number}"]


def test_a_misspelt_key_gets_a_suggestion(settings) -> None:
    settings.SENDABLES = {"message": {"SEND_PERMISSION": []}}
    [problem] = check_settings(None)
    assert "SEND_PERMISSIONS" in problem.hint


RIGHT = {
    "objects instead of paths": {"message": {"ALLOW_SEND_TO_SELF": bool, "GET_VALID_ITEMS": len}},
    "an order through relations": {"message": {"ORDER_RECEIVED": ["sendable__sender__username", "-pk"]}},
    "a sort key": {"message": {"ORDER_RECEIVED": len}},
    "a rate by function": {"message": {"SEND_RATE": "builtins.len"}},
    "a model by path": {"parcel": {"SENDABLE_CLASS": "tests.sendables.keyed.models.Parcel"}},
}


@pytest.mark.parametrize("sendables", RIGHT.values(), ids=RIGHT.keys())
def test_what_is_right_passes(settings, sendables) -> None:
    assert problems(settings, sendables) == []
