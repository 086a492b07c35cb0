"""What the outbox does by itself when something happens. Connected in ``apps.py``."""

from __future__ import annotations

from typing import Any
from uuid import UUID

from contacts import signals
from outbox import operations, wake
from outbox.signals import deliveries_changed


def stop_for_opt_out(*, contact_ids: list[UUID], programme: str, address: str = "", **_: Any) -> None:
    """Inside the opt-out's transaction. What one programme queued, its own app cancels."""
    if not programme:
        operations.cancel_for_opt_out(contact_ids=contact_ids, address=address)


def blank_for_forgotten(*, contact_ids: list[UUID], addresses: list[str], **_: Any) -> None:
    operations.blank(contact_ids=contact_ids, addresses=addresses)


def connect() -> None:
    signals.contacts_opted_out.connect(stop_for_opt_out, dispatch_uid="outbox.stop_for_opt_out")
    signals.contacts_forgotten.connect(blank_for_forgotten, dispatch_uid="outbox.blank_for_forgotten")
    deliveries_changed.connect(wake.on_change, dispatch_uid="outbox.wake")
