"""An installation of its own for each test."""

from __future__ import annotations

from collections.abc import Callable, Iterator
from pathlib import Path

import pytest

from tests import servers
from tests.chaos.installation import Installation


@pytest.fixture(scope="session")
def migrated_cluster(tmp_path_factory: pytest.TempPathFactory) -> Iterator[servers.Postgres]:
    """A stopped cluster with a database ``migrated``: migrating anew for each test would take minutes."""
    cluster = servers.Postgres().start()
    try:
        url = cluster.create_database("migrated")
        home = tmp_path_factory.mktemp("migrating")
        Installation(home, database_url=url, broker_url="amqp://localhost//").manage(
            "migrate", "--verbosity", "0"
        )
        cluster.stop()
        yield cluster
    finally:
        cluster.close()


@pytest.fixture(scope="module")
def postgres_cluster(migrated_cluster: servers.Postgres) -> Iterator[servers.Postgres]:
    """A running cluster of this module's own, with the database ``migrated`` to make others like."""
    cluster = servers.Postgres(like=migrated_cluster)
    try:
        yield cluster.start()
    finally:
        cluster.close()


@pytest.fixture
def installation(
    tmp_path: Path, postgres_cluster: servers.Postgres, redis_server: servers.Redis
) -> Iterator[Callable[..., Installation]]:
    """Make a migrated installation on PostgreSQL and Redis: ``installation(SETTING="value")``."""
    made: list[Installation] = []

    def make(**settings: str) -> Installation:
        found = Installation(
            tmp_path,
            database_url=postgres_cluster.create_database(f"chaos_{tmp_path.name[:40]}", like="migrated"),
            broker_url=redis_server.url,
            **settings,
        )
        made.append(found)
        return found

    yield make
    for each in made:
        each.close()
