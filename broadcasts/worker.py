"""Working broadcasts off: any number of workers at once, any of which may die at any moment.

A batch is one transaction that locks its broadcast's row, writes recipients or
deliveries, and moves the cursor. What a worker leaves undone the next one, or
the next beat, goes on with.
"""

from __future__ import annotations

from collections import defaultdict
from collections.abc import Sequence
from datetime import datetime, timedelta
from time import monotonic
from uuid import UUID

from django.db import transaction
from django.utils import timezone

from broadcasts import audiences, hours
from broadcasts.figures import count_recipients
from broadcasts.models import SOURCE, Broadcast, Recipient
from broadcasts.operations.steering import REPEATABLE
from outbox import operations as outbox
from outbox import wake
from outbox.channels import channel
from outbox.models import Delivery
from outbox.operations import NewDelivery

State = Broadcast.State
#: Seconds that one run works at most.
BUDGET = 20.0
#: Messages queued in one transaction.
BATCH = 1000
#: Messages that wait at a gateway before more are queued: enough to keep it busy, few enough that
#: a pause or an end takes effect on nearly all.
DEPTH = 4000
#: A paced broadcast is given this much at a time.
PACE = timedelta(seconds=5)


def work(*, now: datetime | None = None, budget: float = BUDGET) -> int:
    """Go on with every open broadcast until nothing can be done now or the time is up; how many batches."""
    hours.reopen(now or timezone.now())
    end, batches = monotonic() + budget, 0
    idle: set[UUID] = set()
    while monotonic() < end:
        with transaction.atomic():
            broadcast = _claim(idle)
            if broadcast is None:
                break
            if _step(broadcast, now or timezone.now()):
                batches += 1
            else:
                idle.add(broadcast.pk)
    return batches


def _claim(except_for: set[UUID]) -> Broadcast | None:
    """Lock an open broadcast that no other worker has, the oldest first."""
    waiting = Broadcast.objects.filter(state__in=[State.PREPARING, State.SENDING]).exclude(pk__in=except_for)
    return waiting.select_for_update(skip_locked=True, of=("self",)).order_by("pk").first()


def _step(broadcast: Broadcast, now: datetime) -> bool:
    if broadcast.state == State.PREPARING:
        return _prepare(broadcast, now)
    if broadcast.repeat_until is not None:
        return _repeat(broadcast, now)
    return _send(broadcast, now)


# --- preparing --------------------------------------------------------------------------


def _prepare(broadcast: Broadcast, now: datetime) -> bool:
    texts = dict(broadcast.texts.values_list("lang", "text"))
    more = audiences.next_batch(broadcast, sorted(texts))
    if not more:
        broadcast.state, broadcast.prepared_at = State.READY, now
        broadcast.summary, broadcast.total = count_recipients(broadcast)
        _drop_list(broadcast)
    broadcast.save()
    return True


def _drop_list(broadcast: Broadcast) -> None:
    """The numbers are written down now; a second copy of them helps nobody."""
    if broadcast.upload:
        storage, name = broadcast.upload.storage, str(broadcast.upload.name)
        transaction.on_commit(lambda: storage.delete(name), robust=True)


# --- sending ----------------------------------------------------------------------------


def _send(broadcast: Broadcast, now: datetime) -> bool:
    size = min(_room(broadcast), _paced(broadcast, now))
    if size <= 0:
        return False
    ahead = Recipient.objects.filter(broadcast=broadcast, pk__gt=int(broadcast.cursor or 0))
    batch = list(ahead.order_by("pk")[:size])
    if not batch:
        return _end(broadcast, now)
    _queue(broadcast, [one for one in batch if not one.reason], now)
    broadcast.cursor, broadcast.dealt_with = str(batch[-1].pk), broadcast.dealt_with + len(batch)
    _note_pace(broadcast, len(batch), now)
    broadcast.save(update_fields=["cursor", "dealt_with", "paced_at"])
    return True


def _end(broadcast: Broadcast, now: datetime) -> bool:
    """Over once nothing waits any more: until then it can be held and cancelled."""
    waiting = [Delivery.State.QUEUED, Delivery.State.CLAIMED]
    if Delivery.objects.filter(cause=broadcast.pk, source=SOURCE, state__in=waiting).exists():
        return False
    broadcast.state, broadcast.finished_at = State.DONE, now
    broadcast.save(update_fields=["state", "finished_at"])
    return True


def _room(broadcast: Broadcast) -> int:
    """How many more the gateway should have waiting."""
    gateway = broadcast.gateway or channel(broadcast.channel).default_gateway
    waiting = Delivery.objects.filter(gateway=gateway, state=Delivery.State.QUEUED).order_by()[:DEPTH].count()
    return min(BATCH, DEPTH - waiting)


def _paced(broadcast: Broadcast, now: datetime) -> int:
    if broadcast.per_minute is None:
        return BATCH
    if broadcast.paced_at is not None and broadcast.paced_at > now:
        return 0
    return max(1, int(broadcast.per_minute * PACE / timedelta(minutes=1)))


def _note_pace(broadcast: Broadcast, count: int, now: datetime) -> None:
    """The next batch waits until this one's share of time is over; what was missed is not made up for."""
    if broadcast.per_minute is not None:
        begun = max(broadcast.paced_at or now, now - PACE)
        broadcast.paced_at = begun + timedelta(minutes=1) * count / broadcast.per_minute


def _queue(broadcast: Broadcast, recipients: Sequence[Recipient], now: datetime) -> None:
    texts = dict(broadcast.texts.values_list("lang", "text"))
    windows = {one.timezone: hours.window(broadcast, one.timezone, now) for one in recipients}
    made = outbox.queue_many(
        rows=[
            NewDelivery(
                source=SOURCE, cause=broadcast.pk, slot_key=str(one.pk), contact=one.contact_id,
                address=one.address, text=texts[one.lang], channel=broadcast.channel,
                gateway=broadcast.gateway, priority=Delivery.Priority.BULK,
                not_before=windows[one.timezone].opens, created_by=broadcast.created_by_id,
            )
            for one in recipients
        ]
    )  # fmt: skip
    closing: dict[datetime, list[UUID]] = defaultdict(list)
    for one, (delivery, _) in zip(recipients, made, strict=True):
        if closes := windows[one.timezone].closes:
            closing[closes].append(delivery.pk)
    for closes, keys in closing.items():
        Delivery.objects.filter(pk__in=keys, state=Delivery.State.QUEUED).update(closes_at=closes)
    wake.nudge()


# --- sending again ----------------------------------------------------------------------


def _repeat(broadcast: Broadcast, now: datetime) -> bool:
    size = min(_room(broadcast), _paced(broadcast, now))
    if size <= 0:
        return False
    failed = Delivery.objects.filter(
        cause=broadcast.pk, source=SOURCE, state__in=REPEATABLE,
        pk__gt=broadcast.repeat_after, pk__lte=broadcast.repeat_until,
    )  # fmt: skip
    batch = list(failed.order_by("pk").values_list("pk", flat=True)[:size])
    if not batch:
        broadcast.repeat_after = broadcast.repeat_until = None
        broadcast.save(update_fields=["repeat_after", "repeat_until"])
        return True
    # Those that somebody has sent again by hand meanwhile are passed over.
    outbox.send_again(ids=batch)
    broadcast.repeat_after = batch[-1]
    _note_pace(broadcast, len(batch), now)
    broadcast.save(update_fields=["repeat_after", "paced_at"])
    wake.nudge()
    return True
