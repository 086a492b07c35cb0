"""Who is behind: kept as rows, and brought up to date."""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import dataclass
from datetime import datetime
from uuid import UUID

from django.db import connection, transaction
from django.utils import timezone

from outbox import sets
from stagebased import behind
from stagebased.models import BehindSubscription, Subscription
from stagebased.operations.audit import Author
from stagebased.operations.forward import fast_forward
from stagebased.operations.send import send_each
from stagebased.operations.which import Which
from stagebased.steps import QUEUED

#: Most that one call brings up to date, and most in one transaction.
MOST, BITE = 5000, 1000


@dataclass
class CaughtUp:
    """What came of it: for how many it was done, for how many it could not be, and how many are left."""

    done: int = 0
    refused: int = 0
    left: int = 0


_KEEP = """
INSERT INTO stagebased_behindsubscription (
    subscription_id, current_messageset_id, current_sequence_number, messages_behind,
    expected_messageset_id, expected_sequence_number, created_at
)
SELECT found.*, {now} FROM ({found}) AS found WHERE TRUE
    ON CONFLICT DO NOTHING
"""


@transaction.atomic
def find(*, now: datetime) -> int:
    """Look anew for who is behind; how many. Replaces what was found before.

    The rows stay in the database. Two who look at once keep the same ones.
    """
    BehindSubscription.objects.all().delete()
    moment = "%s::timestamptz" if sets.on_postgresql() else "%s"
    count = 0
    with connection.cursor() as cursor:
        for part in behind.statements(now):
            statement = _KEEP.format(found=part.sql, now=moment)
            cursor.execute(statement, [sets.time_value(now), *part.params])
            count += cursor.rowcount
    return count


def fast_forward_all(*, author: Author, now: datetime | None = None, most: int = MOST) -> CaughtUp:
    """Bring those that were found where they should be, without sending anything; some at a time."""
    now, done = now or timezone.now(), CaughtUp()
    for keys in _bites(most):
        with transaction.atomic():
            taken = _take(keys)
            moved = fast_forward(which=Which(subscription_ids=taken), author=author, now=now)
        done.done += len(moved)
        done.refused += len(taken) - len(moved)
    done.left = BehindSubscription.objects.count()
    return done


def send_one_to_each(*, now: datetime | None = None, most: int = MOST) -> CaughtUp:
    """Send each of those that were found its next message at once; some at a time.

    One message for each look, however often this is called: who has had theirs
    is no longer among them until somebody looks again.
    """
    now, done = now or timezone.now(), CaughtUp()
    for keys in _bites(most):
        with transaction.atomic():
            sent = send_each(subscription_ids=_take(keys), now=now)
        queued = sum(step.state == QUEUED for step in sent)
        done.done += queued
        done.refused += len(keys) - queued
    done.left = BehindSubscription.objects.count()
    return done


def _bites(most: int) -> Iterator[list[UUID]]:
    rows = BehindSubscription.objects.order_by("pk").values_list("subscription", flat=True)
    keys = list(rows[:most])
    for start in range(0, len(keys), BITE):
        yield keys[start : start + BITE]


def _take(keys: list[UUID]) -> list[UUID]:
    """Those of them that nobody else has taken meanwhile: their rows go with this transaction."""
    list(Subscription.objects.filter(pk__in=keys).order_by("pk").select_for_update(no_key=True).values("pk"))
    rows = BehindSubscription.objects.filter(subscription__in=keys)
    taken = list(rows.values_list("subscription", flat=True))
    rows.delete()
    return taken
