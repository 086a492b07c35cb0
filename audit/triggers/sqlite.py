"""The triggers on SQLite: three a table, with its columns spelt out.

``audit_actor()`` is a function of our connections (``audit.telling``): another
program that opens the file cannot write to these tables past the log.
"""

from __future__ import annotations

from audit.triggers.watched import Column, Watched

Triggers = dict[str, tuple[str, str]]

_TRIGGER = """AFTER {event} ON "{table}" WHEN audit_actor() IS NOT NULL{differs} BEGIN
INSERT INTO audit_entry (at, actor_id, actor, via, token, act, model, object_id, subject, before, after)
VALUES (
    strftime('%Y-%m-%d %H:%M:%f', 'now'), json_extract(audit_actor(), '$.id'),
    json_extract(audit_actor(), '$.name'), json_extract(audit_actor(), '$.via'),
    json_extract(audit_actor(), '$.token'), '{act}', '{label}', {key}, {subject}, {before}, {after}
); END"""
_ACTS = {"insert": "create", "update": "change", "delete": "delete"}


def triggers(watched: list[Watched]) -> Triggers:
    return {
        f"audit_{one.table}_{event}": (one.table, _definition(one, event))
        for one in watched
        for event in _ACTS
    }


def _definition(one: Watched, event: str) -> str:
    row = "OLD" if event == "delete" else "NEW"
    changed = " OR ".join(_differs(column) for column in one.columns)
    return _TRIGGER.format(
        event=event.upper(),
        act=_ACTS[event],
        table=one.table,
        label=one.label,
        differs=f" AND ({changed})" if event == "update" else "",
        key=_text(row, one.key),
        subject=_subject(one, row),
        before="'{}'" if event == "insert" else _values(one, "OLD", event),
        after="'{}'" if event == "delete" else _values(one, "NEW", event),
    )


def _subject(one: Watched, row: str) -> str:
    if one.subject_column is None:
        return "''"
    return f"COALESCE('{one.subject_kind}:' || {_text(row, one.subject_column)}, '')"


def _text(row: str, column: Column) -> str:
    """An id as everybody writes it: Django keeps UUIDs as 32 digits here."""
    value = f'{row}."{column.name}"'
    if not column.is_uuid:
        return f"CAST({value} AS text)"
    cuts = ((1, 8), (9, 4), (13, 4), (17, 4), (21, 12))
    return " || '-' || ".join(f"substr({value}, {start}, {length})" for start, length in cuts)


def _differs(column: Column) -> str:
    return f'OLD."{column.name}" IS NOT NEW."{column.name}"'


def _values(one: Watched, row: str, event: str) -> str:
    """The columns that differ, as an object. Patching an empty one drops those that are null."""
    pairs = ", ".join(f"'{column.name}', {_value(column, row, event)}" for column in one.columns)
    return f"json_patch('{{}}', json_object({pairs}))"


def _value(column: Column, row: str, event: str) -> str:
    value = f'{row}."{column.name}"'
    shown = "'(hidden)'" if column.hidden else _text(row, column) if column.is_uuid else value
    if column.is_json and not column.hidden:
        # As text inside the object: patching would look for nulls within it.
        shown = f"json({value})"
    condition = _differs(column) if event == "update" else f"{value} IS NOT NULL"
    return f"CASE WHEN {condition} AND {value} IS NOT NULL THEN {shown} END"
