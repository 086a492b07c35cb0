"""Moving another installation's messages and notices in, each once."""

from __future__ import annotations

from collections import Counter
from collections.abc import Sequence
from dataclasses import dataclass, field
from datetime import datetime
from typing import Any

from django.db import transaction
from django.utils import timezone

from sendables.entities import Entity
from sendables.models import Imported
from sendables.operations.letters import Arrivals, note_arrivals
from sendables.operations.originals import Original, names_in
from sendables.selectors.audience import named

#: Contents brought in with one transaction.
BITE = 500


@dataclass
class Report:
    """What an import did, or would do."""

    contents: int = 0
    receipts: int = 0
    #: Brought in by an earlier import.
    known: int = 0
    #: Nobody holds it there, or nobody of those who do has an account here.
    nobodys: int = 0
    #: User names without an account here.
    strangers: set[str] = field(default_factory=set)


@transaction.atomic
def import_bite(
    kind: Entity, originals: Sequence[Original], *, source: str, report: Report, dry_run: bool
) -> None:
    """Bring these in, except those that ``source`` has brought in before."""
    people = dict(named(names_in(originals), key_name="username").values_list("username", "pk"))
    report.strangers |= names_in(originals) - people.keys()
    keys = [str(one.key) for one in originals]
    earlier = Imported.objects.filter(source=source, entity=kind.name, source_key__in=keys)
    known = set(earlier.values_list("source_key", flat=True))
    report.known += len(known)
    new = [one for one in originals if str(one.key) not in known]
    wanted = [one for one in new if _is_somebodys(kind, one, people)]
    report.nobodys += len(new) - len(wanted)
    contents = kind.content_model._default_manager.bulk_create(
        [_content(kind, one, people) for one in wanted]
    )
    receipts = _receipts(kind, contents, wanted, people)
    kind.receipt_model._default_manager.bulk_create(receipts, batch_size=2000)
    Imported.objects.bulk_create(
        Imported(source=source, entity=kind.name, source_key=str(one.key), sendable_key=str(content.pk))
        for one, content in zip(wanted, contents, strict=True)
    )
    report.contents += len(contents)
    report.receipts += len(receipts)
    if dry_run:
        transaction.set_rollback(True)


def _is_somebodys(kind: Entity, one: Original, people: dict[str, Any]) -> bool:
    if any(name in people for name in one.copies):
        return True
    kept_by_sender = kind.has_sender and not one.removed and one.sender in people
    return kept_by_sender and any(name in people for name in one.sent_to)


def _content(kind: Entity, one: Original, people: dict[str, Any]) -> Any:
    values = {**one.values, "sent_on": one.sent_on}
    if kind.has_sender:
        values["sender_id"] = people.get(one.sender) if one.sender else None
        values["removed_at"] = timezone.now() if one.removed else None
    return kind.content_model(**values)


def _receipts(
    kind: Entity, contents: Sequence[Any], originals: Sequence[Original], people: dict[str, Any]
) -> list[Any]:
    """A receipt for everybody known that it was sent to; a recipient without a copy had deleted it."""
    pairs = [
        (content, one, name)
        for content, one in zip(contents, originals, strict=True)
        for name in sorted({*one.copies, *one.sent_to} & people.keys())
    ]
    all_of = Counter(people[name] for _, _, name in pairs)
    unread = Counter(people[name] for _, one, name in pairs if one.copies.get(name) is False)
    places = note_arrivals(kind.name, [Arrivals(pk, all_of[pk], unread[pk]) for pk in all_of])
    now, receipts = timezone.now(), []
    for content, one, name in pairs:
        pk = people[name]
        places[pk] += 1
        receipts.append(_receipt(kind, content, pk, places[pk], one.copies.get(name), now))
    return receipts


def _receipt(
    kind: Entity, content: Any, reader: Any, place: int, was_read: bool | None, now: datetime
) -> Any:
    return kind.receipt_model(
        sendable=content,
        recipient_id=reader,
        sent_on=content.sent_on,
        place=place,
        read_at=None if was_read is False else now,
        deleted_at=now if was_read is None else None,
    )
