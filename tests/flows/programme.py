"""Fills an installation with subscribers; run inside it by ``manage.py shell``.

Written with models, so that it keeps up with the tables.
"""

from __future__ import annotations

from datetime import timedelta

from django.utils import timezone

from contacts.models import Address, Contact
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
