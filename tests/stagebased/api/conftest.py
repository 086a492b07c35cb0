"""A small programme and the calls that tests of the dialect share."""

from __future__ import annotations

from collections.abc import Callable
from typing import Any
from uuid import uuid4

import pytest

from stagebased.models import Message, MessageSet, Schedule, Subscription
from stagebased.operations.subscribe import subscribe

IDENTITY = "8646b7bc-b511-4965-a90b-e1145e398703"
#: The beginning of a PNG file, enough to be known as one.
PNG = b"\x89PNG\r\n\x1a\n" + b"\x00" * 40


@pytest.fixture
def schedule(db: None) -> Schedule:
    return Schedule.objects.create(minute="0", hour="8", day_of_week="1,3")


@pytest.fixture
def prebirth(schedule: Schedule) -> MessageSet:
    return MessageSet.objects.create(
        short_name="prebirth.hw_full.1", label="Before birth", default_schedule=schedule
    )


@pytest.fixture
def first_message(prebirth: MessageSet) -> Message:
    return Message.objects.create(
        messageset=prebirth, sequence_number=1, lang="eng_ZA", text_content="Drink enough water."
    )


@pytest.fixture
def wish(prebirth: MessageSet, schedule: Schedule) -> dict[str, Any]:
    """The body of a subscription, as small as it may be."""
    return {"identity": IDENTITY, "messageset": prebirth.pk, "schedule": schedule.pk, "lang": "eng_ZA"}


@pytest.fixture
def request_body(wish: dict[str, Any]) -> dict[str, Any]:
    """What a hub posts when a registration needs a subscription."""
    return {
        "hook": {"id": 5, "event": "subscriptionrequest.added", "target": "http://example.org/request"},
        "data": {
            **wish,
            "id": str(uuid4()),
            "next_sequence_number": 1,
            "metadata": {},
            "created_at": "2026-11-20T08:00:00.000000Z",
            "updated_at": "2026-11-20T08:00:00.000000Z",
        },
    }


@pytest.fixture
def make_subscription(prebirth: MessageSet, schedule: Schedule) -> Callable[..., Subscription]:
    def make(**fields: Any) -> Subscription:
        given = {
            "contact_id": uuid4(),
            "messageset_id": prebirth.pk,
            "schedule_id": schedule.pk,
            "lang": "eng_ZA",
        }
        return subscribe(fields={**given, **fields})

    return make
