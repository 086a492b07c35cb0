"""The triggers on PostgreSQL: one function for all tables, told by its arguments what to leave out."""

from __future__ import annotations

from audit.triggers.watched import Watched

#: The setting of the transaction that names the actor; see ``audit.telling``.
ACTOR = "switchboard.actor"

FUNCTIONS = """
CREATE OR REPLACE FUNCTION audit_differing(a jsonb, b jsonb, left_out text[], hidden text[])
RETURNS jsonb LANGUAGE sql IMMUTABLE AS $$
    SELECT COALESCE(jsonb_object_agg(
        one.key, CASE WHEN one.key = ANY (hidden) THEN '"(hidden)"'::jsonb ELSE one.value END
    ), '{}'::jsonb)
      FROM jsonb_each(a) AS one
     WHERE one.key <> ALL (left_out) AND one.value <> 'null'::jsonb
       AND (b IS NULL OR one.value IS DISTINCT FROM b -> one.key)
$$;

-- Arguments: label, key column, kind of subject, its column, columns left out, columns hidden.
CREATE OR REPLACE FUNCTION audit_note() RETURNS trigger LANGUAGE plpgsql AS $$
DECLARE
    who jsonb := current_setting('switchboard.actor', true)::jsonb;
    earlier jsonb; later jsonb; told jsonb; differing_before jsonb := '{}'; differing_after jsonb := '{}';
BEGIN
    IF TG_OP <> 'INSERT' THEN earlier := to_jsonb(OLD); END IF;
    IF TG_OP <> 'DELETE' THEN later := to_jsonb(NEW); END IF;
    told := COALESCE(later, earlier);
    IF earlier IS NOT NULL THEN
        differing_before := audit_differing(earlier, later, TG_ARGV[4]::text[], TG_ARGV[5]::text[]);
    END IF;
    IF later IS NOT NULL THEN
        differing_after := audit_differing(later, earlier, TG_ARGV[4]::text[], TG_ARGV[5]::text[]);
    END IF;
    IF TG_OP = 'UPDATE' AND differing_before = '{}' AND differing_after = '{}' THEN
        RETURN NULL;
    END IF;
    INSERT INTO audit_entry (at, actor_id, actor, via, token, act, model, object_id, subject, before, after)
    VALUES (
        clock_timestamp(), (who ->> 'id')::bigint, who ->> 'name', who ->> 'via', who ->> 'token',
        CASE TG_OP WHEN 'INSERT' THEN 'create' WHEN 'UPDATE' THEN 'change' ELSE 'delete' END,
        TG_ARGV[0], COALESCE(told ->> TG_ARGV[1], ''),
        CASE WHEN TG_ARGV[2] = '' OR told ->> TG_ARGV[3] IS NULL THEN ''
             ELSE TG_ARGV[2] || ':' || (told ->> TG_ARGV[3]) END,
        differing_before, differing_after
    );
    RETURN NULL;
END $$;

CREATE OR REPLACE FUNCTION audit_refuse() RETURNS trigger LANGUAGE plpgsql AS $$
BEGIN
    IF TG_OP = 'UPDATE' AND current_setting('switchboard.redacting', true) = 'on' THEN
        RETURN NEW;
    ELSIF TG_OP = 'DELETE' AND current_setting('switchboard.pruning', true) = 'on' THEN
        RETURN OLD;
    END IF;
    RAISE EXCEPTION 'the audit log is only added to';
END $$;
"""

#: Name → (table, definition). Each is made anew when its definition changes.
Triggers = dict[str, tuple[str, str]]


def triggers(watched: list[Watched]) -> Triggers:
    made = {
        "audit_append_only": (
            "audit_entry",
            "BEFORE UPDATE OR DELETE ON audit_entry FOR EACH ROW EXECUTE FUNCTION audit_refuse()",
        )
    }
    for one in watched:
        arguments = ", ".join(_quoted(text) for text in _arguments(one))
        # Some tables have a column that changes with every request; it must not cost a call each time.
        kept = ", ".join(f'"{column.name}"' for column in one.columns)
        made[f"audit_{one.table}"] = (
            one.table,
            f'AFTER INSERT OR UPDATE OF {kept} OR DELETE ON "{one.table}" FOR EACH ROW '
            f"WHEN (current_setting('{ACTOR}', true) <> '') EXECUTE FUNCTION audit_note({arguments})",
        )
    return made


def _arguments(one: Watched) -> list[str]:
    hidden = [column.name for column in one.columns if column.hidden]
    subject = one.subject_column.name if one.subject_column else ""
    return [one.label, one.key.name, one.subject_kind, subject, _array(one.left_out), _array(hidden)]


def _array(names: list[str] | tuple[str, ...]) -> str:
    return "{" + ",".join(names) + "}"


def _quoted(text: str) -> str:
    return "'" + text.replace("'", "''") + "'"
