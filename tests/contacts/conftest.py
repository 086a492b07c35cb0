"""People with numbers. Signals are recorded, not mocked away: their receivers run too."""

from __future__ import annotations

import re
from collections.abc import Iterator
from contextlib import contextmanager
from typing import Any

import pytest
from django.db import connection
from django.dispatch import Signal
from django.test.utils import CaptureQueriesContext

from contacts import signals
from contacts.models import Address, Contact

ALICE_NUMBER = "+27820001001"
BOB_NUMBER = "+27820001002"


#: The first table that a statement names is the one it is about.
OF_PEOPLE = re.compile(
    r'^(?:SELECT (?:(?! FROM ).)+ FROM|DELETE FROM|INSERT INTO|UPDATE) "contacts_', re.DOTALL
)


@pytest.fixture
def alice_contact(db) -> Contact:
    """Alice, with one number."""
    contact = Contact.objects.create(name="Alice", language="eng_ZA")
    Address.objects.create(contact=contact, kind="msisdn", value=ALICE_NUMBER)
    return contact


@pytest.fixture
def bob_contact(db) -> Contact:
    """Bob, with one number that is his default."""
    contact = Contact.objects.create(name="Bob")
    Address.objects.create(contact=contact, kind="msisdn", value=BOB_NUMBER, is_default=True)
    return contact


class Heard(list[dict[str, Any]]):
    """What a signal said, in order."""

    def __call__(self, *, signal: Signal, sender: Any, **said: Any) -> None:
        self.append(said)


def _listen(signal: Signal) -> Iterator[Heard]:
    heard = Heard()
    signal.connect(heard, weak=False)
    yield heard
    signal.disconnect(heard)


@pytest.fixture
def opted_out() -> Iterator[Heard]:
    yield from _listen(signals.contacts_opted_out)


@pytest.fixture
def opted_in() -> Iterator[Heard]:
    yield from _listen(signals.contacts_opted_in)


@pytest.fixture
def forgotten() -> Iterator[Heard]:
    yield from _listen(signals.contacts_forgotten)


@contextmanager
def statements(expected: int) -> Iterator[None]:
    """So many statements on tables of people; what signals set off elsewhere is not counted."""
    with CaptureQueriesContext(connection) as captured:
        yield
    sent = [query["sql"] for query in captured if OF_PEOPLE.search(query["sql"])]
    assert len(sent) == expected, "\n".join(sent)
