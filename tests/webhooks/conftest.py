"""Endpoints on a receiver of the test's own, and what is told to them."""

from __future__ import annotations

import ipaddress
from collections.abc import Callable, Iterator
from datetime import timedelta
from typing import Any
from uuid import UUID, uuid4

import pytest
from django.utils.timezone import now

from tests.webhooks.receiver import Receiver
from webhooks import operations
from webhooks.interest import interest
from webhooks.models import Endpoint, Event
from webhooks.posting import turns


@pytest.fixture(autouse=True)
def fresh_interest() -> Iterator[None]:
    """What one test's endpoints wanted is not known to the next."""
    interest.forget()
    yield
    interest.know((), seconds=3600)


@pytest.fixture
def receiver() -> Iterator[Receiver]:
    made = Receiver()
    yield made
    made.close()


@pytest.fixture
def near(settings) -> None:
    """Posts may go to this machine, and without TLS."""
    settings.WEBHOOK_ALLOW_HTTP = True
    settings.WEBHOOK_ALLOWED_NETWORKS = [ipaddress.ip_network("127.0.0.0/8")]


@pytest.fixture
def endpoint(db, near, receiver: Receiver) -> Endpoint:
    made, _ = operations.register(url=receiver.url, description="ours")
    return made


@pytest.fixture
def wait_for(endpoint: Endpoint) -> Callable[..., Event]:
    """An event that waits for an endpoint."""

    def make(to: Endpoint = endpoint, **fields: Any) -> Event:
        at = now()
        usual = {
            "type": "delivery.delivered", "object_id": uuid4(), "facts": {"state": "delivered"},
            "occurred_at": at, "due_at": at,
        }  # fmt: skip
        return Event.objects.create(endpoint=to, **usual | fields)

    return make


def again(row: Any) -> Any:
    row.refresh_from_db()
    return row


def post(after: timedelta = timedelta(0), **options: Any) -> turns.Posted:
    """A turn of the worker, some time from now."""
    return turns.post_due(now=now() + after, **options)


def told() -> list[tuple[str, UUID]]:
    """Type and object of all events, in order."""
    return list(Event.objects.order_by("pk").values_list("type", "object_id"))
