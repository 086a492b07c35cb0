"""Migrations after the first release are safe while the release before still runs.

The order of an upgrade is: migrate, then restart one process after the other.
So for a while the old code works on the new tables. It does not know new
columns, and reads and writes those that it knows: none may go, be renamed or
change its kind, and a new one must fill itself. What is large must not be
locked for long. A column is taken away in two releases: unused in one, gone in
the next, with ``SAFE`` naming the migration and why.
"""

from __future__ import annotations

from collections.abc import Iterator
from pathlib import Path

import pytest
from django.apps import apps
from django.conf import settings
from django.contrib.postgres.operations import AddIndexConcurrently
from django.db import connection, migrations, models
from django.db.migrations.loader import MigrationLoader
from django.db.migrations.operations.base import Operation
from django.db.models.fields import NOT_PROVIDED

#: The last migration of each app in the first release; those before ran on empty tables.
FIRST_RELEASE = {
    "accounts": "0006_encrypted_second_factor",
    "audit": "0002_exports",
    "broadcasts": "0002_lists_of_identities",
    "contacts": "0007_groups",
    "hospitality": "0004_named_in_words",
    "outbox": "0010_hours_of_gateways_and_failures",
    "sendables": "0003_conversations_by_index_alone",
    "sheets": "0001_files_on_their_way_in",
    "smsbridge": "0009_lists_of_an_account",
    "stagebased": "0016_files_are_called_files",
    "telephony": "0004_named_in_words",
    "webhooks": "0001_endpoints_and_events",
}
#: ``app.name`` of migrations that break a rule all the same → why nothing that runs minds.
SAFE: dict[str, str] = {}
#: Tables of which an index is made, or a rule checked, while they are written to.
LARGE = {"delivery", "subscription", "contact", "address", "message", "messagereceipt", "entry", "event"}


RULES: list[tuple[tuple[type[Operation], ...], str]] = [
    ((migrations.RemoveField, migrations.DeleteModel), "the running code still reads it"),
    (
        (migrations.RenameField, migrations.RenameModel, migrations.AlterModelTable),
        "the running code knows the old name",
    ),
    ((migrations.AddField,), "the running code does not fill it (null=True or db_default=…)"),
    ((migrations.AlterField,), "it may refuse what the running code writes"),
    ((migrations.AddConstraint,), "the running code may break it"),
    ((migrations.AddIndex,), "nobody writes meanwhile (AddIndexConcurrently)"),
    ((migrations.RunSQL, migrations.RunPython), "there is no way back"),
]


def dangers(operation: Operation) -> Iterator[str]:
    """What the release before would stumble over."""
    if isinstance(operation, migrations.SeparateDatabaseAndState):
        for inner in operation.database_operations:
            yield from dangers(inner)
    elif not _is_harmless(operation):
        # AddIndexConcurrently is an AddIndex to Python.
        yield from (f"{operation.describe()}: {why}" for kinds, why in RULES if isinstance(operation, kinds))


def _is_harmless(operation: Operation) -> bool:
    match operation:
        case AddIndexConcurrently():
            return True
        case migrations.AddField(field=field):
            return _fills_itself(field)
        case migrations.AddIndex(model_name=name):
            return name.lower() not in LARGE
        case migrations.RunSQL() | migrations.RunPython():
            return operation.reversible
    return False


def _fills_itself(field: models.Field) -> bool:
    many = isinstance(field, models.ManyToManyField)
    return many or field.null or field.db_default is not NOT_PROVIDED


def after_the_first_release() -> list[migrations.Migration]:
    loader = MigrationLoader(None)
    return [
        migration
        for (app, name), migration in sorted(loader.disk_migrations.items())
        # What begins an app makes tables that nobody uses yet.
        if _is_ours(migration) and not migration.initial and name > FIRST_RELEASE.get(app, "")
    ]


def _is_ours(migration: migrations.Migration) -> bool:
    config = apps.get_app_config(migration.app_label)
    return Path(config.path).parent == Path(settings.BASE_DIR)


def test_the_release_before_goes_on_after_migrating():
    found = {
        f"{migration.app_label}.{migration.name}": problems
        for migration in after_the_first_release()
        if (problems := [each for operation in migration.operations for each in dangers(operation)])
    }
    assert {name: problems for name, problems in found.items() if name not in SAFE} == {}
    assert set(SAFE) <= set(found)


def test_there_are_migrations_of_the_first_release():
    """Not that the rules are asked of nothing because a name is misspelt."""
    on_disk = MigrationLoader(None).disk_migrations
    assert {key for key in FIRST_RELEASE.items() if key not in on_disk} == set()


UNSAFE = {
    "a column goes": migrations.RemoveField("Delivery", "text"),
    "a table goes": migrations.DeleteModel("Delivery"),
    "a column is renamed": migrations.RenameField("Delivery", "text", "words"),
    "a table is renamed": migrations.RenameModel("Delivery", "Parcel"),
    "a new column is empty": migrations.AddField("Delivery", "colour", models.TextField()),
    "a default of Python's": migrations.AddField("Delivery", "colour", models.TextField(default="")),
    "a column may no longer be empty": migrations.AlterField("Delivery", "text", models.TextField()),
    "an index of a large table": migrations.AddIndex("Delivery", models.Index(fields=["text"], name="x")),
    "a rule": migrations.AddConstraint(
        "Delivery", models.CheckConstraint(condition=models.Q(text=""), name="x")
    ),
    "SQL without a way back": migrations.RunSQL("SELECT 1"),
    "hidden": migrations.SeparateDatabaseAndState([migrations.RemoveField("Delivery", "text")]),
}
HARMLESS = {
    "a new table": migrations.CreateModel("Parcel", [("id", models.BigAutoField(primary_key=True))]),
    "a nullable column": migrations.AddField("Delivery", "colour", models.TextField(null=True)),
    "filled by the database": migrations.AddField("Delivery", "colour", models.TextField(db_default="")),
    "an index beside the traffic": AddIndexConcurrently("Delivery", models.Index(fields=["text"], name="x")),
    "an index of a small table": migrations.AddIndex("Keyword", models.Index(fields=["word"], name="x")),
    "data with a way back": migrations.RunPython(migrations.RunPython.noop, migrations.RunPython.noop),
}


@pytest.mark.parametrize("operation", UNSAFE.values(), ids=UNSAFE)
def test_each_danger_is_seen(operation):
    assert len(list(dangers(operation))) == 1


@pytest.mark.parametrize("operation", HARMLESS.values(), ids=HARMLESS)
def test_what_is_safe_is_let_through(operation):
    assert list(dangers(operation)) == []


@pytest.mark.django_db
def test_every_migration_of_the_first_release_is_in_the_database():
    with connection.cursor() as cursor:
        cursor.execute("SELECT app, name FROM django_migrations")
        assert set(FIRST_RELEASE.items()) <= set(cursor.fetchall())
