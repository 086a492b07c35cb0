"""Trying again what needed attention."""

from __future__ import annotations

from collections import defaultdict
from collections.abc import Collection
from dataclasses import dataclass, replace
from datetime import datetime
from uuid import UUID

from django.db import transaction
from django.utils import timezone

from outbox import operations as outbox
from outbox import sets, wake
from outbox.models import Delivery
from stagebased import attention
from stagebased.attention import Filter, Item
from stagebased.models import Subscription
from stagebased.operations.audit import Author
from stagebased.operations.send import send_each
from stagebased.operations.stopping import make_ready, resume
from stagebased.operations.which import Which
from stagebased.planner import sql
from stagebased.steps import QUEUED

#: Most that one call tries again, and most in one transaction; what is left stays on the list.
MOST, BITE = 10_000, 1000
#: What is not a matter of sending.
_LET_GO = {attention.FAILURES: resume, attention.NOT_READY: make_ready}


@dataclass
class Requeued:
    """What came of it: messages that wait to go out, those that still cannot, subscriptions that go on."""

    queued: int = 0
    refused: int = 0
    resumed: int = 0

    def __add__(self, other: Requeued) -> Requeued:
        return Requeued(
            self.queued + other.queued, self.refused + other.refused, self.resumed + other.resumed
        )


def requeue(*, which: Filter, author: Author, now: datetime | None = None, most: int = MOST) -> Requeued:
    """Try those of the list again at once, the latest ``most`` of them.

    Where no message could be made or the slot was missed, the next message is
    made now; where the gateway refused one or it came too late, that one is
    repeated; who was given up goes on from the next slot. Those whose status
    keeps them are let go on only when that reason is asked for: somebody set
    it. What still cannot be sent is on the list again with its reason.
    """
    now = now or timezone.now()
    found = attention.items(attention.listed(which, now=now)[:most])
    if which.reason != attention.NOT_READY:
        found = [item for item in found if item.reason != attention.NOT_READY]
    done = Requeued()
    for start in range(0, len(found), BITE):
        done += _again(found[start : start + BITE], which, author, now)
    wake.nudge()
    return done


@transaction.atomic
def _again(listed: list[Item], which: Filter, author: Author, now: datetime) -> Requeued:
    keys = _locked([item.subscription_id for item in listed])
    # Looked at anew now that nobody else can try them: of two calls at once the second finds nothing.
    found = attention.items(attention.listed(replace(which, subscription_ids=keys), now=now))
    repeated, rest = _repeated(found)
    by_reason: dict[str, list[UUID]] = defaultdict(list)
    for item in rest:
        by_reason[item.reason if item.reason in _LET_GO else ""].append(item.subscription_id)
    sent = send_each(subscription_ids=by_reason.pop("", []), now=now)
    done = Requeued(queued=repeated + sum(step.state == QUEUED for step in sent))
    for reason, chosen in by_reason.items():
        gone_on = _LET_GO[reason](which=Which(subscription_ids=chosen), author=author, now=now)
        done.resumed += len(gone_on)
    done.refused = len(found) - done.queued - done.resumed
    return done


def _locked(keys: Collection[UUID]) -> list[UUID]:
    rows = Subscription.objects.filter(pk__in=keys).order_by("pk")
    return list(rows.select_for_update(no_key=True).values_list("pk", flat=True))


def _repeated(found: list[Item]) -> tuple[int, list[Item]]:
    """Repeat the messages that there were; how many wait again, and the items without one."""
    shown = [item.delivery_id for item in found if item.delivery_id is not None]
    rows = Delivery.objects.filter(pk__in=shown).exclude(text="").values_list("pk", "cause")
    causes = dict(rows)
    if not causes:
        return 0, found
    best = {
        UUID(candidate.key): candidate.address
        for candidate in sql.candidates_by_id([sets.id_value(key) for key in causes.values()])
    }
    addresses = {key: address for key, cause in causes.items() if (address := best.get(cause))}
    again = outbox.send_again(ids=causes, addresses=addresses)
    queued = sum(one.state == Delivery.State.QUEUED for one in again)
    return queued, [item for item in found if item.delivery_id not in causes]
