"""What is told to endpoints, inside the fact's transaction. Connected in ``apps.py``.

What happens to subscriptions is told by the database itself (``webhooks.triggers``).
"""

from __future__ import annotations

from typing import Any
from uuid import UUID

from contacts.models import OptOut
from contacts.signals import contacts_opted_in, contacts_opted_out
from outbox.signals import deliveries_entered
from smsbridge.signals import messages_received
from webhooks.kinds import OF_STATES
from webhooks.recording import record


def on_deliveries(*, state: str, ids: list[UUID], **_: Any) -> None:
    if kind := OF_STATES.get(state):
        record(kind, ids, facts={"state": str(state)})


def on_messages(*, ids: list[UUID], **_: Any) -> None:
    record("message.received", ids)


def on_opt_out(*, contact_ids: list[UUID], programme: str, optout: OptOut | None = None, **_: Any) -> None:
    kind = optout.kind if optout is not None else ""
    record("contact.opted_out", contact_ids, facts={"kind": str(kind), "programme": programme})


def on_opt_in(*, contact_ids: list[UUID], programme: str, **_: Any) -> None:
    record("contact.opted_in", contact_ids, facts={"programme": programme})


def connect() -> None:
    deliveries_entered.connect(on_deliveries, dispatch_uid="webhooks.on_deliveries")
    messages_received.connect(on_messages, dispatch_uid="webhooks.on_messages")
    contacts_opted_out.connect(on_opt_out, dispatch_uid="webhooks.on_opt_out")
    contacts_opted_in.connect(on_opt_in, dispatch_uid="webhooks.on_opt_in")
