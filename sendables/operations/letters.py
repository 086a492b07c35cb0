"""Many sendables to one person each, in a fixed number of statements."""

from __future__ import annotations

from collections import Counter
from collections.abc import Sequence
from typing import Any, NamedTuple
from uuid import UUID

from django.db import transaction
from django.utils import timezone

from outbox import sets
from sendables.entities import entity
from sendables.models import Inbox, Notice, NoticeReceipt
from sendables.operations.inboxes import announce
from sendables.selectors.audience import named
from sendables.signals import inboxes_changed
from sendables.sql import quoted

# In user order, as everywhere, so that sends to the same people wait for each other.
_NOTE = """
INSERT INTO {inbox} AS box (user_id, entity, unread, version)
SELECT given.person, %s, given.unread, given.number FROM {given} AS given WHERE true ORDER BY given.person
ON CONFLICT (user_id, entity)
DO UPDATE SET unread = box.unread + excluded.unread, version = box.version + excluded.version
RETURNING user_id, version
"""


class Letter(NamedTuple):
    """A notice to one person. The same ``delivery`` arrives once, however often it is sent."""

    delivery: UUID
    person: int
    content: str


@transaction.atomic
def send_letters(letters: Sequence[Letter]) -> set[UUID]:
    """Deliver the letters; the deliveries that are in an inbox now, also from an earlier time.

    Letters to accounts that do not exist are left out. The caller sees to it
    that no two workers have the same delivery in hand.
    """
    earlier = Notice.objects.filter(delivery__in=[letter.delivery for letter in letters])
    there: set[Any] = set(earlier.values_list("delivery", flat=True))
    people = set(named({letter.person for letter in letters}).values_list("pk", flat=True))
    new = [letter for letter in letters if letter.delivery not in there and letter.person in people]
    if new:
        _deliver(new)
    return there | {letter.delivery for letter in new}


def _deliver(letters: Sequence[Letter]) -> None:
    now, kind = timezone.now(), entity("notice")
    numbers = Counter(letter.person for letter in letters)
    places = note_arrivals(
        kind.name, [Arrivals(person, number, number) for person, number in numbers.items()]
    )
    notices = Notice.objects.bulk_create(
        Notice(content=letter.content, sent_on=now, delivery=letter.delivery) for letter in letters
    )
    receipts = []
    for notice, letter in zip(notices, letters, strict=True):
        place = places[letter.person] = places[letter.person] + 1
        receipts.append(NoticeReceipt(sendable=notice, recipient_id=letter.person, sent_on=now, place=place))
    NoticeReceipt.objects.bulk_create(receipts)
    announce(inboxes_changed, entity=kind.name, users=sorted(places))


class Arrivals(NamedTuple):
    """How many receipts one person is about to get, and how many of them unread."""

    person: int
    number: int
    unread: int


def note_arrivals(entity_name: str, arrivals: Sequence[Arrivals]) -> dict[Any, int]:
    """Count what arrives in the inboxes; by person, the place after which it does."""
    if not arrivals:
        return {}
    given = sets.records(sorted(arrivals), person="bigint", number="int", unread="int")
    sql = _NOTE.format(inbox=quoted(Inbox), given=given.sql)
    numbers = {each.person: each.number for each in arrivals}
    after = sets.fetch(sql, [entity_name, *given.params])
    return {person: version - numbers[person] for person, version in after}
