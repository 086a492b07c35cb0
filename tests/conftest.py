"""The cast, the clients and the real servers that all tests share."""

from __future__ import annotations

from collections.abc import Iterator

import pytest
from django.utils import timezone
from rest_framework.test import APIClient

from accounts.models import ApiToken, User
from tests import contract, flushing, real_parts, servers, static_files
from webhooks.interest import interest

flushing.connect()
contract.connect()
static_files.connect()

pytest_collection_modifyitems = real_parts.pytest_collection_modifyitems
pytest_runtest_setup = real_parts.pytest_runtest_setup
pytest_runtest_makereport = real_parts.pytest_runtest_makereport
pytest_terminal_summary = real_parts.pytest_terminal_summary


@pytest.fixture(autouse=True, scope="session")
def nobody_listens() -> None:
    """Outside their own tests there are no webhooks: no test waits to learn that, nor counts the question."""
    interest.know((), seconds=24 * 3600)


@pytest.fixture
def staff(db) -> User:
    return User.objects.create_user("staff", "staff@example.org", "staff-password", is_staff=True)


@pytest.fixture
def alice(db) -> User:
    return User.objects.create_user("alice", "alice@example.org", "alice-password")


@pytest.fixture
def bob(db) -> User:
    return User.objects.create_user("bob", "bob@example.org", "bob-password")


@pytest.fixture
def eve(db) -> User:
    """The outsider: an account that has nothing to do with the others."""
    return User.objects.create_user("eve", "eve@example.org", "eve-password")


def client_with_token(user: User, *scopes: str) -> APIClient:
    key = ApiToken.new_key()
    ApiToken.objects.create(
        user=user, name="test", key_hash=ApiToken.hash(key), prefix=key[:8], scopes=list(scopes)
    )
    client = APIClient()
    client.credentials(HTTP_AUTHORIZATION=f"Token {key}")
    return client


@pytest.fixture
def as_staff(staff: User) -> APIClient:
    return client_with_token(staff)


@pytest.fixture
def as_alice(alice: User) -> APIClient:
    return client_with_token(alice)


@pytest.fixture(autouse=True)
def database_in_the_same_time(request: pytest.FixtureRequest, monkeypatch: pytest.MonkeyPatch) -> None:
    """Where a test moves this process's time, PostgreSQL's clock, which it cannot move, is not asked."""
    if "time_machine" in request.fixturenames:
        monkeypatch.setattr("outbox.clock._database_now", timezone.now)


@pytest.fixture
def anonymous() -> APIClient:
    return APIClient()


@pytest.fixture
def redis_server() -> Iterator[servers.Redis]:
    """A running Redis of this test's own: ``.url``, ``.stop()``, ``.restart()``. Mark the test ``redis``."""
    server = servers.Redis().start()
    yield server
    server.close()


@pytest.fixture(scope="module")
def postgres_cluster() -> Iterator[servers.Postgres]:
    """A running PostgreSQL cluster of this module's own: ``.create_database(name)``, ``.restart()``.

    For tests that start worker processes or stop the server. Mark them
    ``own_postgres``; a test that only wants the ordinary test database to be
    PostgreSQL is marked ``postgres`` instead.
    """
    cluster = servers.Postgres()
    try:
        yield cluster.start()
    finally:
        cluster.close()


@pytest.fixture(scope="session")
def smsd_program() -> str:
    """The path of smstools3's daemon. Mark the test ``smsd``."""
    return str(servers.find_smsd())


@pytest.fixture(scope="session")
def chromium_program() -> str:
    """The path of Chromium. Mark the test ``browser``."""
    return str(servers.find_chromium())
