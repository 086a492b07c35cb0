"""Who must not be written to, asked for many deliveries at once."""

from __future__ import annotations

from collections.abc import Iterable
from typing import NamedTuple
from uuid import UUID

from django.db.models import Q

from contacts.models import Address, Contact


class Person(NamedTuple):
    """Whom a delivery is for: a contact where one is known, and the address it goes to."""

    contact_id: UUID | None
    address: str


def opted_out(people: Iterable[Person], *, kind: str) -> set[Person]:
    """Those who have opted out, altogether or of that address. Two statements.

    An address counts as opted out for everybody who shares it: the wish came
    from whoever holds the handset. A delivery without a contact is checked
    against everybody who has its address.
    """
    asked = set(people)
    contacts = _contacts_out({person.contact_id for person in asked if person.contact_id})
    addresses, of_contacts = _addresses_out({person.address for person in asked}, kind)
    return {
        person
        for person in asked
        if person.contact_id in contacts
        or person.address in addresses
        or (person.contact_id is None and person.address in of_contacts)
    }


def _contacts_out(ids: set[UUID]) -> set[UUID]:
    return set(Contact.objects.filter(pk__in=ids, opted_out_at__isnull=False).values_list("pk", flat=True))


def _addresses_out(values: set[str], kind: str) -> tuple[set[str], set[str]]:
    """Addresses that are opted out themselves, and those of people who are altogether."""
    stopped = Q(opted_out_at__isnull=False)
    rows = list(
        Address.objects.filter(stopped | Q(contact__opted_out_at__isnull=False), value__in=values, kind=kind)
        .annotate(itself=stopped)
        .values_list("value", "itself")
    )
    return {value for value, itself in rows if itself}, {value for value, itself in rows if not itself}
