"""Deliveries that were handed over and whose file is in none of the spool's folders.

That happens when somebody empties folders by hand, when smsd is configured
without ``sent`` and ``failed`` and deletes what it has finished, or when a
disk is lost. Whether such a message went out cannot be known, so it is not
repeated: it ends as failed with the reason ``fate_unknown``, where people see
it and may decide.
"""

from __future__ import annotations

import time
from datetime import timedelta

from django.db import transaction
from django.utils import timezone

from outbox.models import Delivery
from outbox.operations import Failure, record_failed
from smsbridge.spool.folders import Spool

#: How long after the hand-over nobody asks where the file is: far longer than smsd needs to move one.
GRACE = timedelta(hours=1)
#: Seconds in which one process looks at most once.
EVERY = 60.0
MOST = 500
DETAIL = "Its file is in none of the gateway's folders. It may or may not have been sent."

_looked: dict[str, float] = {}


def look_for_lost(spool: Spool, gateway: str) -> list[str]:
    """``give_up_lost``, but not more often than every minute."""
    now = time.monotonic()
    if now < _looked.get(gateway, 0.0):
        return []
    _looked[gateway] = now + EVERY
    return give_up_lost(spool, gateway)


def give_up_lost(spool: Spool, gateway: str) -> list[str]:
    """Fail deliveries without a file; the ids of those. One query when all are where they belong.

    Raises SpoolUnavailable; then nothing is changed.
    """
    now = timezone.now()
    old = Delivery.objects.filter(gateway=gateway, state=Delivery.State.HANDED, handed_at__lt=now - GRACE)
    ids = {str(key): key for key in old.order_by("handed_at").values_list("pk", flat=True)[:MOST]}
    if not ids:
        return []
    places = spool.find_many(ids)
    lost = [name for name in ids if name not in places]
    with transaction.atomic():
        record_failed(failures={ids[name]: Failure(now, "fate_unknown", DETAIL) for name in lost})
    return lost
