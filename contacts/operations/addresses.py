"""Which addresses a person has, and which of them is written to."""

from __future__ import annotations

from collections.abc import Collection, Sequence
from dataclasses import dataclass, field
from datetime import datetime
from typing import Any
from uuid import UUID

from django.db import transaction
from django.db.models import F, QuerySet
from django.db.models.functions import Coalesce

from contacts import signals
from contacts.models import Address, Contact, OptOut


@dataclass(frozen=True)
class AddressRecord:
    """An address as somebody else describes it; opt-outs are not part of it."""

    kind: str
    value: str
    is_default: bool = False
    inactive: bool = False
    details: dict[str, Any] = field(default_factory=dict)


def find_by_address(*, kind: str, value: str, active_only: bool = False) -> QuerySet[Contact]:
    """The people who have the address, longest known first. A family may share one."""
    having = Address.objects.filter(kind=kind, value=value)
    if active_only:
        having = having.filter(inactive=False)
    return Contact.objects.filter(pk__in=having.values("contact")).order_by("created_at", "pk")


def usable_addresses(*, contact_id: UUID, kind: str, through: bool = True) -> list[str]:
    """The addresses of a kind that may be written to, best first: the default, then the longest known.

    Opted-out and inactive ones are left out; a person who opted out of
    everything has none. With ``through``, somebody who is reached through
    another person has that person's addresses instead (one hop, no further).
    """
    person = Contact.objects.filter(pk=contact_id, opted_out_at=None)
    holder = person.values(holder=Coalesce("communicate_through", "pk") if through else F("pk"))
    usable = Address.objects.filter(
        contact__in=holder, contact__opted_out_at=None, kind=kind, opted_out_at=None, inactive=False
    )
    return list(usable.order_by("-is_default", "created_at", "pk").values_list("value", flat=True))


def best_address(*, contact_id: UUID, kind: str, through: bool = True) -> str | None:
    """The first of ``usable_addresses``, or None. ``contacts.sql`` gives the same for sets."""
    return next(iter(usable_addresses(contact_id=contact_id, kind=kind, through=through)), None)


@transaction.atomic
def add_address(*, contact_id: UUID, kind: str, value: str, is_default: bool = False) -> Address:
    """Make sure the person has the address, in use; as the default of its kind when asked.

    One that is there already keeps its opt-out; a new one may have been
    stopped before (``stopped_since``).
    """
    _lock(contact_id)
    address = Address.objects.filter(contact_id=contact_id, kind=kind, value=value).first()
    readdressed = address is None or address.inactive
    if address is None:
        stopped = stopped_since(contact_id=contact_id, keys=[(kind, value)]).get((kind, value))
        address = Address.objects.create(contact_id=contact_id, kind=kind, value=value, opted_out_at=stopped)
    if address.inactive:
        address.inactive = False
        address.save(update_fields=["inactive"])
    if is_default:
        _make_default(address)
    if readdressed:
        signals.contacts_readdressed.send(sender=Address, contact_ids=[contact_id])
    return address


@transaction.atomic
def set_default_address(*, contact_id: UUID, kind: str, value: str) -> Address:
    """From the next message on the person is reached at ``value``; added when not known yet."""
    return add_address(contact_id=contact_id, kind=kind, value=value, is_default=True)


@transaction.atomic
def remove_addresses(*, kind: str, contact_id: UUID | None = None, value: str | None = None) -> int:
    """Take away a person's addresses of a kind, or one ``value`` from everybody; how many that were."""
    if contact_id is None and value is None:
        raise ValueError("Name a person, an address or both.")
    found = Address.objects.filter(kind=kind)
    if contact_id is not None:
        found = found.filter(contact=contact_id)
    if value is not None:
        found = found.filter(value=value)
    return found.delete()[0]


@transaction.atomic
def replace_addresses(*, contact_id: UUID, records: Sequence[AddressRecord]) -> None:
    """Make the person's addresses exactly ``records``; of several defaults of a kind the last counts.

    Opt-outs survive: an address that stays keeps its own, and a new one may
    have been stopped before (``stopped_since``). A fixed number of statements.
    """
    _lock(contact_id)
    wanted = {(record.kind, record.value): record for record in records}
    default = {record.kind: record.value for record in records if record.is_default}
    have = {(row.kind, row.value): row for row in Address.objects.filter(contact_id=contact_id)}
    Address.objects.filter(pk__in=[row.pk for key, row in have.items() if key not in wanted]).delete()
    # First none is the default, so that the new one never meets the old one in the unique index.
    Address.objects.filter(contact_id=contact_id, is_default=True).update(is_default=False)
    inactive = {key for key, row in have.items() if row.inactive}
    kept = [_describe(have[key], record, default) for key, record in wanted.items() if key in have]
    Address.objects.bulk_update(kept, ["is_default", "inactive", "details"])
    new = {key: record for key, record in wanted.items() if key not in have}
    stopped = stopped_since(contact_id=contact_id, keys=new)
    Address.objects.bulk_create(
        _describe(Address(contact_id=contact_id, opted_out_at=stopped.get(key)), record, default)
        for key, record in new.items()
    )
    if any(key not in have or key in inactive for key, record in wanted.items() if not record.inactive):
        signals.contacts_readdressed.send(sender=Address, contact_ids=[contact_id])


def _describe(row: Address, record: AddressRecord, default: dict[str, str]) -> Address:
    row.kind, row.value = record.kind, record.value
    row.is_default = default.get(record.kind) == record.value
    row.inactive, row.details = record.inactive, record.details
    return row


def _lock(contact_id: UUID) -> None:
    """One change of a person's addresses at a time. Raises Contact.DoesNotExist."""
    Contact.objects.select_for_update(no_key=True).only("pk").get(pk=contact_id)


def stopped_since(
    *, keys: Collection[tuple[str, str]], contact_id: UUID | None = None
) -> dict[tuple[str, str], datetime]:
    """Which of these addresses (kind, value), new to a person, are not to be written to, and since when.

    By the word of anybody who has the address: it came from whoever holds the
    handset, perhaps before this person was known here. And, of somebody who is
    not new, by their own word that was never taken back.
    """
    others = Address.objects.filter(value__in={value for _, value in keys}, opted_out_at__isnull=False)
    found = {(row.kind, row.value): row.opted_out_at for row in others.only("kind", "value", "opted_out_at")}
    if contact_id is not None:
        own = OptOut.objects.filter(contact_id=contact_id, kind=OptOut.Kind.STOP, lifted_at=None)
        found |= {(row.address_kind, row.address): row.created_at for row in own}
    return {key: since for key in keys if (since := found.get(key)) is not None}


def _make_default(address: Address) -> None:
    others = Address.objects.filter(contact_id=address.contact_id, kind=address.kind, is_default=True)
    others.exclude(pk=address.pk).update(is_default=False)
    Address.objects.filter(pk=address.pk).update(is_default=True)
    address.is_default = True
