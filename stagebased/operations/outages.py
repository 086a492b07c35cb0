"""Slots that are given up because nobody knows whether they were sent."""

from __future__ import annotations

from datetime import datetime

from django.db import transaction

from stagebased.models import DueSlot, Schedule


@transaction.atomic
def forgo_slots(*, now: datetime) -> int:
    """Send nothing for slots that came due by ``now``, planned in part or not found yet; how many were open.

    For a database that is older than what happened: after a restore.
    """
    open_slots = DueSlot.objects.filter(state=DueSlot.State.PLANNING, due_at__lte=now)
    count = open_slots.update(state=DueSlot.State.MISSED)
    Schedule.objects.filter(planned_until__lt=now).update(planned_until=now)
    return count
