"""What the hospitality network does when people ask to be forgotten. Connected in ``apps.py``."""

from __future__ import annotations

from typing import Any

from contacts import signals
from hospitality.operations.profiles import erase_members


def erase_for_forgotten(*, user_ids: list[int], **_: Any) -> None:
    erase_members(user_ids=user_ids)


def connect() -> None:
    signals.contacts_forgotten.connect(erase_for_forgotten, dispatch_uid="hospitality.erase_for_forgotten")
