"""Opt-outs, opt-ins and being forgotten.

Each records the person's word as a row of history, writes the columns that
count, and tells everybody by signal, in one transaction. An opt-out holds the
gate meanwhile: when it commits, nothing more goes out. Somebody who calls it
inside a larger transaction takes ``gate.exclusive()`` at the beginning of that
one, before locking rows (see ``contacts.gate``).
"""

from __future__ import annotations

from collections.abc import Iterable
from typing import NamedTuple
from uuid import UUID

from django.contrib.admin.models import LogEntry
from django.db import transaction
from django.db.models import Q, QuerySet
from django.utils import timezone

from accounts.models import User
from accounts.operations import erase_accounts
from audit.models import Entry
from audit.operations import of_account, of_contact, record, redact, redact_actor
from contacts import gate, signals
from contacts.models import Address, Contact, Membership, OptIn, OptOut
from contacts.operations.addresses import find_by_address
from contacts.operations.people import get_or_create_contact

#: What remains of a detail of somebody who asked to be forgotten: that it was known, not what.
REDACTED = "redacted"


class AddressKey(NamedTuple):
    """Kind and value of an address, whoever has it."""

    kind: str
    value: str


NOWHERE = AddressKey("", "")


@transaction.atomic
def opt_out(
    *,
    kind: str,
    source: str,
    contact_ids: Iterable[UUID] = (),
    address: tuple[str, str] | None = None,
    programme: str = "",
    reason: str = "",
    requestor: str = "",
    user: User | None = None,
) -> list[OptOut]:
    """Record that people want no more; returns their new history rows, longest known person first.

    Who: ``contact_ids``, or everybody who has ``address`` (``(kind, value)``);
    for a number nobody has yet a contact is made, so that the wish is kept.
    What, by ``kind``:

    * ``stop``: that ``address`` is not written to any more (required);
    * ``stopall``: none of the person's addresses, present and future;
    * ``unsubscribe``: no more of ``programme``, a message set's short name.
      Without a programme it is an entry in the history and nothing else;
    * ``forget``: as ``stopall``, and what is known of the person is erased.
    """
    gate.exclusive()
    key = AddressKey(*address) if address else NOWHERE
    people = _people(contact_ids, key)
    if kind == OptOut.Kind.STOP and key == NOWHERE:
        raise ValueError("An opt-out of one address needs the address.")
    rows = [
        OptOut(
            contact_id=person, kind=kind, address_kind=key.kind, address=key.value, programme=programme,
            reason=reason, source=source, requestor=requestor, created_by=user,
        )
        for person in people
    ]  # fmt: skip
    OptOut.objects.bulk_create(rows)
    if rows:
        _close(rows, people, key)
    return rows


def forget(*, contact_id: UUID, source: str, requestor: str = "", user: User | None = None) -> OptOut:
    """Erase what is known of a person and write to them no more. See ``opt_out``."""
    [row] = opt_out(
        kind=OptOut.Kind.FORGET, contact_ids=[contact_id], source=source, requestor=requestor, user=user
    )
    return row


@transaction.atomic
def opt_in(
    *,
    source: str,
    contact_ids: Iterable[UUID] = (),
    address: tuple[str, str] | None = None,
    programme: str = "",
    requestor: str = "",
    user: User | None = None,
) -> list[OptIn]:
    """Record that people want messages again; returns their new history rows.

    Who: ``contact_ids``, or everybody who has ``address``. What: of
    ``programme``; or, without one, whatever was stopped, at all addresses.
    With both ``contact_ids`` and ``address`` it speaks of that one address:
    after a ``stopall`` the person's other addresses stay closed.
    """
    key = AddressKey(*address) if address else NOWHERE
    named = list(contact_ids)
    people = _people(named, key, make=False)
    only = key if named else NOWHERE
    rows = [
        OptIn(
            contact_id=person, address_kind=key.kind, address=key.value, programme=programme,
            source=source, requestor=requestor, created_by=user,
        )
        for person in people
    ]  # fmt: skip
    OptIn.objects.bulk_create(rows)
    if rows:
        _open(people, only, programme=programme, source=source)
        signals.contacts_opted_in.send(
            sender=OptIn, contact_ids=people, programme=programme, source=source, user=user
        )
    return rows


def _people(contact_ids: Iterable[UUID], key: AddressKey, *, make: bool = True) -> list[UUID]:
    """The people meant, locked in one order so that two of these never wait for each other."""
    named = list(contact_ids)
    if named:
        return _locked(Contact.objects.filter(pk__in=named))
    if key == NOWHERE:
        return []
    found = _locked(
        Contact.objects.filter(pk__in=find_by_address(kind=key.kind, value=key.value).values("pk"))
    )
    if not found and make and key.kind == Address.Kind.MSISDN:
        return [get_or_create_contact(msisdn=key.value)[0].pk]
    return found


def _locked(people: QuerySet[Contact]) -> list[UUID]:
    locked = people.order_by("created_at", "pk").select_for_update(no_key=True)
    return list(locked.values_list("pk", flat=True))


def _close(rows: list[OptOut], people: list[UUID], key: AddressKey) -> None:
    first = rows[0]
    if first.kind == OptOut.Kind.UNSUBSCRIBE and not first.programme:
        return
    if first.kind == OptOut.Kind.STOP:
        having = Address.objects.filter(contact__in=people, kind=key.kind, value=key.value)
        having.filter(opted_out_at=None).update(opted_out_at=first.created_at)
    elif first.kind in (OptOut.Kind.STOPALL, OptOut.Kind.FORGET):
        Contact.objects.filter(pk__in=people, opted_out_at=None).update(opted_out_at=first.created_at)
    signals.contacts_opted_out.send(
        sender=OptOut,
        contact_ids=people,
        programme=first.programme,
        optout=first,
        address=key.value if first.kind == OptOut.Kind.STOP else "",
    )
    if first.kind == OptOut.Kind.FORGET:
        _erase(people)


def _erase(people: list[UUID]) -> None:
    known = list(Contact.objects.filter(pk__in=people))
    accounts = [contact.user_id for contact in known if contact.user_id is not None]
    theirs = _only_theirs(people)
    Address.objects.filter(contact__in=people).delete()
    Membership.objects.filter(contact__in=people).delete()
    for contact in known:
        contact.name = contact.language = contact.timezone = ""
        contact.details = dict.fromkeys(contact.details, REDACTED)
        contact.communicate_through = contact.user = None
        contact.updated_at = timezone.now()
    Contact.objects.bulk_update(
        known, ["name", "language", "timezone", "details", "communicate_through", "user", "updated_at"]
    )
    # Numbers and free words of earlier entries; that there were entries stays.
    OptOut.objects.filter(contact__in=people).update(address="", reason="", requestor="")
    OptIn.objects.filter(contact__in=people).update(address="", requestor="")
    signals.contacts_forgotten.send(sender=Contact, contact_ids=people, addresses=theirs, user_ids=accounts)
    _erase_traces(people, erase_accounts(user_ids=accounts))


def _only_theirs(people: list[UUID]) -> list[str]:
    """Their addresses that nobody else has: what was said to these was said to them."""
    values = set(Address.objects.filter(contact__in=people).values_list("value", flat=True))
    shared = Address.objects.filter(value__in=values).exclude(contact__in=people)
    return sorted(values - set(shared.values_list("value", flat=True)))


def _erase_traces(people: list[UUID], accounts: list[int]) -> None:
    """What the logs of changes tell of them. Last, because erasing is itself on record."""
    # The framework's log is not written any more; earlier entries hold names.
    LogEntry.objects.filter(object_id__in=[str(person) for person in people]).delete()
    redact(subjects=[*map(of_contact, people), *map(of_account, accounts)])
    for account in accounts:
        redact_actor(account_id=account)
    for person in people:
        record(
            Entry.Act.FORGET, model=Contact._meta.label_lower, object_id=person, subject=of_contact(person)
        )


def _open(people: list[UUID], only: AddressKey, *, programme: str, source: str) -> None:
    in_force = OptOut.objects.filter(contact__in=people, lifted_at=None)
    if programme:
        lifted = in_force.filter(kind=OptOut.Kind.UNSUBSCRIBE, programme=programme)
    else:
        lifted = _open_addresses(people, only, in_force.exclude(kind=OptOut.Kind.UNSUBSCRIBE))
    lifted.update(lifted_at=timezone.now(), lifted_source=source)


def _open_addresses(people: list[UUID], only: AddressKey, in_force: QuerySet[OptOut]) -> QuerySet[OptOut]:
    """Clear the columns that count; returns which of the opt-outs in force are thereby lifted."""
    addresses = Address.objects.filter(contact__in=people)
    if only == NOWHERE:
        addresses.filter(opted_out_at__isnull=False).update(opted_out_at=None)
        Contact.objects.filter(pk__in=people).update(opted_out_at=None)
        return in_force
    meant = Q(kind=only.kind, value=only.value)
    # The person was closed as a whole: from now on all but this address are closed one by one.
    rest = addresses.filter(contact__opted_out_at__isnull=False, opted_out_at=None).exclude(meant)
    rest.update(opted_out_at=timezone.now())
    addresses.filter(meant).update(opted_out_at=None)
    Contact.objects.filter(pk__in=people).update(opted_out_at=None)
    return in_force.exclude(~Q(address_kind=only.kind, address=only.value), kind=OptOut.Kind.STOP)
