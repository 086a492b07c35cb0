"""What broadcasts do when people ask to be forgotten. Connected in ``apps.py``."""

from __future__ import annotations

from typing import Any
from uuid import UUID

from django.db.models import Q

from broadcasts.models import Recipient
from contacts import signals


def blank_for_forgotten(*, contact_ids: list[UUID], addresses: list[str], **_: Any) -> None:
    """That there was a recipient stays, for the counts; whom nobody has written to yet, nobody will."""
    theirs = Q(contact__in=contact_ids) | Q(contact__isnull=True, address__in=addresses)
    Recipient.objects.filter(theirs).update(address="", reason="opted_out")


def connect() -> None:
    signals.contacts_forgotten.connect(blank_for_forgotten, dispatch_uid="broadcasts.blank_for_forgotten")
