"""Writing a person as a hub describes them: profile, addresses and opt-outs in one go."""

from __future__ import annotations

from collections.abc import Iterable
from dataclasses import dataclass, replace
from typing import TYPE_CHECKING
from uuid import UUID

from django.db import transaction

from accounts.models import User
from contacts import gate
from contacts.models import Address, Contact, DetailKey, OptOut
from contacts.operations.optouts import opt_in, opt_out
from contacts.operations.people import Profile, create_contact, update_contact

if TYPE_CHECKING:
    from contacts.details import Description


@dataclass(frozen=True)
class Source:
    """Who says so: the account, and the word that the history of opt-outs keeps."""

    name: str
    user: User | None = None


@transaction.atomic
def create_identity(
    *, profile: Profile, described: Description, source: Source, identity: UUID | None = None
) -> Contact:
    """A new person as described, their opt-outs included."""
    _prepare(described)
    contact = create_contact(
        profile=_merged(profile, described),
        addresses=described.addresses or (),
        identity=identity,
        user=source.user,
    )
    _settle_opt_outs(contact, described, source)
    return contact


@transaction.atomic
def update_identity(
    *, contact: Contact, profile: Profile, described: Description | None, source: Source
) -> Contact:
    """Write what was said of a person; addresses that were not spoken of stay.

    An address that is said to be opted out now is opted out as by the person;
    one that is *said* not to be any more is opened again. Saying nothing of an
    opt-out lifts none.
    """
    if described is None:
        return update_contact(contact=contact, profile=profile, user=source.user)
    _prepare(described)
    update_contact(
        contact=contact,
        profile=_merged(profile, described),
        addresses=described.addresses,
        user=source.user,
    )
    _settle_opt_outs(contact, described, source)
    return contact


def _prepare(described: Description) -> None:
    if True in described.opted_out.values():
        # Before any row is locked; see contacts.gate.
        gate.exclusive()
    note_detail_keys(names=described.keys)


def _merged(profile: Profile, described: Description) -> Profile:
    known = described.columns
    return replace(
        profile,
        name=known["name"],
        language=known["language"],
        timezone=known["timezone"],
        details=described.details,
    )


def _settle_opt_outs(contact: Contact, described: Description, source: Source) -> None:
    if not described.opted_out:
        return
    closed = {
        (address.kind, address.value)
        for address in Address.objects.filter(contact=contact)
        if address.opted_out_at or contact.opted_out_at
    }
    for key, stopped in described.opted_out.items():
        if stopped and key not in closed:
            opt_out(
                kind=OptOut.Kind.STOP,
                contact_ids=[contact.pk],
                address=key,
                source=source.name,
                user=source.user,
            )
        elif not stopped and key in closed:
            opt_in(contact_ids=[contact.pk], address=key, source=source.name, user=source.user)
            contact.opted_out_at = None


def note_detail_keys(*, names: Iterable[str]) -> None:
    """Remember which keys details have; one statement, none when there are no names."""
    DetailKey.objects.bulk_create(
        [DetailKey(name=name) for name in sorted(set(names)) if 0 < len(name) <= 200], ignore_conflicts=True
    )
