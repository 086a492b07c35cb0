"""A programme with many subscribers, written straight into the tables."""

from __future__ import annotations

from datetime import UTC, datetime, timedelta
from typing import Any

from django.db import connection, models

TEXT = (
    "Your baby is now the size of a lemon. Eat well and drink a lot of clean water."
    " Reply STOP to end these messages."
)
LANGUAGE = "eng_ZA"


def insert_select(
    model: type[models.Model], source: str, params: list[Any], returning: str = "", /, **columns: str
) -> list[tuple[Any, ...]]:
    """Write rows with one ``INSERT … SELECT … FROM source``; what is asked back of them.

    ``columns`` gives SQL expressions for columns; every other one gets its
    field's default, so this keeps up with the tables.
    """
    fields = [
        f for f in model._meta.concrete_fields if not f.generated and not isinstance(f, models.AutoField)
    ]
    # A column may be nameless only in a field that has none, and those are not concrete.
    names = [str(field.column) for field in fields]
    values = [columns.get(name, "%s") for name in names]
    row = model()
    usual = [f for f in fields if f.column not in columns]
    given = [f.get_db_prep_save(f.pre_save(row, add=True), connection) for f in usual]
    statement = (
        f"INSERT INTO {model._meta.db_table} ({', '.join(names)}) SELECT {', '.join(values)} FROM {source}"
    )
    with connection.cursor() as cursor:
        cursor.execute(statement + (f" RETURNING {returning}" if returning else ""), [*given, *params])
        return cursor.fetchall() if returning else []


def literal(text: str) -> str:
    """A text as it stands in SQL, for the ``columns`` of ``insert_select``."""
    return "'" + text.replace("'", "''").replace("%", "%%") + "'"


def empty() -> None:
    """Take away everybody and everything that was sent."""
    with connection.cursor() as cursor:
        cursor.execute(
            "TRUNCATE stagebased_dueslot, stagebased_subscription, contacts_address, contacts_contact,"
            " outbox_delivery, outbox_deliverycount CASCADE"
        )


def fill(*, subscribers: int, due: int) -> int:
    """Make so many subscribers, of which ``due`` are on a schedule of every minute; that schedule's id.

    The others are on one that is due once in four years. The due ones lie
    scattered among them: ids are random.
    """
    from contacts.models import Address, Contact
    from outbox.models import Delivery
    from stagebased.models import Message, MessageSet, Schedule, Subscription

    empty()
    # One slot has just come due, so nobody waits for the minute to be over.
    now = datetime.now(UTC)
    often = Schedule.objects.create(planned_until=now - timedelta(minutes=1))
    seldom = Schedule.objects.create(
        minute="0", hour="0", day_of_month="29", month_of_year="2", planned_until=now
    )
    programme = MessageSet.objects.create(short_name=f"bench {often.pk}", default_schedule=often)
    Message.objects.bulk_create(
        Message(messageset=programme, sequence_number=n, lang=LANGUAGE, text_content=f"{n}: {TEXT}")
        for n in range(1, 21)
    )
    insert_select(Contact, "generate_series(1, %s)", [subscribers], id="gen_random_uuid()")
    insert_select(
        Address, "contacts_contact c", [], contact_id="c.id", is_default="true",
        value="'+2782' || lpad((row_number() OVER ())::text, 7, '0')",
    )  # fmt: skip
    insert_select(
        Subscription, "contacts_contact c", [],
        id="gen_random_uuid()", contact_id="c.id", messageset_id=str(programme.pk), lang=literal(LANGUAGE),
        schedule_id=f"CASE WHEN row_number() OVER () <= {due} THEN {often.pk} ELSE {seldom.pk} END",
        created_at="now() - interval '1 day'",
    )  # fmt: skip
    for model in (Contact, Address, Subscription, Delivery):
        with connection.cursor() as cursor:
            cursor.execute(f"VACUUM ANALYZE {model._meta.db_table}")
    return often.pk
