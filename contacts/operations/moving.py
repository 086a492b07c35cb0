"""Moving people in from elsewhere: those of a Seed Identity Store's database, with their opt-outs.

Identities stay what they were. What is known of somebody here already stays;
somebody of whom nothing but the identity is known (whom a subscription has
brought in) is filled in. Of each batch the statements are as many for 500
people as for five.

The tables are ``identities_identity``, ``identities_optout`` and
``identities_optin``; what counts of an opt-out is the flag that each address
has in the details.
"""

from __future__ import annotations

from collections import defaultdict
from collections.abc import Callable, Collection, Mapping, Sequence
from contextlib import suppress
from dataclasses import dataclass, field
from datetime import datetime
from typing import Any
from uuid import UUID, uuid5

from django.db import transaction

from accounts.elsewhere import BITE, Elsewhere, Report
from audit.models import Entry
from audit.operations import record as put_on_record
from audit.operations import summed_up
from contacts import gate
from contacts.details import Description, InvalidDetails, parse_address, read_details, without_faults
from contacts.models import Address, Contact, OptIn, OptOut
from contacts.operations.identities import note_detail_keys
from contacts.operations.people import look_up_at

IDENTITIES, OPT_OUTS, OPT_INS = "identities_identity", "identities_optout", "identities_optin"
SOURCE = "identity-store"
_LINKS = ("communicate_through_id", "operator_id")
_EVERYTHING = (OptOut.Kind.STOPALL, OptOut.Kind.FORGET)
#: Names the opt-outs that are known by an address's flag alone, the same at each run.
_UNSAID = UUID("5f0a5d5e-9f0e-5d53-9d0c-5d1f6a1c2b47")


def ensure_people(*, languages: Mapping[UUID, str]) -> None:
    """See that there are people with these identities, as ``ensure_contact`` does for one. One statement."""
    new = [Contact(pk=key, language=lang, look_up_at=look_up_at()) for key, lang in languages.items()]
    Contact.objects.bulk_create(new, ignore_conflicts=True)


@dataclass
class _Words:
    """What one person has said about being written to, in the order of time."""

    outs: list[OptOut] = field(default_factory=list)
    ins: list[OptIn] = field(default_factory=list)


class Identities:
    """Brings all of them in, with what they said about being written to."""

    def __init__(self, source: Elsewhere, report: Report) -> None:
        self.source, self.report = source, report
        #: Records of those brought in who are reached through somebody, or were registered by somebody.
        self.linked: list[dict[str, Any]] = []

    def move(self, *, dry_run: bool, told: Callable[[int], object]) -> None:
        """Each batch is a transaction; ``told`` hears how many records each was."""
        columns = ["id", "version", "details", "created_at", "updated_at", *_LINKS]
        for batch in self.source.records(IDENTITIES, columns):
            with transaction.atomic():
                self._batch(batch, dry_run=dry_run)
            told(len(batch))
        self._strangers()
        if not dry_run:
            for start in range(0, len(self.linked), BITE):
                self._link(self.linked[start : start + BITE])

    def _batch(self, batch: list[dict[str, Any]], *, dry_run: bool) -> None:
        keys = [record["id"] for record in batch]
        if not dry_run:
            # Before any row is locked: people and their opt-outs are there at once, or not at all.
            gate.exclusive()
        here = Contact.objects.select_for_update(no_key=True).in_bulk(keys)
        having = set(Address.objects.filter(contact__in=here).values_list("contact", flat=True))
        heard = set(OptOut.objects.filter(contact__in=here).values_list("contact", flat=True))
        words = self._words(keys)
        written = _Written()
        for record in batch:
            contact = here.get(record["id"])
            if contact is not None and (
                contact.pk in having | heard or _is_known(contact, record["created_at"])
            ):
                self.report.known("identity")
                continue
            described = self._described(record)
            self.report.new("identity")
            if any(record[name] for name in _LINKS):
                self.linked.append({name: record[name] for name in ("id", *_LINKS)})
            written.add(_person(record, described, contact), described, words[record["id"]], record)
        self.report.new("opt-out", len(written.outs))
        self.report.new("opt-in", len(written.ins))
        if not dry_run:
            written.store(bare=here)

    def _described(self, record: dict[str, Any]) -> Description:
        wire = self.source.json(record["details"])
        if not isinstance(wire, dict):
            self.report.note("identity", record["id"], "its details are no object, and are left out")
            wire = {}
        try:
            return read_details(wire)
        except InvalidDetails as fault:
            self.report.note("identity", record["id"], f"taken in without what is wrong: {fault}")
            return read_details(without_faults(wire))

    def _words(self, keys: Collection[UUID]) -> dict[UUID, _Words]:
        """What these people said: two statements."""
        found: dict[UUID, _Words] = defaultdict(_Words)
        shared = "id, identity_id, address_type, address, request_source, requestor_source_id, created_at"
        of_them, params = "WHERE identity_id = ANY(%s) ORDER BY created_at, id", [list(keys)]
        outs = self.source.rows(f"SELECT {shared}, optout_type, reason FROM {OPT_OUTS} {of_them}", params)  # noqa: S608 - our own words
        for *said, kind, reason in outs:
            if kind in OptOut.Kind.values:
                out = OptOut(**_said(said), kind=kind, reason=reason or "")
                found[out.contact_id].outs.append(out)
            else:
                self.report.refuse("opt-out", said[0], f"its kind {kind!r} is not known here")
        if self.source.columns(OPT_INS):
            for row in self.source.rows(f"SELECT {shared} FROM {OPT_INS} {of_them}", params):  # noqa: S608 - our own words
                opt_in = OptIn(**_said(row))
                found[opt_in.contact_id].ins.append(opt_in)
        return found

    def _strangers(self) -> None:
        """Words of nobody: there, an opt-out may name an address that no identity has."""
        for batch in self.source.records(OPT_OUTS, ["id"], where="identity_id IS NULL"):
            for record in batch:
                self.report.refuse("opt-out", record["id"], "it belongs to no identity")

    @transaction.atomic
    def _link(self, batch: Sequence[dict[str, Any]]) -> None:
        """Whom somebody is reached through, and who registered them, once all are here."""
        others = {record[name] for record in batch for name in _LINKS} - {None}
        there = Contact.objects.in_bulk([record["id"] for record in batch])
        known = set(Contact.objects.filter(pk__in=others).values_list("pk", flat=True))
        for record in batch:
            through, operator = (record[name] if record[name] in known else None for name in _LINKS)
            there[record["id"]].communicate_through_id = through if through != record["id"] else None
            there[record["id"]].operator_id = operator
        with summed_up():
            Contact.objects.bulk_update(there.values(), ["communicate_through", "operator"])


class _Written:
    """What a batch writes."""

    def __init__(self) -> None:
        self.people: list[Contact] = []
        self.addresses: list[Address] = []
        self.outs: list[OptOut] = []
        self.ins: list[OptIn] = []
        self.keys: set[str] = set()

    def add(self, person: Contact, described: Description, words: _Words, record: dict[str, Any]) -> None:
        self.people.append(person)
        self.keys |= described.keys
        since: datetime = record["updated_at"]
        outs = words.outs
        _settle(outs, words.ins, described, since)
        person.opted_out_at = next(
            (out.created_at for out in outs if out.kind in _EVERYTHING and out.lifted_at is None), None
        )
        if person.opted_out_at is None:
            outs = [*outs, *_unsaid(person, described, outs, since)]
        self.addresses += _addresses(person, described, outs)
        self.outs += outs
        self.ins += words.ins

    def store(self, *, bare: Mapping[UUID, Contact]) -> None:
        """A fixed number of statements. ``bare`` people are here already, by their identity alone."""
        made = [person for person in self.people if person.pk not in bare]
        filled = [person for person in self.people if person.pk in bare]
        with summed_up():
            Contact.objects.bulk_create(made)
            Contact.objects.bulk_update(filled, _COLUMNS, batch_size=500)
            Address.objects.bulk_create(self.addresses)
            OptOut.objects.bulk_create(self.outs)
            OptIn.objects.bulk_create(self.ins)
        note_detail_keys(names=self.keys)
        if self.people:
            put_on_record(
                Entry.Act.CREATE, model=Contact._meta.label_lower, count=len(self.people), source=IDENTITIES
            )


_COLUMNS = ["name", "language", "timezone", "version", "details", "created_at", "opted_out_at", "look_up_at"]


def _is_known(contact: Contact, since: datetime) -> bool:
    """Whether anything besides the identity (and the language of a subscription) is known here.

    Somebody of whom nothing is known there either was brought in when they are as old here.
    """
    anything = contact.name or contact.details or contact.opted_out_at or contact.user_id
    return bool(anything) or contact.created_at == since


def _person(record: dict[str, Any], described: Description, here: Contact | None) -> Contact:
    person = here or Contact(pk=record["id"])
    person.name, person.timezone = described.columns["name"], described.columns["timezone"]
    person.language = described.columns["language"] or person.language
    person.version, person.details = max(0, record["version"]), described.details
    person.created_at = record["created_at"]
    person.look_up_at = None
    return person


def _addresses(person: Contact, described: Description, outs: Collection[OptOut]) -> list[Address]:
    """Each once, however it was written there; of several defaults of a kind the first."""
    stops = {
        (out.address_kind, out.address): out.created_at
        for out in outs
        if out.kind == OptOut.Kind.STOP and out.lifted_at is None
    }
    made: dict[tuple[str, str], Address] = {}
    with_default: set[str] = set()
    for record in described.addresses or ():
        key = (record.kind, record.value)
        is_default = record.is_default and record.kind not in with_default
        with_default |= {record.kind} if is_default else set()
        if key in made:
            made[key].is_default |= is_default
            continue
        made[key] = Address(
            contact=person,
            kind=record.kind,
            value=record.value,
            is_default=is_default,
            inactive=record.inactive,
            details=record.details,
            opted_out_at=stops.get(key),
            created_at=person.created_at,
        )
    return list(made.values())


def _unsaid(
    person: Contact, described: Description, outs: Collection[OptOut], since: datetime
) -> list[OptOut]:
    """A word for each address that is flagged as opted out though none in force says so."""
    said = {
        (out.address_kind, out.address)
        for out in outs
        if out.kind == OptOut.Kind.STOP and out.lifted_at is None
    }
    flagged = [key for key, stopped in described.opted_out.items() if stopped and key not in said]
    return [
        OptOut(
            id=uuid5(_UNSAID, f"{person.pk} {kind} {value}"),
            contact=person,
            kind=OptOut.Kind.STOP,
            address_kind=kind,
            address=value,
            source=SOURCE,
            reason="flagged in the details",
            created_at=since,
        )
        for kind, value in flagged
    ]


def _settle(outs: list[OptOut], ins: list[OptIn], described: Description, since: datetime) -> None:
    """Note which words were taken back, and when: as the addresses' flags have it."""
    keys = _keys(described)
    open_ = {key for key in keys if not described.opted_out.get(key, False)}
    for out in outs:
        key = (out.address_kind, out.address) if out.kind == OptOut.Kind.STOP else None
        later = [one for one in ins if one.created_at >= out.created_at and _speaks_of(one, key)]
        if key is not None:
            lifted = key in open_
        elif out.kind in _EVERYTHING and keys:
            lifted = bool(open_)
        else:
            lifted = bool(later)
        if lifted:
            by = (later[0].created_at, later[0].source) if later else (since, SOURCE)
            out.lifted_at, out.lifted_source = by


def _speaks_of(opt_in: OptIn, key: tuple[str, str] | None) -> bool:
    """Of one address or, without, of any."""
    return key is None or (opt_in.address_kind, opt_in.address) in (key, ("", ""))


def _keys(described: Description) -> list[tuple[str, str]]:
    return [(record.kind, record.value) for record in described.addresses or ()]


def _said(row: Any) -> dict[str, Any]:
    """What opt-outs and opt-ins have in common, as our columns have it."""
    key, identity, kind, address, source, requestor, at = row
    kind, address = kind[:16], address[:254]
    if address:
        # One that cannot be an address is kept nowhere else either; the word stays as it was said.
        with suppress(InvalidDetails):
            address = parse_address(kind, address)
    return {
        "id": key,
        "contact_id": identity,
        "address_kind": kind,
        "address": address,
        "source": source[:100],
        "requestor": (requestor or "")[:500],
        "created_at": at,
    }
