"""A programme with many subscribers, written straight into the tables."""

from __future__ import annotations

from datetime import UTC, datetime

from bench.common import execute

TEXT = (
    "Your baby is now the size of a lemon. Eat well and drink a lot of clean water."
    " Reply STOP to end these messages."
)

_CONTACTS = """
INSERT INTO contacts_contact (id, name, language, timezone, version, details, created_at, updated_at)
SELECT gen_random_uuid(), '', '', '', 1, '{}', now(), now() FROM generate_series(1, %s)"""
_ADDRESSES = """
INSERT INTO contacts_address (
       contact_id, kind, value, is_default, inactive, failures_in_a_row, created_at, details)
SELECT id, 'msisdn', '+2782' || lpad((row_number() OVER ())::text, 7, '0'), true, false, 0, now(), '{}'
  FROM contacts_contact"""
_SUBSCRIPTIONS = """
INSERT INTO stagebased_subscription (
       id, version, contact_id, messageset_id, schedule_id, lang, initial_sequence_number,
       next_sequence_number, active, completed, process_status, stopped, metadata, created_at, updated_at)
SELECT gen_random_uuid(), 1, id, %s, CASE WHEN row_number() OVER () <= %s THEN %s ELSE %s END,
       'eng_ZA', 1, 1, true, false, 0, '', '{}', now() - interval '1 day', now()
  FROM contacts_contact"""
_TABLES = "stagebased_subscription", "contacts_address", "contacts_contact", "outbox_delivery"


def empty() -> None:
    """Take away everybody and everything that was sent."""
    execute("TRUNCATE stagebased_dueslot, outbox_deliverycount, " + ", ".join(_TABLES) + " CASCADE")


def fill(*, subscribers: int, due: int) -> int:
    """Make so many subscribers, of which ``due`` are on a schedule of every minute; that schedule's id.

    The others are on one that is due once a year. The due ones lie scattered
    among them: ids are random.
    """
    from stagebased.models import Message, MessageSet, Schedule

    empty()
    often = Schedule.objects.create(planned_until=datetime.now(UTC))
    seldom = Schedule.objects.create(
        minute="0", hour="0", day_of_month="29", month_of_year="2", planned_until=datetime.now(UTC)
    )
    programme = MessageSet.objects.create(short_name=f"bench {often.pk}", default_schedule=often)
    Message.objects.bulk_create(
        Message(messageset=programme, sequence_number=n, lang="eng_ZA", text_content=f"{n}: {TEXT}")
        for n in range(1, 21)
    )
    execute(_CONTACTS, [subscribers])
    execute(_ADDRESSES)
    execute(_SUBSCRIPTIONS, [programme.pk, due, often.pk, seldom.pk])
    for table in _TABLES:
        execute(f"VACUUM ANALYZE {table}")
    return often.pk
