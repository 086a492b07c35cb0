"""Writing the recipients down, a batch at a time."""

from __future__ import annotations

import csv
import io
from collections.abc import Collection, Iterator, Sequence
from itertools import islice
from typing import Any, NamedTuple
from uuid import UUID

from django.db.models import QuerySet

from broadcasts.models import Broadcast, Recipient
from contacts.models import Address, Membership
from contacts.numbers import InvalidNumber, parse_msisdn
from contacts.sql import best_address_sql, opted_out_sql
from outbox import sets
from outbox.channels import channel
from stagebased.models import Subscription

Audience = Broadcast.Audience
#: Recipients of one transaction.
BATCH = 2000
#: Lines of a list that are shown with what is wrong with them; the others are counted.
PROBLEMS = 200

_PEOPLE = """
SELECT CAST(c.id AS text), c.language, c.timezone, {address}, {closed}
  FROM contacts_contact c WHERE c.id IN {ids} ORDER BY c.id
"""


class Person(NamedTuple):
    """Somebody who may get it. Without an address ``closed`` says whether an opt-out is why."""

    contact_id: UUID | None
    language: str
    timezone: str
    address: str
    closed: bool = False


def next_batch(broadcast: Broadcast, langs: Sequence[str]) -> bool:
    """Write the next recipients down and move the cursor on; whether there may be more.

    A fixed number of statements. Whoever is there already is left out, so a
    batch that is repeated adds nobody.
    """
    if broadcast.audience == Audience.LIST:
        people, more = _listed(broadcast)
    else:
        people, more = _known(broadcast)
    rows = [_recipient(broadcast, person, langs) for person in people]
    Recipient.objects.bulk_create(rows, ignore_conflicts=True)
    return more


def _recipient(broadcast: Broadcast, person: Person, langs: Sequence[str]) -> Recipient:
    lang = choose(person.language, langs, broadcast.default_language)
    reason = "" if person.address else "opted_out" if person.closed else "no_address"
    reason = reason or ("" if lang else "no_text")
    return Recipient(
        broadcast=broadcast, contact_id=person.contact_id, lang=lang, timezone=person.timezone, reason=reason,
        # Who gets nothing must not stand in the way of somebody else with the same number.
        address="" if reason else person.address,
    )  # fmt: skip


def choose(wanted: str, langs: Sequence[str], default: str) -> str:
    """The language of the text for somebody: their own, else its base language's, else the default."""
    if wanted in langs:
        return wanted
    base = wanted.replace("-", "_").partition("_")[0]
    near = (lang for lang in langs if base and lang.replace("-", "_").partition("_")[0] == base)
    return next(near, default)


# --- people we know ---------------------------------------------------------------------


def _known(broadcast: Broadcast) -> tuple[list[Person], bool]:
    ids = _next_ids(broadcast)
    if not ids:
        return [], False
    broadcast.cursor = str(ids[-1])
    return list(_people(ids, channel(broadcast.channel).address_kind).values()), len(ids) == BATCH


def _people(ids: Collection[UUID], kind: str) -> dict[UUID, Person]:
    """Those of them whom we know, by id, with their addresses of that kind. One statement."""
    chosen = sets.ids_in(ids)
    account = "CASE WHEN c.opted_out_at IS NULL THEN CAST(c.user_id AS text) END"
    statement = _PEOPLE.format(
        ids=chosen.sql,
        # The kind is the channel's own word, never input.
        address=account if kind == "account" else best_address_sql("c", f"'{kind}'"),
        closed="c.opted_out_at IS NOT NULL" if kind == "account" else opted_out_sql("c", f"'{kind}'"),
    )
    rows = sets.fetch(statement, chosen.params)
    people = (Person(UUID(key), lang, zone, to or "", bool(closed)) for key, lang, zone, to, closed in rows)
    return {person.contact_id: person for person in people if person.contact_id}


def _next_ids(broadcast: Broadcast) -> list[UUID]:
    """Whom it goes to, in the order of their ids."""
    rows: QuerySet[Any, UUID]
    if broadcast.audience == Audience.GROUP:
        rows = Membership.objects.filter(group=broadcast.group_id).values_list("contact_id", flat=True)
    else:
        running = Subscription.objects.filter(
            messageset=broadcast.messageset_id, active=True, completed=False
        )
        rows = running.values_list("contact_id", flat=True).distinct()
    if broadcast.cursor:
        rows = rows.filter(contact_id__gt=UUID(broadcast.cursor))
    return list(rows.order_by("contact_id")[:BATCH])


# --- a list -----------------------------------------------------------------------------


def _listed(broadcast: Broadcast) -> tuple[list[Person], bool]:
    """The next lines of the list. The cursor is the number of lines read."""
    done = int(broadcast.cursor or 0)
    with broadcast.upload.open("rb") as file:
        text = io.TextIOWrapper(file, encoding="utf-8-sig", errors="replace", newline="")
        lines = list(islice(csv.reader(_without_nul(text)), done, done + BATCH))
    broadcast.cursor = str(done + len(lines))
    read = (_line(broadcast, done + at, cells) for at, cells in enumerate(lines, start=1))
    return _with_people(broadcast, [line for line in read if line]), len(lines) == BATCH


class Line(NamedTuple):
    """Whom a line of the list names: by number (E.164) or by identity."""

    at: int
    number: str
    identity: UUID | None
    language: str


def _without_nul(lines: Iterator[str]) -> Iterator[str]:
    return (line.replace("\x00", "") for line in lines)


def _line(broadcast: Broadcast, at: int, cells: Sequence[str]) -> Line | None:
    """What a line says; None for an empty one, a heading, or one that is wrong."""
    words = [cell.strip() for cell in cells]
    if not any(words) or (at == 1 and not any(char.isdigit() for char in words[0])):
        return None
    number, identity = "", _identity(words[0])
    try:
        number = "" if identity else parse_msisdn(words[0].replace(" ", "").replace("-", ""))
    except InvalidNumber as error:
        _complain(broadcast, at, error.message)
        return None
    language = words[1] if len(words) > 1 else ""
    if len(language) > 6:
        _complain(broadcast, at, "The second column is a language like eng_ZA, or empty.")
        return None
    return Line(at, number, identity, language)


def _identity(word: str) -> UUID | None:
    # Longer than any number.
    if len(word) not in (32, 36):
        return None
    try:
        return UUID(word)
    except ValueError:
        return None


def _complain(broadcast: Broadcast, number: int, why: str) -> None:
    """Without the number: problems are shown and kept."""
    broadcast.problem_count += 1
    if len(broadcast.problems) < PROBLEMS:
        broadcast.problems.append([number, why])


def _with_people(broadcast: Broadcast, lines: Sequence[Line]) -> list[Person]:
    """Whom the lines mean. A fixed number of statements. Opt-outs are looked at when it is queued.

    Where the channel reaches numbers, a number on the list is where it goes, whether anybody is known to
    have it or not. Any other channel reaches only people we know.
    """
    kind, owner = channel(broadcast.channel).address_kind, _owners([line.number for line in lines])
    named = {line: line.identity or owner.get(line.number) for line in lines}
    people = _people({key for key in named.values() if key}, kind)
    listed, seen = [], set[UUID]()
    for line, key in named.items():
        person = people.get(key) if key else None
        if line.number and kind == Address.Kind.MSISDN:
            listed.append(_at_number(line, person, is_new=bool(person and key not in seen)))
        elif person is None:
            _complain(broadcast, line.at, "Nobody is known to have it.")
        elif key not in seen:
            listed.append(person._replace(language=line.language or person.language))
        seen |= {key} if person and key else set()
    return listed


def _at_number(line: Line, person: Person | None, *, is_new: bool) -> Person:
    return Person(
        person.contact_id if person and is_new else None,
        line.language or (person.language if person else ""),
        person.timezone if person else "",
        line.number,
    )


def _owners(numbers: Collection[str]) -> dict[str, UUID]:
    """Who has these numbers; of several people with one, the longest known."""
    owners = Address.objects.filter(value__in=numbers, kind=Address.Kind.MSISDN, inactive=False)
    return dict(owners.order_by("-contact__created_at", "-contact").values_list("value", "contact"))
