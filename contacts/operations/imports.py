"""Many people at once, as a list tells of them. A fixed number of statements however many there are."""

from __future__ import annotations

from collections.abc import Collection, Iterable, Sequence
from dataclasses import dataclass, field
from typing import Any
from uuid import UUID

from django.db.models import Q
from django.utils.timezone import now

from accounts.models import User
from contacts import gate
from contacts.models import Address, Contact, OptOut
from contacts.operations.addresses import stopped_since
from contacts.operations.identities import note_detail_keys
from contacts.operations.people import look_up_at

_COLUMNS = ("name", "language", "timezone")


@dataclass
class Person:
    """What a list knows of somebody. Addresses are those in use, the best first."""

    identity: UUID | None = None
    msisdn: tuple[str, ...] = ()
    email: tuple[str, ...] = ()
    name: str = ""
    language: str = ""
    timezone: str = ""
    details: dict[str, Any] = field(default_factory=dict)

    @property
    def addresses(self) -> list[tuple[str, str]]:
        msisdns = [(Address.Kind.MSISDN.value, value) for value in self.msisdn]
        return msisdns + [(Address.Kind.EMAIL.value, value) for value in self.email]


@dataclass(frozen=True)
class Known:
    """People who are known already: by identity, and by address, of several the longest known."""

    people: dict[UUID, Person]
    by_address: dict[tuple[str, str], UUID]
    #: Who asked to be forgotten: nothing is written about them any more.
    forgotten: frozenset[UUID]


def known(*, identities: Collection[UUID], addresses: Collection[tuple[str, str]]) -> Known:
    """Whom these identities and addresses (kind, value) mean."""
    by_address = _holders(addresses)
    keys = {*identities, *by_address.values()}
    people = people_of(Contact.objects.filter(pk__in=keys))
    forgotten = OptOut.objects.filter(contact__in=people, kind=OptOut.Kind.FORGET, lifted_at=None)
    return Known(people, by_address, frozenset(forgotten.values_list("contact", flat=True)))


def _holders(addresses: Collection[tuple[str, str]]) -> dict[tuple[str, str], UUID]:
    rows = Address.objects.filter(value__in={value for _, value in addresses})
    found: dict[tuple[str, str], UUID] = {}
    ordered = rows.order_by("contact__created_at", "contact")
    for kind, value, contact in ordered.values_list("kind", "value", "contact"):
        found.setdefault((kind, value), contact)
    return {key: found[key] for key in addresses if key in found}


def people_of(contacts: Iterable[Contact]) -> dict[UUID, Person]:
    """These contacts as lists tell of them. Two statements, and order is kept."""
    people = {
        contact.pk: Person(
            identity=contact.pk,
            name=contact.name,
            language=contact.language,
            timezone=contact.timezone,
            details=contact.details,
        )
        for contact in contacts
    }
    rows = Address.objects.filter(contact__in=list(people), inactive=False)
    best_first = rows.order_by("-is_default", "created_at", "pk")
    for contact, kind, value in best_first.values_list("contact", "kind", "value"):
        if kind == Address.Kind.MSISDN:
            people[contact].msisdn += (value,)
        elif kind == Address.Kind.EMAIL:
            people[contact].email += (value,)
    return people


def hold(*, identities: Collection[UUID], addresses: Collection[tuple[str, str]]) -> None:
    """Before ``known``, by whoever writes afterwards: nobody else makes or changes these people meanwhile.

    Needs a transaction. Holds opt-outs off until it ends, so that none is missed by a new address.
    """
    gate.shared()
    gate.for_addresses(value for _, value in addresses)
    involved = Contact.objects.filter(Q(pk__in=identities) | Q(pk__in=_holders(addresses).values()))
    list(involved.order_by("pk").select_for_update(no_key=True).values_list("pk"))


def store(*, new: Sequence[Person], changed: Sequence[Person], user: User | None = None) -> None:
    """Write people that were looked up by ``known`` under ``hold``.

    Of a changed person the addresses given are added or used again; none is
    taken away. What is planned next uses them.
    """
    made = [_contact(person, user) for person in new]
    Contact.objects.bulk_create(made, batch_size=500)
    held = Contact.objects.in_bulk([person.identity for person in changed])
    for person in changed:
        contact = held[person.identity]
        contact.name, contact.language, contact.timezone = person.name, person.language, person.timezone
        contact.details, contact.updated_by, contact.updated_at = person.details, user, now()
    Contact.objects.bulk_update(
        held.values(), [*_COLUMNS, "details", "updated_by", "updated_at"], batch_size=200
    )
    _add_addresses(
        [*zip((contact.pk for contact in made), new, strict=True), *((p.identity, p) for p in changed)]
    )
    note_detail_keys(names={key for person in (*new, *changed) for key in person.details})


def _contact(person: Person, user: User | None) -> Contact:
    contact = Contact(
        name=person.name,
        language=person.language,
        timezone=person.timezone,
        details=person.details,
        look_up_at=None if person.addresses else look_up_at(),
        created_by=user,
        updated_by=user,
    )
    if person.identity is not None:
        contact.pk = person.identity
    return contact


def _add_addresses(people: Sequence[tuple[Any, Person]]) -> None:
    there = {
        (row.contact_id, row.kind, row.value): row
        for row in Address.objects.filter(contact__in=[key for key, _ in people])
    }
    kinds = {(contact, kind) for contact, kind, _ in there}
    stopped = stopped_since(keys={key for _, person in people for key in person.addresses})
    own = _own_stops([key for key, _ in people])
    made: list[Address] = []
    for contact, person in people:
        for kind, value in person.addresses:
            if (contact, kind, value) in there:
                continue
            since = own.get((contact, kind, value)) or stopped.get((kind, value))
            first = (contact, kind) not in kinds
            made.append(
                Address(contact_id=contact, kind=kind, value=value, is_default=first, opted_out_at=since)
            )
            kinds.add((contact, kind))
    Address.objects.bulk_create(made, batch_size=500)
    wanted = {(contact, *key) for contact, person in people for key in person.addresses}
    again = [row.pk for key, row in there.items() if row.inactive and key in wanted]
    Address.objects.filter(pk__in=again).update(inactive=False)


def _own_stops(contacts: Collection[Any]) -> dict[tuple[Any, str, str], Any]:
    """Addresses that people stopped themselves and never took back, though they have them no more."""
    stops = OptOut.objects.filter(contact__in=contacts, kind=OptOut.Kind.STOP, lifted_at=None)
    return {
        (contact, kind, value): since
        for contact, kind, value, since in stops.values_list(
            "contact", "address_kind", "address", "created_at"
        )
    }
