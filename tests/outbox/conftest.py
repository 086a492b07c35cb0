"""A fake channel in place of the real ones, and short ways to queue."""

from __future__ import annotations

import threading
import uuid
from collections.abc import Callable, Iterator
from concurrent.futures import ThreadPoolExecutor

import pytest
from django.db import connection

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


def together(*jobs: Callable[[], object]) -> None:
    """Run jobs at the same time, each in a thread with a database connection of its own."""
    start = threading.Barrier(len(jobs))

    def run(job: Callable[[], object]) -> None:
        try:
            start.wait(10)
            job()
        finally:
            connection.close()

    with ThreadPoolExecutor(len(jobs)) as pool:
        for done in [pool.submit(run, job) for job in jobs]:
            done.result(timeout=60)
