"""An installation of its own for each test."""

from __future__ import annotations

from collections.abc import Callable, Iterator
from pathlib import Path

import pytest

from tests import servers
from tests.flows.installation import Installation


@pytest.fixture
def installation(
    tmp_path: Path, postgres_cluster: servers.Postgres, redis_server: servers.Redis
) -> Iterator[Callable[..., Installation]]:
    """Make a migrated installation on PostgreSQL and Redis: ``installation(SETTING="value")``."""
    made: list[Installation] = []

    def make(**settings: str) -> Installation:
        found = Installation(
            tmp_path,
            database_url=postgres_cluster.create_database(f"flows_{tmp_path.name[:40]}"),
            broker_url=redis_server.url,
            **settings,
        )
        made.append(found)
        found.manage("migrate", "--verbosity", "0")
        return found

    yield make
    for each in made:
        each.close()
