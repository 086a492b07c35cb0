"""A fake channel in place of the real ones, and short ways to queue."""

from __future__ import annotations

import uuid
from collections.abc import Callable, Iterator

import pytest

from contacts.models import Address, Contact
from outbox import channels, operations
from outbox.models import Delivery
from tests.outbox.fakes import FakeChannel


@pytest.fixture
def channel(settings) -> Iterator[FakeChannel]:
    settings.OUTBOX_CHANNELS = {"sms": "tests.outbox.fakes.FakeChannel"}
    fake = channels.channel("sms")
    assert isinstance(fake, FakeChannel)
    fake.reset()
    yield fake
    fake.reset()


def occasion() -> dict:
    """The arguments of a delivery of an occasion of its own."""
    return {
        "source": "test",
        "cause": uuid.uuid4(),
        "slot_key": "1",
        "address": "+27820001001",
        "text": "hello",
    }


@pytest.fixture
def queue(db, channel) -> Callable[..., Delivery]:
    """Queue one delivery of an occasion of its own."""

    def make(**given) -> Delivery:
        usual = {
            "source": "test",
            "cause": uuid.uuid4(),
            "slot_key": "1",
            "address": "+27820001001",
            "text": "hello",
        }
        delivery, new = operations.queue(**(usual | given))
        assert new
        return delivery

    return make


def person(number: str) -> Contact:
    contact = Contact.objects.create()
    Address.objects.create(contact=contact, value=number, is_default=True)
    return contact


@pytest.fixture
def mary(db) -> Contact:
    """A person with a mobile number."""
    return person("+27820001001")


@pytest.fixture
def john(db) -> Contact:
    return person("+27820001002")
