"""Which events there are."""

from __future__ import annotations

from outbox.models import Delivery

#: Type → what it says.
KINDS: dict[str, str] = {
    "delivery.sent": "The network took a message.",
    "delivery.delivered": "A message reached the handset, or the inbox.",
    "delivery.failed": "A message will not arrive; the reason says why.",
    "delivery.expired": "A message was not sent in time.",
    "delivery.cancelled": "A message was stopped before it went out.",
    "delivery.skipped": "Somebody was passed over, e.g. because they opted out.",
    "subscription.created": "Somebody was put on a message set.",
    "subscription.changed": "A subscription got another set, schedule, language, date or person.",
    "subscription.stopped": "A subscription does not run now: paused, opted out, or made inactive.",
    "subscription.resumed": "A stopped subscription goes on.",
    "subscription.completed": "Somebody has had the last message of a set.",
    "subscription.deleted": "A subscription was removed.",
    "message.received": "Somebody wrote or called.",
    "contact.opted_out": "Somebody does not want messages any more, or not of one programme.",
    "contact.opted_in": "Somebody wants messages again.",
    "ping": "A test, sent when somebody asks for it.",
}

#: States of a delivery that are events. The others are steps on the way.
OF_STATES: dict[str, str] = {
    state: kind for state in Delivery.State if (kind := f"delivery.{state.value}") in KINDS
}


class UnknownKind(ValueError):
    """The text is no type of event."""


def check(kinds: list[str]) -> list[str]:
    """The types, each once and in order. Raises UnknownKind."""
    for kind in kinds:
        if kind not in KINDS or kind == "ping":
            raise UnknownKind(f"{kind!r} is no type of event.")
    return sorted(set(kinds))
