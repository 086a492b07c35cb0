"""Erasing the files of people who asked to be forgotten, and of messages that were deleted.

The spool's archive keeps what was sent and received. A gateway's folders
belong to its host, so forgetting leaves an order in the database, and the
gateway's collector carries it out: a day of the archive after the other, a few
at each turn. The order, which holds the numbers, is deleted when it is done.
"""

from __future__ import annotations

import re
import time
from collections.abc import Collection
from datetime import date, timedelta
from uuid import UUID

from django.conf import settings
from django.db import transaction
from django.db.models import Q
from django.utils import timezone

from outbox.models import Delivery
from smsbridge.models import ErasureOrder
from smsbridge.spool.folders import Spool

#: Seconds that one turn spends on it at most.
BUDGET = 2.0
#: How long an order waits for messages that smsd still has.
PATIENCE = timedelta(days=3)
#: A delivery's file is named by its id; a received message's by smsd.
_ID = re.compile(r"[0-9a-f]{8}(?:-[0-9a-f]{4}){3}-[0-9a-f]{12}")
#: How long after it was done the archive is gone through again while smsd still has messages.
AGAIN = timedelta(minutes=10)


def order(*, contact_ids: Collection[UUID], addresses: Collection[str], numbers: Collection[str]) -> None:
    """Have each gateway erase its files of these people. Before their deliveries are blanked."""
    theirs = Q(contact__in=contact_ids)
    if addresses:
        theirs |= Q(contact__isnull=True, address__in=addresses)
    rows = Delivery.objects.filter(theirs, gateway__in=settings.SMS_GATEWAYS).values_list("gateway", "pk")
    names: dict[str, list[str]] = {gateway: [] for gateway in settings.SMS_GATEWAYS}
    for gateway, key in rows:
        names[gateway].append(str(key))
    ErasureOrder.objects.bulk_create(
        ErasureOrder(gateway=gateway, names=files, numbers=list(numbers))
        for gateway, files in names.items()
        if files or numbers
    )


def order_file(*, gateway: str, name: str) -> None:
    """Have a gateway erase one message's file, wherever it has been put away."""
    if gateway in settings.SMS_GATEWAYS:
        ErasureOrder.objects.create(gateway=gateway, names=[name], numbers=[])


def carry_out(spool: Spool, gateway: str) -> int:
    """Go on with the gateway's orders; how many files went. Called by its collector only."""
    erased, end = 0, time.monotonic() + BUDGET
    due = ErasureOrder.objects.filter(Q(not_before=None) | Q(not_before__lte=timezone.now()))
    for one in due.filter(gateway=gateway).order_by("pk"):
        erased += _go_on(spool, one, end)
        if time.monotonic() > end:
            break
    return erased


def _go_on(spool: Spool, one: ErasureOrder, end: float) -> int:
    names, numbers = set(one.names), set(one.numbers)
    erased = spool.erase(None, names=names, numbers=numbers)
    for day in sorted(spool.archived_days()):
        if one.done_until is not None and date.fromisoformat(day) <= one.done_until:
            continue
        erased += spool.erase(day, names=names, numbers=numbers)
        one.done_until = date.fromisoformat(day)
        if time.monotonic() > end:
            one.save(update_fields=["done_until"])
            return erased
    _finish(one)
    return erased


@transaction.atomic
def _finish(one: ErasureOrder) -> None:
    """Over, unless smsd still has a message of theirs whose file it will put down later."""
    ids = [name for name in one.names if _ID.fullmatch(name)]
    under_way = Delivery.objects.filter(pk__in=ids, state=Delivery.State.HANDED).exists()
    if under_way and timezone.now() - one.created_at < PATIENCE:
        one.done_until, one.not_before = None, timezone.now() + AGAIN
        one.save(update_fields=["done_until", "not_before"])
    else:
        one.delete()
