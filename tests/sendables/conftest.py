"""Letters between alice, bob and eve, and clients for all of them."""

from __future__ import annotations

from collections.abc import Callable, Iterator
from typing import Any

import pytest
from rest_framework.test import APIClient

from accounts.models import User
from sendables import operations
from sendables.entities import entity
from sendables.models import Inbox, Message, Notice
from tests.conftest import client_with_token


def _uses_database(request: pytest.FixtureRequest) -> bool:
    """Whether the test does; then the database is made ready before the calling fixture goes on."""
    for name in ("transactional_db", "db"):
        if name in request.fixturenames:
            request.getfixturevalue(name)
            return True
    return False


@pytest.fixture(autouse=True)
def ids_never_line_up(request: pytest.FixtureRequest) -> None:
    """Ids of messages, notices, receipts and users differ, so that mixing them up cannot pass by luck."""
    if not _uses_database(request):
        return
    for model, number in ((User, 4), (Message, 30), (Notice, 11)):
        made = model.objects.bulk_create(
            [User(username=f"ghost{n}") if model is User else model(content="filler") for n in range(number)]
        )
        # Nothing refers to them yet, so nothing need be looked for.
        rows = model.objects.filter(pk__in=[each.pk for each in made])
        rows._raw_delete(rows.db)


@pytest.fixture
def as_bob(bob: User) -> APIClient:
    return client_with_token(bob)


@pytest.fixture
def as_eve(eve: User) -> APIClient:
    return client_with_token(eve)


Write = Callable[..., Any]


@pytest.fixture
def write() -> Write:
    """``write(alice, [bob], "hello")``: the message that was sent."""

    def send(sender: User, recipients: list[User], content: str = "hello", subject: str = "") -> Any:
        sent = operations.send_message(sender=sender, recipients=recipients, content=content, subject=subject)
        return sent.sendable

    return send


@pytest.fixture
def notify() -> Write:
    """``notify([bob], "maintenance")``: the notice that was sent."""

    def send(recipients: list[User], content: str = "notice", **fields: Any) -> Any:
        return operations.send_notice(recipients=recipients, content=content, **fields).sendable

    return send


@pytest.fixture(autouse=True)
def counts_are_right(request: pytest.FixtureRequest) -> Iterator[None]:
    """After each test every unread counter equals a recount."""
    uses_database = _uses_database(request)
    yield
    if not uses_database:
        return
    for box in Inbox.objects.all():
        kind = entity(box.entity)
        assert box.unread == kind.receipts.held().filter(recipient=box.user_id, unread=True).count(), (
            box.entity
        )
