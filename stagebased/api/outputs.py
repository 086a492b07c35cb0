"""What callers get back: plain functions from a record to its wire form.

The original service's keys come first and in its order; what this service
adds follows. Written out by hand because a page holds up to thousands of
records and a serializer's fields cost ten times as much.
"""

from __future__ import annotations

from datetime import datetime
from typing import Any

from django.utils.duration import duration_string

from stagebased.models import BinaryContent, Message, MessageSet, Schedule

#: The columns that ``subscription`` reads, in this order.
SUBSCRIPTION_COLUMNS = (
    "id",
    "version",
    "contact_id",
    "messageset_id",
    "schedule_id",
    "lang",
    "next_sequence_number",
    "initial_sequence_number",
    "active",
    "completed",
    "process_status",
    "metadata",
    "created_at",
    "updated_at",
    "messageset__label",
)


def instant(value: datetime) -> str:
    """ISO 8601 in UTC with Z, as the framework writes times."""
    return value.isoformat().replace("+00:00", "Z")


def schedule(record: Schedule) -> dict[str, Any]:
    return {
        "id": record.pk,
        "minute": record.minute,
        "hour": record.hour,
        "day_of_week": record.day_of_week,
        "day_of_month": record.day_of_month,
        "month_of_year": record.month_of_year,
        "timezone": record.timezone,
        "in_contact_timezone": record.in_contact_timezone,
    }


def message_set(record: MessageSet) -> dict[str, Any]:
    return {
        "id": record.pk,
        "short_name": record.short_name,
        "label": record.label,
        "content_type": record.content_type,
        "notes": record.notes,
        "next_set": record.next_set_id,
        "default_schedule": record.default_schedule_id,
        "created_at": instant(record.created_at),
        "updated_at": instant(record.updated_at),
        "channel": record.channel,
        "gateway": record.gateway,
        "fall_back": record.fall_back,
        "default_language": record.default_language,
        "not_before": record.not_before and record.not_before.isoformat(),
        "not_after": record.not_after and record.not_after.isoformat(),
        "grace": None if record.grace is None else duration_string(record.grace),
    }


def message(record: Message) -> dict[str, Any]:
    return {
        "id": record.pk,
        "messageset": record.messageset_id,
        "sequence_number": record.sequence_number,
        "lang": record.lang,
        "metadata": record.metadata,
        "text_content": record.text_content,
        "binary_content": record.binary_content_id,
        "created_at": instant(record.created_at),
        "updated_at": instant(record.updated_at),
    }


def binary_content(record: BinaryContent, root: str) -> dict[str, Any]:
    """``root``: the absolute URL of this host, without a last slash."""
    return {"id": record.pk, "content": f"{root}{record.content.url}"}


def subscription(row: tuple[Any, ...], collection: str) -> dict[str, Any]:
    """A row of ``SUBSCRIPTION_COLUMNS``; ``collection``: absolute URL of all subscriptions."""
    return {
        "url": f"{collection}{row[0]}/",
        "id": str(row[0]),
        "version": row[1],
        "identity": str(row[2]),
        "messageset": row[3],
        "schedule": row[4],
        "lang": row[5],
        "next_sequence_number": row[6],
        "initial_sequence_number": row[7],
        "active": row[8],
        "completed": row[9],
        "process_status": row[10],
        "metadata": row[11],
        "created_at": instant(row[12]),
        "updated_at": instant(row[13]),
        "messageset_label": row[14],
    }
