"""Fills an installation with subscribers; run inside it by ``manage.py shell``.

Written with models, so that it keeps up with the tables.
"""

from __future__ import annotations

from datetime import UTC, datetime, timedelta

from django.utils import timezone

from accounts.models import User
from contacts.models import Address, Contact
from smsbridge.models import GatewayAccount
from stagebased.models import Message, MessageSet, Schedule, Subscription


def subscribe(count: int) -> None:
    """Subscribers of a programme that was due once, three minutes ago, and is not again today."""
    now = timezone.now()
    due = now - timedelta(minutes=3)
    schedule = Schedule.objects.create(
        minute=str(due.minute), hour=str(due.hour), planned_until=now - timedelta(minutes=10)
    )
    programme = MessageSet.objects.create(short_name="flow", default_schedule=schedule)
    Message.objects.bulk_create(
        Message(messageset=programme, sequence_number=n, lang="eng_ZA", text_content=f"message {n}")
        for n in (1, 2, 3)
    )
    people = Contact.objects.bulk_create(Contact() for _ in range(count))
    Address.objects.bulk_create(
        Address(contact=one, value=f"+2782{n:07}", is_default=True) for n, one in enumerate(people)
    )
    Subscription.objects.bulk_create(
        Subscription(
            contact=one,
            messageset=programme,
            schedule=schedule,
            lang="eng_ZA",
            created_at=now - timedelta(days=1),
        )
        for one in people
    )


def outage(*, hours: int, people: int) -> None:
    """Programmes whose slots came due while nothing ran, one for each rule of catching up."""
    now = timezone.now()
    due = now - timedelta(hours=1)
    evening = (now + timedelta(minutes=90)).time(), (now + timedelta(minutes=150)).time()
    rules = {
        "latest": {"grace": timedelta(hours=2)},
        "skip": {"grace": timedelta(hours=2), "catch_up": MessageSet.CatchUp.SKIP},
        "quiet": {"grace": timedelta(hours=2), "not_before": evening[0], "not_after": evening[1]},
    }
    for number, (name, rule) in enumerate(rules.items()):
        schedule = Schedule.objects.create(
            # Three slots, an hour apart: only the latest is caught up.
            minute=str(due.minute), hour=",".join(str((due - timedelta(hours=h)).hour) for h in range(3)),
            planned_until=now - timedelta(hours=hours),
        )  # fmt: skip
        programme = MessageSet.objects.create(short_name=name, default_schedule=schedule, **rule)
        Message.objects.create(messageset=programme, sequence_number=1, lang="eng_ZA", text_content=name)
        Message.objects.create(messageset=programme, sequence_number=2, lang="eng_ZA", text_content="next")
        for person in range(people):
            contact = Contact.objects.create()
            value = f"+2783{number}{person:06}"
            Address.objects.create(contact=contact, value=value, is_default=True)
            Subscription.objects.create(
                contact=contact, messageset=programme, schedule=schedule, lang="eng_ZA",
                created_at=now - timedelta(days=1),
            )  # fmt: skip


def due_at(moment: str, number: str) -> None:
    """Somebody with this number whose message is due at the full minute of a moment."""
    at = datetime.fromisoformat(moment).astimezone(UTC)
    schedule = Schedule.objects.create(
        minute=str(at.minute), hour=str(at.hour), planned_until=at - timedelta(minutes=1)
    )
    programme = MessageSet.objects.create(short_name="next minute", default_schedule=schedule)
    Message.objects.create(messageset=programme, sequence_number=1, lang="eng_ZA", text_content="on time")
    contact = Contact.objects.create()
    Address.objects.create(contact=contact, value=number, is_default=True)
    Subscription.objects.create(
        contact=contact, messageset=programme, schedule=schedule, lang="eng_ZA",
        created_at=at - timedelta(days=1),
    )  # fmt: skip


def gateway_account(*, segments: int) -> None:
    """An account of the SMS interface that may send so many parts a day."""
    user = User.objects.create_user("gateway@example.org", "gateway@example.org")
    GatewayAccount.objects.create(user=user, may_use=True, daily_segments=segments)
