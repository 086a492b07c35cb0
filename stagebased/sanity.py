"""Rules about programmes."""

from __future__ import annotations

from collections.abc import Iterator

from django.db.models import Exists, OuterRef, Q

from accounts.sanity import Finding, among, of, register
from stagebased.errors import Refused
from stagebased.models import BinaryContent, Message, MessageSet, Schedule, Subscription
from stagebased.operations.content import check_schedule

_RUNNING = Subscription.objects.filter(active=True, completed=False)


def _nothing_left() -> Finding:
    left = Message.objects.filter(
        messageset=OuterRef("messageset"), sequence_number__gte=OuterRef("next_sequence_number")
    )
    return among(_RUNNING.filter(~Exists(left)))


def _never_due() -> Iterator[int]:
    for schedule in Schedule.objects.order_by("pk"):
        try:
            check_schedule(schedule)
        except Refused:
            yield schedule.pk


def _in_circles() -> Iterator[str]:
    """Sets that lead back to themselves though none of the circle says that it repeats."""
    rows = MessageSet.objects.order_by("short_name").values_list("pk", "short_name", "next_set", "repeats")
    sets = {key: (name, following, repeats) for key, name, following, repeats in rows}
    for key, (name, following, declared) in sets.items():
        seen = set()
        while following in sets and following != key and following not in seen:
            seen.add(following)
            declared = declared or sets[following][2]
            following = sets[following][1]
        if following == key and not declared:
            yield name


def _lost_files() -> Iterator[int]:
    for record in BinaryContent.objects.order_by("pk").iterator():
        if not record.content.storage.exists(record.content.name or ""):
            yield record.pk


register(
    "stagebased.completed",
    "Subscriptions are complete and active at once: neither is sent anything.",
    lambda: among(Subscription.objects.filter(active=True, completed=True)),
)
register(
    "stagebased.preparation",
    "Subscriptions run on a message set in preparation.",
    lambda: among(_RUNNING.filter(~Q(messageset__state=MessageSet.State.ACTIVE))),
)
register(
    "stagebased.past_the_end",
    "Subscriptions run on, and their set has no message left for them.",
    _nothing_left,
)
register("stagebased.schedules", "Schedules are never due.", lambda: of(_never_due()))
register(
    "stagebased.circles",
    "Message sets follow each other for ever, and none says so.",
    lambda: of(_in_circles()),
)
register("stagebased.files", "Files are missing from the storage.", lambda: of(_lost_files()))
