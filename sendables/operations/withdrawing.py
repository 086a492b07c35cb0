"""Taking copies away from many people at once, their unread counts with them."""

from __future__ import annotations

from typing import Any

from django.db import transaction
from django.db.models import Count, F, OuterRef, Subquery
from django.db.models.functions import Coalesce
from django.utils import timezone

from sendables.entities import Entity
from sendables.models import Inbox
from sendables.operations.inboxes import announce
from sendables.signals import inboxes_changed
from sendables.sql import Among


@transaction.atomic
def withdraw(kind: Entity, receipts: Any, *, most: int) -> int:
    """Take up to ``most`` of these held receipts away; how many that were, 0 when none is left."""
    # In one order everywhere, so that two withdrawals wait for each other instead of deadlocking.
    picked = dict(receipts.held().order_by("recipient_id").values_list("pk", "recipient_id")[:most])
    if not picked:
        return 0
    people = sorted(set(picked.values()))
    boxes = Inbox.objects.filter(Among("user_id", people), entity=kind.name)
    list(boxes.select_for_update().order_by("user_id").values_list("pk", flat=True))
    still_held = kind.receipts.held().filter(Among("pk", list(picked)))
    boxes.update(unread=F("unread") - _unread_of(still_held), version=F("version") + 1)
    taken: int = still_held.update(deleted_at=timezone.now())
    announce(inboxes_changed, entity=kind.name, users=people)
    # Some may have been deleted by their owners meanwhile; the caller's next bite is for others.
    return max(taken, 1)


def _unread_of(receipts: Any) -> Coalesce:
    """How many of the receipts are unread, for the inbox of the outer query."""
    theirs = receipts.filter(recipient=OuterRef("user"), unread=True).order_by()
    return Coalesce(Subquery(theirs.values("recipient").annotate(number=Count("pk")).values("number")), 0)
