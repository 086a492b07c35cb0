"""Who must not be written to, asked for many deliveries at once."""

from __future__ import annotations

from collections.abc import Iterable
from typing import NamedTuple
from uuid import UUID

from outbox import sets

#: Whether a delivery's person or address is closed. Someone who has the address as their own is
#: judged by their own record of it. For everybody else (a bare number, or somebody who is reached
#: through another person) it is closed as soon as anybody who has it stopped it or everything:
#: the wish came from whoever holds the handset. Ordered so that nearly everybody costs two looks
#: into small indexes, of those who opted out, and one into that of the addresses.
_CLOSED = """(
    EXISTS (SELECT 1 FROM contacts_contact c WHERE c.id = {contact} AND c.opted_out_at IS NOT NULL)
    OR EXISTS (
        SELECT 1 FROM contacts_address a
         WHERE a.value = {address} AND a.kind = {kind} AND a.opted_out_at IS NOT NULL
           AND (a.contact_id = {contact} OR NOT {own})
    )
    OR NOT {own} AND EXISTS (
        SELECT 1 FROM contacts_address a JOIN contacts_contact c ON c.id = a.contact_id
         WHERE a.value = {address} AND a.kind = {kind} AND c.opted_out_at IS NOT NULL
    )
)"""
_OWN = """EXISTS (
    SELECT 1 FROM contacts_address own
     WHERE own.contact_id = {contact} AND own.value = {address} AND own.kind = {kind}
)"""


class Person(NamedTuple):
    """Whom a delivery is for: a contact where one is known, and the address it goes to."""

    contact_id: UUID | None
    address: str


def closed_sql(*, contact: str, address: str, kind: str) -> str:
    """An SQL condition: may this not be written to? The arguments are SQL expressions, never input."""
    own = _OWN.format(contact=contact, address=address, kind=kind)
    return _CLOSED.format(contact=contact, address=address, kind=kind, own=own)


def opted_out(people: Iterable[Person], *, kind: str) -> set[Person]:
    """Those who have opted out, altogether or of that address. One statement."""
    asked = list(set(people))
    given = sets.records(
        [(at, p.contact_id and sets.id_value(p.contact_id), p.address, kind) for at, p in enumerate(asked)],
        n="int",
        contact="uuid",
        address="text",
        kind="text",
    )
    closed = closed_sql(contact="given.contact", address="given.address", kind="given.kind")
    return {asked[n] for (n,) in sets.fetch(_WHICH.format(given=given.sql, closed=closed), given.params)}


_WHICH = "SELECT given.n FROM {given} AS given WHERE {closed}"
