"""Who is on which set, and where."""

from __future__ import annotations

from collections.abc import Callable, Collection
from typing import Any
from uuid import UUID

from django.db import transaction

from accounts.elsewhere import Elsewhere, Report
from audit.models import Entry
from audit.operations import record as put_on_record
from audit.operations import summed_up
from contacts.models import Contact
from contacts.operations.moving import ensure_people
from stagebased.models import MessageSet, Subscription
from stagebased.operations.content.drafts import MOST_NUMBER, language_problem
from stagebased.operations.moving.content import Moved

SUBSCRIPTIONS = "subscriptions_subscription"
_COLUMNS = (
    "id", "identity", "version", "messageset_id", "schedule_id", "lang", "initial_sequence_number",
    "next_sequence_number", "active", "completed", "process_status", "metadata", "created_at", "updated_at",
)  # fmt: skip
#: What a second run compares.
_POSITION = (
    "contact_id", "messageset_id", "schedule_id", "lang", "next_sequence_number", "active", "completed",
    "process_status",
)  # fmt: skip
_SMALLINT = 2**15


class Subscriptions:
    """``moved`` is what ``Content`` has brought in."""

    def __init__(self, source: Elsewhere, report: Report, moved: Moved) -> None:
        self.source, self.report, self.moved = source, report, moved
        exclusive = MessageSet.objects.filter(one_active=True).values_list("pk", flat=True)
        self.exclusive = frozenset(exclusive)

    def move(self, *, dry_run: bool, told: Callable[[int], object]) -> None:
        """All of them, each batch a transaction; ``told`` hears how many records each was."""
        for batch in self.source.records(SUBSCRIPTIONS, _COLUMNS):
            with transaction.atomic():
                self._batch(batch, dry_run=dry_run)
            told(len(batch))

    def _batch(self, batch: list[dict[str, Any]], *, dry_run: bool) -> None:
        here = Subscription.objects.in_bulk([record["id"] for record in batch])
        read = [one for one in map(self._read, batch) if one is not None]
        for one in read:
            if one.pk in here:
                self._compare(one, here[one.pk])
        made = self._alone([one for one in read if one.pk not in here])
        people = {one.contact_id: one.lang for one in made}
        strangers = people.keys() - set(Contact.objects.filter(pk__in=people).values_list("pk", flat=True))
        self.report.new("subscription", len(made))
        self.report.new("person known by identity alone", len(strangers))
        if dry_run or not made:
            return
        ensure_people(languages={key: people[key] for key in strangers})
        with summed_up():
            Subscription.objects.bulk_create(made)
        put_on_record(
            Entry.Act.CREATE, model=Subscription._meta.label_lower, count=len(made), source=SUBSCRIPTIONS
        )

    def _read(self, record: dict[str, Any]) -> Subscription | None:
        """The record as one of ours; None, with the reason told, where it cannot be one."""
        problem = self._problem(record)
        if problem:
            self.report.refuse("subscription", record["id"], problem)
            return None
        identity = record.pop("identity")
        return Subscription(
            **record | {
                "contact_id": UUID(identity),
                "metadata": self.source.json(record["metadata"]),
                # Before there was such a column everybody began at the first message.
                "initial_sequence_number": record.get("initial_sequence_number") or 1,
                "exclusive": record["messageset_id"] in self.exclusive,
            }
        )  # fmt: skip

    def _problem(self, record: dict[str, Any]) -> str:
        if not _is_uuid(record["identity"]):
            return "its identity is no UUID"
        if record["messageset_id"] not in self.moved.sets:
            return f"its set {record['messageset_id']} was refused"
        if record["schedule_id"] not in self.moved.schedules:
            return f"its schedule {record['schedule_id']} was refused"
        positions = (record["next_sequence_number"], record.get("initial_sequence_number") or 1)
        if not all(1 <= position <= MOST_NUMBER for position in positions):
            return f"its position is {positions[0]}, begun at {positions[1]}; messages count from 1"
        if not isinstance(self.source.json(record["metadata"]), dict | None):
            return "its metadata are no object"
        if not -_SMALLINT <= record["process_status"] < _SMALLINT:
            return f"its process status is {record['process_status']}"
        return language_problem(record["lang"]) or ""

    def _compare(self, there: Subscription, here: Subscription) -> None:
        other = [name for name in _POSITION if getattr(there, name) != getattr(here, name)]
        if other:
            self.report.differ("subscription", here.pk, f"another {', '.join(other)} here")
        else:
            self.report.known("subscription")

    def _alone(self, wanted: list[Subscription]) -> list[Subscription]:
        """Without those that would be somebody's second on a set which nobody can be on twice."""
        runs = Subscription.objects.filter(exclusive=True, active=True, completed=False)
        taken = set(
            runs.filter(contact__in=_people(wanted)).values_list("contact", "messageset")
            if self.exclusive else ()
        )  # fmt: skip
        alone = []
        for one in wanted:
            place = (one.contact_id, one.messageset_id)
            if one.exclusive and one.active and not one.completed:
                if place in taken:
                    self.report.refuse("subscription", one.pk, "the person is on this set already")
                    continue
                taken.add(place)
            alone.append(one)
        return alone


def _people(wanted: Collection[Subscription]) -> set[UUID]:
    return {one.contact_id for one in wanted}


def _is_uuid(text: Any) -> bool:
    try:
        return str(UUID(str(text))) == str(text).lower()
    except ValueError:
        return False
