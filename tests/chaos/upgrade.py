"""What a next release's migrations do to tables in use; run inside an installation by ``manage.py shell``.

Kept to what CONTRIBUTING.md allows a migration: columns that are nullable or
have a default in the database, indexes made concurrently, new tables.
"""

from __future__ import annotations

import time
from collections.abc import Iterator

from django.contrib.postgres.operations import AddIndexConcurrently
from django.db import OperationalError, connection, migrations, models
from django.db.migrations.executor import MigrationExecutor
from django.db.migrations.state import ProjectState

#: The tables that every send and every registration writes to.
TABLES = {
    "outbox": ["Delivery"],
    "stagebased": ["Subscription", "DueSlot", "MessageSet"],
    "contacts": ["Contact", "Address"],
}


def forth_and_back() -> None:
    """Migrate to the next release and back, waiting at most a second for any lock."""
    state = MigrationExecutor(connection).loader.project_state()
    for app, names in TABLES.items():
        operations = list(_operations(names))
        states = [state]
        for operation in operations:
            states.append(states[-1].clone())
            operation.state_forwards(app, states[-1])
        for number, operation in enumerate(operations):
            _apply(operation.database_forwards, app, states[number], states[number + 1])
        for number, operation in reversed(list(enumerate(operations))):
            _apply(operation.database_backwards, app, states[number + 1], states[number])


def _operations(names: list[str]) -> Iterator[migrations.operations.base.Operation]:
    for name in names:
        yield migrations.AddField(name, "next_release", models.TextField(null=True))
        yield migrations.AddField(name, "next_number", models.IntegerField(default=0, db_default=0))
        index = models.Index(fields=["next_number"], name=f"next_{name.lower()}")
        yield AddIndexConcurrently(name, index)
    yield migrations.CreateModel("NextRelease", [("id", models.BigAutoField(primary_key=True))])


def _apply(change, app: str, before: ProjectState, after: ProjectState) -> None:
    """Try until the locks are had within the second: who waits for one holds up everybody behind."""
    for _ in range(60):
        try:
            with connection.schema_editor(atomic=False) as editor:
                editor.execute("SET lock_timeout = '1s'")
                change(app, editor, before, after)
        except OperationalError as error:
            if "lock timeout" not in str(error):
                raise
            time.sleep(0.5)
        else:
            return
    raise TimeoutError("no lock within a minute")
