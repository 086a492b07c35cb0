"""What the SMS channel does when people ask to be forgotten. Connected in ``apps.py``."""

from __future__ import annotations

from typing import Any
from uuid import UUID

from contacts import signals
from smsbridge.models import InboundMessage, PartReference, StatusReport


def blank_for_forgotten(*, contact_ids: list[UUID], **_: Any) -> None:
    """Inside the transaction that erases the people: what they wrote, and their numbers, go too.

    That there was a message, and when, stays. Files in the spool's archive
    are not reached from here; they leave with their day.
    """
    InboundMessage.objects.filter(contact__in=contact_ids).update(sender="", text="", headers={})
    PartReference.objects.filter(delivery__contact__in=contact_ids).update(number="")
    StatusReport.objects.filter(matched__delivery__contact__in=contact_ids).update(number="")


def connect() -> None:
    signals.contacts_forgotten.connect(blank_for_forgotten, dispatch_uid="smsbridge.blank_for_forgotten")
