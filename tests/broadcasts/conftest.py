"""A group with people in it, and a gateway that takes everything."""

from __future__ import annotations

from collections.abc import Callable
from typing import Any

import pytest

from broadcasts import operations, worker
from broadcasts.models import Broadcast
from contacts.models import Address, Contact, Group
from contacts.operations import add_members
from outbox import dispatcher
from tests.outbox.conftest import channel  # noqa: F401 (fixture: a fake way out)


def person(number: str = "", **known: Any) -> Contact:
    made = Contact.objects.create(**known)
    if number:
        Address.objects.create(contact=made, value=number, is_default=True)
    return made


def number(at: int) -> str:
    return f"+278200{at:05}"


@pytest.fixture
def group(db) -> Group:
    return Group.objects.create(name="Clinic 7")


@pytest.fixture
def crowd(group) -> list[Contact]:
    """Ten people of the group, five of whom speak Zulu."""
    people = [person(number(at), language="zul_ZA" if at % 2 else "eng_ZA") for at in range(10)]
    add_members(group=group, contact_ids=[one.pk for one in people])
    return people


@pytest.fixture
def draft(db, channel, group) -> Callable[..., Broadcast]:  # noqa: F811 (fixture)
    def make(texts: dict[str, str] | None = None, **given: Any) -> Broadcast:
        fields = {"name": "Closed on Friday", "group": group, "default_language": "eng_ZA", **given}
        words = texts or {"eng_ZA": "We are closed on Friday.", "zul_ZA": "Sivaliwe ngoLwesihlanu."}
        return operations.save(broadcast=Broadcast(**fields), texts=words)

    return make


def work(broadcast: Broadcast, **how: Any) -> Broadcast:
    worker.work(**how)
    broadcast.refresh_from_db()
    return broadcast


@pytest.fixture
def ready(draft, crowd) -> Broadcast:
    """Prepared for the ten."""
    broadcast = draft()
    operations.prepare(broadcast_id=broadcast.pk)
    return work(broadcast)


def hand_over() -> None:
    dispatcher.dispatch("sms")
