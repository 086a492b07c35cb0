"""What the hospitality network does when people ask to be forgotten, or go. Connected in ``apps.py``."""

from __future__ import annotations

from functools import partial
from typing import Any

from django.db import transaction
from django.db.models.signals import post_delete

from contacts import signals
from hospitality import pictures
from hospitality.models import Picture
from hospitality.operations.profiles import erase_members


def erase_for_forgotten(*, user_ids: list[int], **_: Any) -> None:
    erase_members(user_ids=user_ids)


def remove_files(*, instance: Picture, **_: Any) -> None:
    """However the picture goes, with its member's account too: whoever kept an address sees it no more."""
    transaction.on_commit(partial(pictures.remove, instance.key))


def connect() -> None:
    post_delete.connect(remove_files, sender=Picture, dispatch_uid="hospitality.remove_files")
    signals.contacts_forgotten.connect(erase_for_forgotten, dispatch_uid="hospitality.erase_for_forgotten")
