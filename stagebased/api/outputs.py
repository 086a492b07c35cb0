"""What callers get back: plain functions from a record to its wire form.

The original service's keys come first and in its order; what this service
adds follows. Written out by hand because a page holds up to thousands of
records and a serializer's fields cost ten times as much.
"""

from __future__ import annotations

from datetime import datetime, timedelta
from typing import Any

from django.utils.duration import duration_string

from outbox.models import Delivery
from stagebased import timeline
from stagebased.attention import Entry
from stagebased.models import (
    BehindSubscription,
    BinaryContent,
    Message,
    MessageSet,
    Revision,
    Schedule,
    SendEstimate,
    Welcome,
)
from stagebased.operations.content import Finding
from stagebased.simulation import Send

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
    "anchor_date",
    "stopped",
    "paused_until",
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
        "grace": _span(record.grace),
        "catch_up": record.catch_up,
        "spacing": _span(record.spacing),
        "spread": _span(record.spread),
        "starts_after": record.starts_after,
        "stop_after_failures": record.stop_after_failures,
        "fallback_languages": record.fallback_chain,
        "repeats": record.repeats,
        "one_active": record.one_active,
        "state": record.state,
    }


def _span(value: timedelta | None) -> str | None:
    return None if value is None else duration_string(value)


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


def welcome(record: Welcome) -> dict[str, Any]:
    return {
        "id": record.pk,
        "messageset": record.messageset_id,
        "lang": record.lang,
        "text_content": record.text_content,
        "binary_content": record.binary_content_id,
    }


def revision(record: Revision) -> dict[str, Any]:
    return {
        "id": str(record.pk),
        "edition": record.edition,
        "sequence_number": record.sequence_number,
        "lang": record.lang,
        "text_content": record.text_content,
        "file": record.file,
        "metadata": record.metadata,
        "published_at": instant(record.published_at),
    }


def finding(found: Finding) -> dict[str, Any]:
    return {
        "level": found.level.value,
        "code": found.code,
        "sequence_number": found.number,
        "lang": found.lang,
        "detail": found.detail,
    }


def foreseen(send: Send) -> dict[str, Any]:
    """One message of a preview; ``sequence_number`` 0 is the welcome."""
    step = send.step
    return {
        "due_at": instant(send.due_at),
        "goes_out": instant(send.goes_out),
        "messageset": send.programme.id,
        "messageset_short_name": send.programme.short_name,
        "sequence_number": send.number,
        "lang": step.lang,
        "state": step.state,
        "reason": step.reason,
        "detail": step.detail,
        "text": step.text,
        "audio": list(step.options.get("audio", [])),
        "parts": step.parts,
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
        "anchor_date": row[15] and row[15].isoformat(),
        "stopped": row[16],
        "paused_until": row[17] and instant(row[17]),
    }


def attention(entry: Entry, collection: str) -> dict[str, Any]:
    """``collection``: absolute URL of all subscriptions."""
    item, record = entry
    return {
        "subscription": f"{collection}{record.pk}/",
        "subscription_id": str(record.pk),
        "identity": str(record.contact_id),
        "messageset": record.messageset_id,
        "next_sequence_number": record.next_sequence_number,
        "lang": record.lang,
        "reason": item.reason,
        "detail": item.detail,
        "at": instant(item.at),
        "delivery": item.delivery_id and str(item.delivery_id),
    }


def failed_task(record: Delivery, collection: str, subscriptions: str) -> dict[str, Any]:
    """A message that could not be sent, as the original service's tools know it."""
    return {
        "url": f"{collection}{record.pk}/",
        "id": str(record.pk),
        "subscription": f"{subscriptions}{record.cause}/",
        "subscription_id": str(record.cause),
        "task_id": str(record.pk),
        "initiated_at": instant(record.created_at),
        "reason": record.detail or record.reason,
    }


def behind(record: BehindSubscription, subscriptions: str, sets: str) -> dict[str, Any]:
    """Expects both sets to be loaded."""
    return {
        "id": record.pk,
        "subscription": f"{subscriptions}{record.subscription_id}/",
        "subscription_id": str(record.subscription_id),
        "messages_behind": record.messages_behind,
        "current_messageset": f"{sets}{record.current_messageset_id}/",
        "current_messageset_id": record.current_messageset_id,
        "current_messageset_name": record.current_messageset.short_name,
        "current_sequence_number": record.current_sequence_number,
        "expected_messageset": f"{sets}{record.expected_messageset_id}/",
        "expected_messageset_id": record.expected_messageset_id,
        "expected_messageset_name": record.expected_messageset.short_name,
        "expected_sequence_number": record.expected_sequence_number,
        "created_at": instant(record.created_at),
    }


def estimate(record: SendEstimate) -> dict[str, Any]:
    return {
        "date": record.date.isoformat(),
        "messageset": record.messageset_id,
        "subscriptions": record.subscriptions,
        "identities": record.identities,
        "computed_at": instant(record.computed_at),
    }


def entry(entry: timeline.Entry) -> dict[str, Any]:
    """An occasion or change of a subscription's timeline."""
    times = {name: getattr(entry, name) for name in ("handed_at", "sent_at", "delivered_at")}
    return {
        "kind": entry.kind,
        "occasion": entry.occasion,
        "at": instant(entry.at),
        "outcome": entry.outcome,
        "reason": entry.reason,
        "detail": entry.detail,
        "messageset": entry.messageset,
        "sequence_number": entry.sequence_number,
        "lang": entry.lang,
        "delivery": entry.delivery_id and str(entry.delivery_id),
        **{name: value and instant(value) for name, value in times.items()},
    }
