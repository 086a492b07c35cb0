"""Which tables are on record: what apps say of their models in ``AppConfig.audited``.

    audited = {
        "Contact": {"subject": "contact:id", "left_out": ["updated_at"]},
        "User.groups": {},
        "auth/Group": {},
    }

A model of another app that cannot say so itself is named with its app.
``subject`` names whom a row tells something of, and the column with their id:
when they are forgotten, the entries are redacted. ``left_out`` are columns
that say nothing worth keeping, ``hidden`` ones of which only the fact of a
change is kept, such as passwords.
"""

from __future__ import annotations

from collections.abc import Iterator, Mapping
from dataclasses import dataclass
from typing import Any

from django.apps import apps
from django.db.models import Field, Model, UUIDField


@dataclass(frozen=True)
class Column:
    name: str
    is_json: bool
    is_uuid: bool
    hidden: bool


@dataclass(frozen=True)
class Watched:
    """One table, and what its triggers write."""

    label: str
    table: str
    key: Column
    columns: tuple[Column, ...]
    left_out: tuple[str, ...]
    subject_kind: str = ""
    subject_column: Column | None = None


def watched() -> Iterator[Watched]:
    """All that is on record, as far as the installed apps say."""
    for config in apps.get_app_configs():
        for name, how in getattr(config, "audited", {}).items():
            yield _describe(config.label, name, how)


def _describe(app: str, name: str, how: Mapping[str, Any]) -> Watched:
    other, _, name = name.rpartition("/")
    model, label, key = _table(other or app, name)
    hidden, left_out = set(how.get("hidden", ())), tuple(how.get("left_out", ()))
    columns = {field.column: _column(field, hidden) for field in model._meta.concrete_fields}
    kind, _, subject = how.get("subject", "").partition(":")
    return Watched(
        label=label,
        table=model._meta.db_table,
        key=columns[key],
        columns=tuple(column for name, column in columns.items() if name not in left_out),
        left_out=left_out,
        subject_kind=kind,
        subject_column=columns[subject] if subject else None,
    )


def _table(app: str, name: str) -> tuple[type[Model], str, str]:
    """The model, what entries call it, and the column that says which object it was."""
    owner, _, relation = name.partition(".")
    model = apps.get_model(app, owner)
    if not relation:
        return model, model._meta.label_lower, model._meta.pk.column
    field: Any = model._meta.get_field(relation)
    through: type[Model] = field.remote_field.through
    return through, f"{model._meta.label_lower}.{relation}", field.m2m_column_name()


def _column(field: Field[Any, Any], hidden: set[str]) -> Column:
    # A foreign key's column is as its target's.
    kind = field
    while kind.remote_field is not None:
        kind = kind.target_field  # type: ignore[attr-defined] # foreign keys have it
    is_json = kind.get_internal_type() == "JSONField"
    return Column(str(field.column), is_json, isinstance(kind, UUIDField), field.column in hidden)
