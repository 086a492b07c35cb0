"""What becomes of deliveries: news from channels, cancelling, expiry."""

from __future__ import annotations

from collections.abc import Collection, Iterable, Mapping
from datetime import datetime
from typing import NamedTuple
from uuid import UUID

from django.db import transaction
from django.db.models import CharField, F, Q, QuerySet, Value
from django.db.models.functions import Cast, Concat
from django.utils import timezone

from audit.models import Entry
from audit.operations import record
from outbox.models import Delivery
from outbox.moves import Move, advance

State = Delivery.State
#: Expired deliveries are looked for in bites of this size, so that no transaction grows long.
BITE = 2000


class Failure(NamedTuple):
    """Why and when a delivery failed. ``reason`` is a stable code, ``detail`` is for people."""

    at: datetime
    reason: str
    detail: str = ""


def record_sent(*, times: Mapping[UUID, datetime]) -> list[UUID]:
    """The network took these messages. Returns the ids of those that this was news of.

    Late, doubled or unknown ones change nothing; so for all ``record_…``.
    Two statements for any number.
    """
    return advance(State.SENT, [Move(key, at) for key, at in times.items()])


def record_delivered(*, times: Mapping[UUID, datetime]) -> list[UUID]:
    """These messages reached the handset (or the inbox)."""
    return advance(State.DELIVERED, [Move(key, at) for key, at in times.items()])


def record_failed(*, failures: Mapping[UUID, Failure]) -> list[UUID]:
    """These messages will not arrive."""
    return advance(State.FAILED, [Move(key, *failure) for key, failure in failures.items()])


def cancel(
    *,
    reason: str,
    detail: str = "",
    ids: Collection[UUID] | None = None,
    cause_ids: Collection[UUID] | None = None,
    contact_ids: Collection[UUID] | None = None,
    source: str = "",
) -> list[UUID]:
    """Stop what is still queued or claimed; the ids of those stopped.

    The set is what all given arguments agree on; at least one of the three
    collections is needed. A delivery that a worker is just handing over is
    waited for, and then no longer stopped.
    """
    narrowed = {"pk__in": ids, "cause__in": cause_ids, "contact__in": contact_ids, "source": source or None}
    given = {name: value for name, value in narrowed.items() if value is not None}
    if not given.keys() - {"source"}:
        raise TypeError("cancel() needs ids, cause_ids or contact_ids")
    return _cancel(Delivery.objects.filter(**given), reason=reason, detail=detail)


def cancel_due(*, now: datetime, reason: str, detail: str = "") -> int:
    """Stop all that is queued and due by ``now``, or claimed; how many.

    For a database that is older than what happened: nobody knows whether these have gone out.
    """
    due = Q(state=State.CLAIMED) | Q(state=State.QUEUED, not_before__lte=now)
    stopped = 0
    while found := list(Delivery.objects.filter(due).values_list("pk", flat=True)[:BITE]):
        stopped += len(cancel(ids=found, reason=reason, detail=detail))
    return stopped


def cancel_for_opt_out(*, contact_ids: Collection[UUID], address: str = "") -> list[UUID]:
    """Stop everything for people who opted out, except what goes out despite that (the confirmation).

    With ``address`` only what goes there, also where nobody is known to have
    it. Called inside the transaction that records the opt-out.
    """
    meant = Q(contact__in=contact_ids)
    if address:
        meant = Q(meant, address=address) | Q(contact__isnull=True, address=address)
    wanted = Delivery.objects.filter(meant, despite_opt_out=False)
    return _cancel(wanted, reason="opted_out", detail="The person opted out.")


def blank(*, contact_ids: Collection[UUID], addresses: Collection[str] = ()) -> int:
    """Erase addresses, texts and options from the deliveries of people who asked to be forgotten.

    Also from those to ``addresses`` of which nobody knew whose they are. That
    there was a delivery, and what became of it, stays. How many rows it was.
    """
    of_them = Q(contact__in=contact_ids)
    if addresses:
        of_them |= Q(contact__isnull=True, address__in=addresses)
    rows = Delivery.objects.filter(of_them)
    # Callers of the SMS interface tell the occasions of one request apart by the number.
    nameless = Concat(Value("forgotten:"), Cast("pk", CharField()))
    rows.filter(slot_key=F("address")).exclude(address="").update(slot_key=nameless)
    return rows.update(address="", text="", options={}, detail="")


def remove(*, ids: Collection[UUID], source: str) -> int:
    """Delete deliveries of one source that have come to their end; how many.

    Their occasions may then come again, so this is only for causes that never repeat.
    """
    ended = [state for state in State if state not in (State.QUEUED, State.CLAIMED, State.HANDED)]
    return (
        Delivery.objects.filter(pk__in=ids, source=source, state__in=ended)
        .delete()[1]
        .get(Delivery._meta.label, 0)
    )


def expire_due(*, now: datetime) -> int:
    """End what is queued, or claimed by a worker long gone, past its ``expires_at``; how many."""
    ended = 0
    while ids := _overdue(now):
        ended += len(advance(State.EXPIRED, [Move(key, now, "expired", "Not sent in time.") for key in ids]))
        if len(ids) < BITE:
            break
    return ended


def _overdue(now: datetime) -> list[UUID]:
    waiting = Delivery.objects.filter(state=State.QUEUED, expires_at__lte=now)
    return list(waiting.order_by("expires_at").values_list("pk", flat=True)[:BITE])


def _cancel(wanted: QuerySet[Delivery], *, reason: str, detail: str) -> list[UUID]:
    with transaction.atomic():
        waiting = wanted.filter(state__in=[State.QUEUED, State.CLAIMED])
        ids: Iterable[UUID] = waiting.values_list("pk", flat=True)
        now = timezone.now()
        stopped = advance(State.CANCELLED, [Move(key, now, reason, detail) for key in ids])
        if stopped:
            record(Entry.Act.STOP, model=Delivery._meta.label_lower, reason=reason, cancelled=len(stopped))
        return stopped
