"""Each due subscription becomes one file, whatever is killed on the way."""

from __future__ import annotations

import random
from collections.abc import Callable

import pytest

from tests import servers
from tests.flows.installation import Assassin, Installation, Nudger, Reader, wait_for

pytestmark = [pytest.mark.processes, pytest.mark.own_postgres, pytest.mark.redis]
SUBSCRIBERS = 5000
KILLS = 20

_PROGRAMME = """
INSERT INTO stagebased_schedule (minute, hour, day_of_week, day_of_month, month_of_year, timezone,
       in_contact_timezone, planned_until, created_at, updated_at)
VALUES (%s, %s, '*', '*', '*', 'UTC', false, now() - interval '10 minutes', now(), now()) RETURNING id"""
_SET = """
INSERT INTO stagebased_messageset (short_name, label, content_type, notes, default_schedule_id, channel,
       gateway, fall_back, default_language, created_at, updated_at)
VALUES ('flow', '', 'text', '', %s, 'sms', '', false, '', now(), now()) RETURNING id"""
_MESSAGES = """
INSERT INTO stagebased_message (
       messageset_id, sequence_number, lang, text_content, metadata, created_at, updated_at)
SELECT %s, n, 'eng_ZA', 'message ' || n, '{}', now(), now() FROM generate_series(1, 3) n"""
_CONTACTS = """
INSERT INTO contacts_contact (id, name, language, timezone, version, details, created_at, updated_at)
SELECT gen_random_uuid(), '', '', '', 1, '{}', now(), now() FROM generate_series(1, %s)"""
_ADDRESSES = """
INSERT INTO contacts_address (
       contact_id, kind, value, is_default, inactive, failures_in_a_row, created_at, details)
SELECT id, 'msisdn', '+2782' || lpad((row_number() OVER ())::text, 7, '0'), true, false, 0, now(), '{}'
  FROM contacts_contact"""
_SUBSCRIPTIONS = """
INSERT INTO stagebased_subscription (id, version, contact_id, messageset_id, schedule_id, lang,
       initial_sequence_number, next_sequence_number, active, completed, process_status, stopped, metadata,
       created_at, updated_at)
SELECT gen_random_uuid(), 1, id, %s, %s, 'eng_ZA', 1, 1, true, false, 0, '', '{}',
       now() - interval '1 day', now() FROM contacts_contact"""


def subscribe(system: Installation, count: int) -> None:
    """Subscribers of a programme that was due once, a few minutes ago, and is not again today."""
    [(minute, hour)] = system.sql(
        "SELECT extract(minute from t)::int, extract(hour from t)::int"
        "  FROM (SELECT (now() - interval '3 minutes') AT TIME ZONE 'UTC' AS t) x"
    )
    [(schedule,)] = system.sql(_PROGRAMME, str(minute), str(hour))
    [(messageset,)] = system.sql(_SET, schedule)
    system.sql(_MESSAGES, messageset)
    system.sql(_CONTACTS, count)
    system.sql(_ADDRESSES)
    system.sql(_SUBSCRIPTIONS, messageset, schedule)


def test_five_thousand_due_subscriptions_become_five_thousand_files_under_twenty_kills(
    installation: Callable[..., Installation], redis_server: servers.Redis
) -> None:
    chance = random.Random(20261121)
    system = installation(
        OUTBOX_LEASE_SECONDS="5", OUTBOX_BATCH="100", PLANNER_BATCH="400", SMS_HIGH_WATER="400",
        SMS_SPOOL_SYNC="false",
    )  # fmt: skip
    subscribe(system, SUBSCRIBERS)
    reader = Reader(system.spool, per_second=400)
    reader.start()
    nudger = Nudger(system)
    nudger.start()
    system.beat("beat-1")
    system.beat("beat-2")
    assassin = Assassin(system, ["worker-1", "worker-2"], seed=7)
    # Not to wait for the minute; and too many hints must do no harm.
    system.hint("stagebased.plan", times=10)
    wait_for("the first file", lambda: reader.seen, seconds=60)
    for kill in range(KILLS):
        reader.stopping.wait(chance.random() * 0.8)
        if kill % 2:
            assassin.strike()
        else:
            assassin.strike_at_hand_over(system.spool / "outgoing")
        if kill == KILLS // 2:
            # Back at once, but empty: every hint is gone, also those being worked on.
            redis_server.restart()
    seen_when_killing_ended = len(reader.seen)
    assassin.revive()
    wait_for("all files", lambda: assassin.revive() or len(reader.seen) >= SUBSCRIBERS, seconds=60)
    wait_for("every delivery recorded as sent", lambda: unsent(system) == 0, seconds=30)
    nudger.stop()
    reader.stop()

    assert assassin.killed == KILLS
    assert seen_when_killing_ended < SUBSCRIBERS, "the work was done before the killing was"
    assert [name for name, times in reader.seen.items() if times > 1] == []
    assert [number for number, times in reader.numbers.items() if times > 1] == []
    assert len(reader.seen) == len(reader.numbers) == SUBSCRIBERS
    assert {str(row[0]) for row in system.sql("SELECT id FROM outbox_delivery")} == set(reader.seen)
    assert system.sql("SELECT next_sequence_number, count(*) FROM stagebased_subscription GROUP BY 1") == [
        (2, SUBSCRIBERS)
    ]


def unsent(system: Installation) -> int:
    [(count,)] = system.sql("SELECT count(*) FROM outbox_delivery WHERE state <> 'sent'")
    return count
