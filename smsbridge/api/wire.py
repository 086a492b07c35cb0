"""Requests and answers of the dialect, translated."""

from __future__ import annotations

import re
from collections.abc import Mapping
from datetime import UTC, datetime, timedelta
from typing import Any

from django.conf import settings
from django.utils import timezone
from django.utils.dateparse import parse_datetime

from accounts.api.parsers import text_problem
from outbox.models import Delivery
from smsbridge.api.protocol import Refusal
from smsbridge.models import InboundMessage
from smsbridge.sending.files import wall_clock
from smsbridge.sending.messages import Found, parts_of
from smsbridge.sending.send import Order, Outcome, Sent

#: Printable ASCII; a key that a proxy might change on its way is of no use.
_KEY = re.compile(r"[!-~](?:[ -~]{0,253}[!-~])?")
#: Longest text of a number that is looked at; phone numbers have at most 15 digits.
_LONGEST_NUMBER = 40
#: How far ahead a message can be scheduled.
_FURTHEST = timedelta(days=366)


def read_body(document: Any, key: str) -> Order:
    """What a POST asks for. Raises Refusal, 400, in the original's words where it has some."""
    if not isinstance(document, dict):
        raise Refusal(400, "Wrong JSON object")
    for name in ("mobiles", "text"):
        if name not in document:
            raise Refusal(400, f"Missing required: {name}")
    if not isinstance(document["text"], str):
        raise Refusal(400, "text is not string")
    return Order(
        mobiles=_mobiles(document["mobiles"]),
        text=document["text"],
        options={
            "queue": _queue(document.get("queue")),
            "flash": _flag(document, "flash"),
            "report": _flag(document, "report"),
            "validity": document.get("validity"),
        },
        urgent=_urgent(document.get("priority")),
        send_at=_send_at(document.get("send_at")),
        despite_opt_out=bool(_flag(document, "despite_opt_out")),
        key=_key(key),
    )


def read_query(query: Mapping[str, str], key: str) -> Order:
    """What a GET asks for: mobiles with commas between, a blank where ``+`` was not escaped."""
    document: dict[str, Any] = {name: query[name] for name in ("text", "queue", "send_at") if name in query}
    for name, value in query.items():
        if problem := text_problem(name + value):
            raise Refusal(400, problem)
    if "mobiles" in query:
        entries = (entry for entry in query["mobiles"].split(",") if entry)
        document["mobiles"] = ["+" + entry[1:] if entry.startswith(" ") else entry for entry in entries]
    return read_body(document, key)


def _mobiles(value: Any) -> list[str]:
    if not isinstance(value, list):
        raise Refusal(400, "mobiles is not array")
    if not value:
        raise Refusal(400, "mobiles is empty array")
    if len(value) > settings.SMS_API_MAX_MOBILES:
        raise Refusal(400, f"mobiles has more than {settings.SMS_API_MAX_MOBILES} numbers")
    if not all(isinstance(entry, str) for entry in value):
        raise Refusal(400, "mobiles is not array of strings")
    if any(len(entry) > _LONGEST_NUMBER for entry in value):
        raise Refusal(400, "mobiles has a text that is too long for a number")
    # One answer for each text; twice the same is one.
    return list(dict.fromkeys(value))


def _queue(value: Any) -> str | None:
    if value is not None and not isinstance(value, str):
        raise Refusal(400, "queue is not string")
    return value


def _flag(document: Mapping[str, Any], name: str) -> bool | None:
    value = document.get(name)
    if value is not None and not isinstance(value, bool):
        raise Refusal(400, f"{name} is not true or false")
    return value


def _urgent(value: Any) -> bool:
    known: dict[Any, bool] = {None: False, "normal": False, "high": True}
    if isinstance(value, bool):
        return value
    if not isinstance(value, str | None) or value not in known:
        raise Refusal(400, "priority is not high or normal")
    return known[value]


def _send_at(value: Any) -> datetime | None:
    if value is None:
        return None
    at = _moment(value)
    if at is None:
        raise Refusal(400, "send_at is not a time with its zone, like 2030-01-31T09:00:00+02:00")
    if at > timezone.now() + _FURTHEST:
        raise Refusal(400, "send_at is more than a year ahead")
    return at


def _moment(value: Any) -> datetime | None:
    try:
        at = parse_datetime(value) if isinstance(value, str) and value.isascii() else None
        # In UTC at once: a time at the edge of the calendar has no other zone's form.
        return at.astimezone(UTC) if at is not None and at.tzinfo is not None else None
    except (ValueError, OverflowError):
        return None


def _key(value: str) -> str:
    if value and not _KEY.fullmatch(value):
        raise Refusal(400, "Idempotency-Key is not 1 to 255 printable ASCII characters")
    return value


def sent_out(order: Order, sent: Sent, sent_url: str) -> dict[str, Any]:
    """The answer to sending; keyed by the caller's own spelling of each number.

    ``sent_url`` is the address of a sent message without its id.
    """
    body: dict[str, Any] = {
        "mobiles": {
            mobile: _outcome_out(outcome, sent_url)
            for mobile, outcome in zip(order.mobiles, sent.outcomes, strict=True)
        },
        "parts_count": sent.parts,
        "sent_text": order.text,
    }
    return body | ({"queue": sent.queue} if sent.queue else {})


def _outcome_out(outcome: Outcome, sent_url: str) -> dict[str, str | None]:
    name = None if outcome.id is None else str(outcome.id)
    return {
        "message_id": name,
        "response": str(outcome.answer),
        "dlr_status": None if name is None else sent_url + name,
    }


def message_out(found: Found) -> dict[str, Any]:
    """All headers, the message's id and its text."""
    if found.delivery is not None:
        extra = {"text": found.delivery.text, "state": found.delivery.state}
    elif found.inbound is not None:
        extra = {"text": found.inbound.text}
    else:
        extra = {"text": found.file.text if found.file else ""}
    return _all_headers(found) | {"message_id": found.name} | extra


def deleted_out(found: Found, *, kind: str) -> dict[str, Any]:
    """All headers of what was deleted, and where it was."""
    return _all_headers(found) | {"deleted": f"{kind}/{found.name}"}


def _all_headers(found: Found) -> dict[str, str]:
    if found.delivery is not None:
        return {**_headers(found), **_own_headers(found.delivery)}
    return _headers(found) if found.inbound is None else _inbound_headers(found.inbound)


def _headers(found: Found) -> dict[str, str]:
    return dict(found.file.headers) if found.file is not None else {}


def _own_headers(delivery: Delivery) -> dict[str, str]:
    """What we know ourselves, better than the file: who sent it, the number as it was written, when."""
    headers = {"To": delivery.options.get("to") or delivery.address.removeprefix("+")}
    if delivery.created_by is not None:
        headers["From"] = delivery.created_by.get_username()
    if delivery.sent_at is not None:
        headers["Sent"] = wall_clock(delivery.sent_at)
    if delivery.ended_at is not None and delivery.state == Delivery.State.FAILED:
        headers["Failed"] = wall_clock(delivery.ended_at)
    return headers | ({"Fail_reason": delivery.detail or delivery.reason} if delivery.reason else {})


def _inbound_headers(message: InboundMessage) -> dict[str, str]:
    usual = {"From": message.sender.removeprefix("+"), "Received": wall_clock(message.received_at)}
    return usual | {str(name): str(value) for name, value in message.headers.items()}


def timeline_out(delivery: Delivery) -> dict[str, Any]:
    """What happened to a message, in order."""
    return {
        "message_id": str(delivery.pk),
        "state": delivery.state,
        "reason": delivery.reason,
        "detail": delivery.detail,
        "parts_count": delivery.parts,
        "events": sorted(_events(delivery), key=lambda event: event["at"]),
        "parts": [
            {
                "reference": part.reference,
                "modem": part.modem,
                "status": part.status,
                "reported_at": part.reported_at,
            }
            for part in parts_of(delivery)
        ],
    }


def _events(delivery: Delivery) -> list[dict[str, Any]]:
    moments = [
        ("accepted", delivery.created_at), ("due", delivery.not_before), ("claimed", delivery.claimed_at),
        ("handed", delivery.handed_at), ("sent", delivery.sent_at), ("delivered", delivery.delivered_at),
        (delivery.state, delivery.ended_at),
    ]  # fmt: skip
    return [{"event": name, "at": at} for name, at in moments if at is not None]
