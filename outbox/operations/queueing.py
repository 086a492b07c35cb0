"""Wishing for deliveries, once per occasion."""

from __future__ import annotations

import re
from collections import Counter
from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass, field
from datetime import datetime
from typing import Any, NamedTuple, Protocol, Required, TypedDict, Unpack
from uuid import UUID

from django.db import transaction
from django.utils import timezone

from audit.models import Entry
from audit.operations import of_contact, record
from contacts.models import Contact
from outbox import channels, counts, repeats
from outbox.channels import Refusal
from outbox.ids import new_delivery_id
from outbox.inserting import insert_new
from outbox.models import Delivery
from outbox.moves import DETAIL_MOST, announce
from outbox.optouts import Person, opted_out
from outbox.repeats import Terms

State = Delivery.State
#: Longest slot_key of a caller; the column keeps room for the mark of a repeat.
SLOT_KEY_MOST = 140
#: Rows of one INSERT.
BITE = 1000
_REPEAT = re.compile(r"~([0-9]{1,4})\Z")
#: No database column takes these: NUL, and half a surrogate pair alone.
_UNSTORABLE = re.compile("[\x00\ud800-\udfff]")


class Occasion(NamedTuple):
    """What makes a delivery the same one, in the order of the unique index."""

    cause: UUID
    slot_key: str
    source: str


class Wish(TypedDict, total=False):
    """The arguments of ``queue``: the fields of ``NewDelivery``."""

    source: Required[str]
    cause: Required[UUID]
    slot_key: Required[str]
    address: Required[str]
    text: str
    channel: str
    gateway: str
    contact: Contact | UUID | None
    created_by: int | None
    options: dict[str, Any]
    priority: int
    not_before: datetime | None
    closes_at: datetime | None
    expires_at: datetime | None
    despite_opt_out: bool


class Refused(Exception):
    """This delivery can never go out; nothing was stored. ``code`` is stable, ``detail`` is for people."""

    def __init__(self, code: str, detail: str = "") -> None:
        super().__init__(f"{code}: {detail}")
        self.code, self.detail = code, detail


@dataclass(frozen=True, kw_only=True)
class NewDelivery:
    """A delivery wished for. ``(source, cause, slot_key)`` is its occasion; see ``outbox.Delivery``.

    ``contact`` may be the person or their id. An empty ``gateway`` is the
    channel's usual one; ``not_before`` left out means now.
    """

    source: str
    cause: UUID
    slot_key: str
    address: str
    text: str = ""
    channel: str = "sms"
    gateway: str = ""
    contact: Contact | UUID | None = None
    created_by: int | None = None
    options: dict[str, Any] = field(default_factory=dict)
    priority: int = Delivery.Priority.NORMAL
    not_before: datetime | None = None
    closes_at: datetime | None = None
    expires_at: datetime | None = None
    despite_opt_out: bool = False

    @property
    def occasion(self) -> Occasion:
        return Occasion(self.cause, self.slot_key, self.source)

    @property
    def person(self) -> Person:
        return Person(self.contact.pk if isinstance(self.contact, Contact) else self.contact, self.address)


def queue(**wish: Unpack[Wish]) -> tuple[Delivery, bool]:
    """Queue one delivery; the row, and whether it is new.

    The same occasion again, also at the same moment elsewhere, gives the
    existing row and ``False``. Somebody who opted out gets a row that is
    *skipped*, reason ``opted_out``. Raises ``Refused``, with nothing stored,
    for what its channel can never send.
    """
    wished = NewDelivery(**wish)
    verdict = _Examiner()(wished)
    if isinstance(verdict, Refusal):
        raise Refused(verdict.code, verdict.detail)
    [result] = queue_many(rows=[wished])
    return result


class Claimant(Protocol):
    """Whoever hands some of the rows over at once; see ``outbox.express``."""

    def claim(self, rows: Sequence[Delivery]) -> None:
        """Make those of the rows that are about to be stored its own."""

    def note_stored(self, places: Mapping[UUID, str]) -> None:
        """Those that are stored now, with where (``outbox.claims``)."""


def queue_many(
    *, rows: Iterable[NewDelivery], claimant: Claimant | None = None
) -> list[tuple[Delivery, bool]]:
    """Queue many; for each, in order, its row and whether it is new.

    Like ``queue``, but what its channel can never send is stored as *failed*
    with the reason. A fixed number of statements per 1000 rows.
    """
    wished = list(rows)
    results: list[tuple[Delivery, bool]] = []
    with transaction.atomic(savepoint=False):
        for start in range(0, len(wished), BITE):
            results += _queue_bite(wished[start : start + BITE], claimant)
        _put_on_record(results)
    return results


def _put_on_record(results: Sequence[tuple[Delivery, bool]]) -> None:
    """One entry for all that somebody sends at once: how many of each state, for whom where it is one."""
    new = [row for row, is_new in results if is_new]
    if not new:
        return
    causes, people = {row.cause for row in new}, {row.contact_id for row in new}
    only, person = next(iter(causes)), next(iter(people))
    record(
        Entry.Act.SEND,
        model=Delivery._meta.label_lower,
        object_id=only if len(causes) == 1 else "",
        subject=of_contact(person) if len(people) == 1 and person else "",
        sources=sorted({row.source for row in new}),
        channels=sorted({row.channel for row in new}),
        **Counter(_counted(row) for row in new),
    )


def send_again(
    *, ids: Iterable[UUID], created_by: int | None = None, addresses: Mapping[UUID, str] | None = None
) -> list[Delivery]:
    """Repeat deliveries that ended short: the new ones.

    A delivery's end is final and its id has been used as a file name, so a
    repeat is a delivery of its own: same cause, with a slot key derived from
    that of the one repeated (``…~1``, then ``…~2``). Hence each delivery is
    repeated at most once, however often somebody clicks; a repeat that failed
    can be repeated in turn. Only *failed*, *expired* and *cancelled* ones are
    taken, and of those what its app lets go (``outbox.repeats``); the others are
    passed over. ``addresses`` says, by delivery, where to instead, for people
    who have another address by now.
    """
    ended = list(
        Delivery.objects.filter(pk__in=list(ids), state__in=[State.FAILED, State.EXPIRED, State.CANCELLED])
    )
    terms = repeats.terms(ended)
    wished = [
        _repeat(row, terms[row.pk], created_by, (addresses or {}).get(row.pk))
        for row in ended
        if row.pk in terms
    ]
    return [row for row, new in queue_many(rows=wished) if new]


def _repeat(row: Delivery, terms: Terms, created_by: int | None, address: str | None) -> NewDelivery:
    found = _REPEAT.search(row.slot_key)
    base, count = (row.slot_key[: found.start()], int(found[1])) if found else (row.slot_key, 0)
    return NewDelivery(
        source=row.source, cause=row.cause, slot_key=f"{base}~{count + 1}", contact=row.contact_id,
        address=address or row.address, text=row.text, channel=row.channel, gateway=row.gateway,
        priority=row.priority, options=row.options, despite_opt_out=row.despite_opt_out,
        created_by=created_by or row.created_by_id, **terms._asdict(),
    )  # fmt: skip


class _Examiner:
    """Asks channels about texts; equal texts of a batch are examined once."""

    def __init__(self) -> None:
        self._seen: dict[tuple[str, str, str], int | Refusal] = {}

    def __call__(self, wished: NewDelivery) -> int | Refusal:
        if unfit := _unfit(wished):
            return unfit
        key = (wished.channel, wished.text, repr(wished.options))
        if key not in self._seen:
            self._seen[key] = channels.channel(wished.channel).examine(wished.text, wished.options)
        return self._seen[key]


def _unfit(wished: NewDelivery) -> Refusal | None:
    """What no channel needs to be asked about."""
    if wished.channel not in channels.channel_names():
        return Refusal("unknown_channel", f"This installation has no channel {wished.channel!r}.")
    if wished.gateway and wished.gateway not in channels.channel(wished.channel).gateways():
        return Refusal("unknown_gateway", f"This installation has no gateway {wished.gateway!r}.")
    if not wished.address:
        return Refusal("no_address", "There is no address to send to.")
    if not _storable(wished.text):
        return Refusal("bad_text", "The text holds a NUL or half a surrogate pair.")
    return None


def _storable(text: str) -> bool:
    return not _UNSTORABLE.search(text)


def _queue_bite(wished: Sequence[NewDelivery], claimant: Claimant | None) -> list[tuple[Delivery, bool]]:
    """One INSERT that leaves out occasions already there; those are looked up."""
    now = timezone.now()
    examine, out = _Examiner(), _opted_out(wished)
    made = [_row(new, examine(new), now, skipped=_stopped(new, out)) for new in wished]
    if claimant is not None:
        claimant.claim(made)
    stored = insert_new(made)
    if claimant is not None:
        claimant.note_stored(stored)
    _tell([row for row in made if row.pk in stored])
    earlier = _existing([new.occasion for new, row in zip(wished, made, strict=True) if row.pk not in stored])
    return [
        (row, True) if row.pk in stored else (earlier[new.occasion], False)
        for new, row in zip(wished, made, strict=True)
    ]


def _opted_out(wished: Sequence[NewDelivery]) -> set[tuple[str, Person]]:
    out: set[tuple[str, Person]] = set()
    for name in {new.channel for new in wished} & set(channels.channel_names()):
        asked = [new.person for new in wished if new.channel == name and not new.despite_opt_out]
        out |= {(name, person) for person in opted_out(asked, kind=channels.channel(name).address_kind)}
    return out


def _stopped(new: NewDelivery, out: set[tuple[str, Person]]) -> bool:
    return not new.despite_opt_out and (new.channel, new.person) in out


def _row(new: NewDelivery, verdict: int | Refusal, now: datetime, *, skipped: bool) -> Delivery:
    if len(new.slot_key) > SLOT_KEY_MOST + 5:
        raise ValueError(f"slot_key: longer than {SLOT_KEY_MOST} characters")
    row = Delivery(
        id=new_delivery_id(), source=new.source, cause=new.cause, slot_key=new.slot_key,
        contact_id=new.person.contact_id, created_by_id=new.created_by, channel=new.channel,
        gateway=new.gateway or _default_gateway(new.channel), priority=new.priority, address=new.address,
        text=new.text if _storable(new.text) else "", options=new.options,
        despite_opt_out=new.despite_opt_out,
        not_before=new.not_before or now, closes_at=new.closes_at, expires_at=new.expires_at, created_at=now,
    )  # fmt: skip
    if isinstance(verdict, Refusal):
        _end(row, State.FAILED, verdict.code, verdict.detail, now)
    elif skipped:
        _end(row, State.SKIPPED, "opted_out", "The person opted out.", now)
    else:
        row.parts = verdict
    return row


def _end(row: Delivery, state: str, reason: str, detail: str, now: datetime) -> None:
    row.state, row.reason, row.detail, row.ended_at = state, reason, detail[:DETAIL_MOST], now


def _default_gateway(name: str) -> str:
    return channels.channel(name).default_gateway if name in channels.channel_names() else name


def _tell(rows: Sequence[Delivery]) -> None:
    entries = Counter(counts.Entry(_counted(row), row.channel, row.gateway, row.reason) for row in rows)
    if entries:
        counts.add(entries, at=timezone.now())
    for state in sorted({row.state for row in rows}):
        of_state = [row for row in rows if row.state == state]
        origins = {row.pk: row.origin for row in of_state if row.origin is not None}
        announce(state, [row.pk for row in of_state], origins=origins)


def _counted(row: Delivery) -> str:
    """As what it is counted: one that is claimed from the start was queued as well."""
    return State.QUEUED if row.state == State.CLAIMED else row.state


def _existing(occasions: Sequence[Occasion]) -> dict[Occasion, Delivery]:
    """The rows of these occasions. ``cause`` alone is asked for: it tells nearly all rows apart."""
    if not occasions:
        return {}
    wanted = set(occasions)
    rows = Delivery.objects.filter(
        cause__in={o.cause for o in wanted},
        slot_key__in={o.slot_key for o in wanted},
        source__in={o.source for o in wanted},
    )
    found = {Occasion(row.cause, row.slot_key, row.source): row for row in rows}
    return {occasion: row for occasion, row in found.items() if occasion in wanted}
