"""Who does not want to hear from whom."""

from __future__ import annotations

from collections.abc import Iterable
from typing import Any

from django.db import transaction

from accounts.models import User
from sendables.models import Block
from sendables.selectors.audience import named
from sendables.sql import Among


@transaction.atomic
def block(*, blocker: User, people: Iterable[Any], key_name: str = "id") -> int:
    """Block these people, by key; how many of them exist. Blocking again changes nothing.

    From then on no message goes between them in either direction; what was
    sent before stays.
    """
    known = list(named(people, key_name=key_name).exclude(pk=blocker.pk).values_list("pk", flat=True))
    Block.objects.bulk_create(
        [Block(blocker=blocker, blocked_id=pk) for pk in known], ignore_conflicts=True, batch_size=1000
    )
    return len(known)


def unblock(*, blocker: User, people: Iterable[Any], key_name: str = "id") -> int:
    """Take these people's blocks back; how many that were."""
    ids = list(named(people, key_name=key_name).values_list("pk", flat=True))
    return Block.objects.filter(Among("blocked_id", ids), blocker=blocker).delete()[0]


def is_blocked(*, one: User, other: User) -> bool:
    """Whether either of the two has blocked the other."""
    pairs = Block.objects.filter(blocker__in=[one, other], blocked__in=[one, other])
    return pairs.exists()
