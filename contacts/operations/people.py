"""Who the people are."""

from __future__ import annotations

from collections.abc import Collection, Sequence
from dataclasses import dataclass, field, fields
from datetime import datetime
from typing import Any
from uuid import UUID, uuid4

from django.conf import settings
from django.db import transaction
from django.utils.timezone import now

from accounts.models import User
from accounts.prepared import PreparedInsert
from contacts import gate, signals
from contacts.models import Address, Contact
from contacts.operations.addresses import (
    AddressRecord,
    add_address,
    find_by_address,
    replace_addresses,
    stopped_since,
)

#: Registrations arrive by the hundred a second, each with a person.
_INSERT_IF_NEW = PreparedInsert(Contact, ignore_conflicts=True)


@dataclass(frozen=True)
class Profile:
    """What is known of a person besides the addresses. Checked by whoever builds it."""

    name: str = ""
    language: str = ""
    timezone: str = ""
    version: int = 1
    details: dict[str, Any] = field(default_factory=dict)
    communicate_through_id: UUID | None = None
    operator_id: UUID | None = None
    user_id: int | None = None

    @classmethod
    def of(cls, contact: Contact) -> Profile:
        """What is known of the contact now; change it with ``dataclasses.replace``."""
        return cls(**{known.name: getattr(contact, known.name) for known in fields(cls)})


@transaction.atomic
def create_contact(
    *,
    profile: Profile,
    addresses: Sequence[AddressRecord] = (),
    identity: UUID | None = None,
    user: User | None = None,
) -> Contact:
    """A new person with addresses. ``identity`` is given when another system has named the person already."""
    contact = Contact(id=identity or uuid4(), created_by=user, updated_by=user, **vars(profile))
    contact.save(force_insert=True)
    if addresses:
        replace_addresses(contact_id=contact.pk, records=addresses)
    return contact


@transaction.atomic
def update_contact(
    *,
    contact: Contact,
    profile: Profile,
    addresses: Sequence[AddressRecord] | None = None,
    user: User | None = None,
) -> Contact:
    """Write the profile and, unless None, the addresses. What is planned next uses them."""
    changed = {name: value for name, value in vars(profile).items() if getattr(contact, name) != value}
    for name, value in changed.items():
        setattr(contact, name, value)
    contact.updated_by = user
    # Only what changed: another writer's columns are not put back to what they were when this one read.
    contact.save(update_fields=[*changed, "updated_by", "updated_at"])
    if addresses is not None:
        replace_addresses(contact_id=contact.pk, records=addresses)
    if changed.get("language"):
        signals.contacts_language_changed.send(
            sender=Contact, contact_ids=[contact.pk], language=contact.language, user=user
        )
    return contact


@transaction.atomic
def delete_contact(*, contact_id: UUID) -> None:
    """Remove a person altogether. Raises ProtectedError while something, e.g. a subscription, needs them."""
    Contact.objects.filter(pk=contact_id).delete()


@transaction.atomic
def get_or_create_contact(
    *,
    identity: UUID | None = None,
    msisdn: str | None = None,
    language: str = "",
    name: str = "",
    timezone: str = "",
    user: User | None = None,
) -> tuple[Contact, bool]:
    """The person with that identity or, without one, with that number; made when nobody is known.

    Returns the contact and whether it is new. Fills in what is not known yet
    and changes nothing that is: a further number is added beside the others, and a
    language, name or zone is taken only where there was none. Of several
    people with the number the longest known is meant.

    Somebody new of whom no number is told is looked up in the external
    identity store, where one is configured, as soon as possible (``contacts.external``).
    """
    known = {"language": language, "name": name, "timezone": timezone}
    if identity is not None:
        defaults = {**known, "created_by": user, "look_up_at": None if msisdn else look_up_at()}
        contact, created = Contact.objects.get_or_create(pk=identity, defaults=defaults)
    elif msisdn is not None:
        contact, created = _find_or_make(msisdn, known, user)
    else:
        raise ValueError("A person is found by identity or by number; neither was given.")
    if not created:
        _fill_in(contact, known)
    if msisdn is not None:
        _know_number(contact, msisdn, new=created)
    return contact, created


def ensure_contact(*, identity: UUID, language: str = "", user: User | None = None) -> None:
    """See that there is a person with that identity: one statement, also when others do so at the same time.

    What is known of an existing person stays as it is; somebody new is looked
    up like one of ``get_or_create_contact``.
    """
    new = Contact(pk=identity, language=language, created_by=user, look_up_at=look_up_at())
    _INSERT_IF_NEW(new)


def look_up_at() -> datetime | None:
    """When somebody new without any address is looked up elsewhere; None: not at all."""
    return now() if settings.IDENTITY_STORE_URL else None


def _find_or_make(msisdn: str, known: dict[str, str], user: User | None) -> tuple[Contact, bool]:
    # Two messages from one unknown number at once must make one person, not two.
    gate.for_address(msisdn)
    contact = find_by_address(kind=Address.Kind.MSISDN, value=msisdn).first()
    if contact is not None:
        return contact, False
    return Contact.objects.create(**known, created_by=user), True


def _fill_in(contact: Contact, known: dict[str, str]) -> None:
    missing = [name for name, value in known.items() if value and not getattr(contact, name)]
    if missing:
        for name in missing:
            setattr(contact, name, known[name])
        contact.save(update_fields=[*missing, "updated_at"])


def _know_number(contact: Contact, msisdn: str, *, new: bool) -> None:
    if new:
        key = (Address.Kind.MSISDN.value, msisdn)
        stopped = stopped_since(keys=[key]).get(key)
        Address.objects.create(contact=contact, kind=Address.Kind.MSISDN, value=msisdn, opted_out_at=stopped)
    elif not Address.objects.filter(contact=contact, kind=Address.Kind.MSISDN, value=msisdn).exists():
        add_address(contact_id=contact.pk, kind=Address.Kind.MSISDN, value=msisdn)


def prefer_language(*, contact_ids: Collection[UUID], language: str) -> int:
    """Note that people read this language, where their programmes know already; how many."""
    people = Contact.objects.filter(pk__in=contact_ids)
    return people.update(language=language, updated_at=now())
