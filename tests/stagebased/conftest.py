"""A programme, people on it, and the planner's clock."""

from __future__ import annotations

from collections.abc import Callable, Mapping
from datetime import UTC, datetime, timedelta
from typing import Any

import pytest

from contacts.models import Address, Contact
from outbox.models import Delivery
from stagebased import planner
from stagebased.models import DueSlot, Message, MessageSet, Schedule, Subscription
from stagebased.slots import record_due_slots

#: A Wednesday.
MORNING = datetime(2026, 6, 10, 8, tzinfo=UTC)
DAY, HOUR, MINUTE = timedelta(days=1), timedelta(hours=1), timedelta(minutes=1)


def utc(*parts: int) -> datetime:
    return datetime(*parts, tzinfo=UTC)


Texts = Mapping[int, Mapping[str, str] | str]


@pytest.fixture
def daily(db) -> Schedule:
    """Due at eight each day, UTC."""
    return Schedule.objects.create(minute="0", hour="8", planned_until=MORNING - HOUR)


@pytest.fixture
def make_set(db, daily: Schedule) -> Callable[..., MessageSet]:
    """A message set with texts: ``{1: "hello"}`` in English, or ``{1: {"eng_ZA": "hello", "zul_ZA": …}}``."""

    def make(short_name: str, texts: Texts, **fields: Any) -> MessageSet:
        made = MessageSet.objects.create(
            short_name=short_name, **{"default_schedule": daily, "channel": "sms", **fields}
        )
        for number, by_language in texts.items():
            write(made, number, by_language)
        return made

    return make


def write(messageset: MessageSet, number: int, by_language: Mapping[str, str] | str) -> None:
    if isinstance(by_language, str):
        by_language = {"eng_ZA": by_language}
    for lang, text in by_language.items():
        Message.objects.create(messageset=messageset, sequence_number=number, lang=lang, text_content=text)


@pytest.fixture
def pregnancy(make_set) -> MessageSet:
    return make_set("pregnancy", {1: "Welcome", 2: "Eat well", 3: "Nearly there"})


@pytest.fixture
def voice(settings) -> None:
    """A channel beside SMS that reaches accounts."""
    settings.OUTBOX_CHANNELS = settings.OUTBOX_CHANNELS | {"voice": "tests.stagebased.fakes.VoiceChannel"}


def person(number: str | None = None, **fields: Any) -> Contact:
    contact = Contact.objects.create(**fields)
    if number:
        Address.objects.create(contact=contact, value=number, is_default=True)
    return contact


@pytest.fixture
def subscribe(db, daily: Schedule) -> Callable[..., Subscription]:
    """Somebody new with a number (or ``contact``) on a set, since yesterday."""
    numbers = iter(range(1, 10_000))

    def make(messageset: MessageSet, **fields: Any) -> Subscription:
        contact = fields.pop("contact", None) or person(f"+2782{next(numbers):07d}")
        usual = {"schedule": daily, "lang": "eng_ZA", "created_at": MORNING - DAY}
        return Subscription.objects.create(contact=contact, messageset=messageset, **usual | fields)

    return make


def tick(now: datetime) -> planner.Planned:
    """What the beat does at ``now``."""
    record_due_slots(now)
    done = planner.plan(now)
    assert not done.broken
    return done


def deliveries(subscription: Subscription) -> list[Delivery]:
    return list(Delivery.objects.filter(cause=subscription.pk).order_by("created_at", "id"))


def texts(subscription: Subscription) -> list[str]:
    """What has been queued for a subscription, in order."""
    return [one.text for one in deliveries(subscription) if one.state == "queued"]


def outcomes(subscription: Subscription) -> list[tuple[str, str]]:
    return [(one.state, one.reason) for one in deliveries(subscription)]


def again(row: Any) -> Any:
    row.refresh_from_db()
    return row


def slots() -> list[tuple[str, str]]:
    """All recorded slots as time and state."""
    return [(f"{one.due_at:%d %H:%M}", one.state) for one in DueSlot.objects.order_by("due_at", "timezone")]
