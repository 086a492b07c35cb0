"""What the SMS channel does when people ask to be forgotten. Connected in ``apps.py``."""

from __future__ import annotations

from typing import Any
from uuid import UUID

from django.db.models import Q

from contacts import signals
from smsbridge import erasing
from smsbridge.models import InboundMessage, PartReference, StatusReport


def blank_for_forgotten(*, contact_ids: list[UUID], addresses: list[str], **_: Any) -> None:
    """Inside the transaction that erases the people: what they wrote, and their numbers, go too.

    That there was a message, and when, stays. Files of the spools are on
    their gateways' hosts: each gateway's collector erases its own within
    moments (``erasing``).
    """
    numbers = [address.lstrip("+") for address in addresses if address.startswith("+")]
    erasing.order(contact_ids=contact_ids, addresses=addresses, numbers=numbers)
    wrote = Q(contact__in=contact_ids) | Q(contact__isnull=True, sender__in=addresses)
    InboundMessage.objects.filter(wrote).update(sender="", text="", headers={})
    sent_to_them = Q(delivery__contact__in=contact_ids) | Q(number__in=numbers)
    PartReference.objects.filter(sent_to_them).update(number="")
    reported = Q(matched__delivery__contact__in=contact_ids) | Q(number__in=numbers)
    StatusReport.objects.filter(reported).update(number="")


def connect() -> None:
    signals.contacts_forgotten.connect(blank_for_forgotten, dispatch_uid="smsbridge.blank_for_forgotten")
