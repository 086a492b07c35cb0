"""What telephony does when people ask to be forgotten. Connected in ``apps.py``."""

from __future__ import annotations

from typing import Any
from uuid import UUID

from contacts import signals
from telephony.models import TelephonyUser
from telephony.operations.users import erase_user


def erase_for_forgotten(*, contact_ids: list[UUID], **_: Any) -> None:
    """Inside the transaction that erases the people: their telephone's entry keeps its number here only."""
    for user in TelephonyUser.objects.filter(contact__in=contact_ids).order_by("pk"):
        erase_user(user)


def connect() -> None:
    signals.contacts_forgotten.connect(erase_for_forgotten, dispatch_uid="telephony.erase_for_forgotten")
