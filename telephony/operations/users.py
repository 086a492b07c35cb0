"""Telephone users."""

from __future__ import annotations

from typing import Any
from uuid import UUID
from zoneinfo import available_timezones

from django.db import transaction

from audit.operations import redact
from contacts.models import Address, Contact
from contacts.numbers import InvalidNumber, parse_msisdn
from contacts.operations import (
    Profile,
    add_address,
    create_contact,
    find_by_address,
    get_or_create_contact,
    remove_addresses,
)
from telephony.errors import NotFound, Unusable
from telephony.models import TelephonyUser
from telephony.operations.messages import drop_recording
from telephony.operations.records import Precondition, change, locked
from telephony.operations.voicemails import delete_voicemail


@transaction.atomic
def create_user(*, values: dict[str, Any]) -> TelephonyUser:
    """A new user. ``values`` are checked columns; an empty ``callerid`` becomes the full name."""
    user = TelephonyUser(**values)
    user.callerid = user.callerid or user.full_name
    user.save(force_insert=True)
    return user


@transaction.atomic
def change_user(*, user_id: int, values: dict[str, Any], unless: Precondition | None = None) -> TelephonyUser:
    """Write the given columns only. A caller id that was the full name follows a new name.

    ``unless`` may refuse after looking at the locked record. Raises NotFound,
    and whatever ``unless`` raises.
    """
    user = locked(TelephonyUser, user_id)
    if unless is not None:
        unless(user)
    was_derived = user.callerid == user.full_name
    renamed = values.keys() & {"firstname", "lastname"}
    if was_derived and renamed and "callerid" not in values:
        new = TelephonyUser(firstname=user.firstname, lastname=user.lastname)
        for name in renamed:
            setattr(new, name, values[name])
        values = {**values, "callerid": new.full_name}
    changed = change(user, values)
    if "voicemail_id" in values:
        _know_mailbox(user)
    return changed


@transaction.atomic
def delete_user(*, user_id: int, with_voicemail: bool = False, unless: Precondition | None = None) -> None:
    """Remove a user; their contact and, unless asked, their mailbox stay. Raises NotFound."""
    user = locked(TelephonyUser, user_id)
    if unless is not None:
        unless(user)
    voicemail_id = user.voicemail_id
    user.delete()
    if with_voicemail and voicemail_id is not None:
        delete_voicemail(voicemail_id=voicemail_id)


@transaction.atomic
def link_contact(*, user_id: int, contact_id: UUID | None = None) -> TelephonyUser:
    """Say which person a user is, so that programmes and the gateway reach them.

    Without ``contact_id`` the person is found by the mobile number, then by
    the e-mail address, and made when unknown. The number, the address and the
    mailbox are added to the person's addresses. Raises NotFound, and Unusable
    when there is neither a usable number nor an e-mail address to go by.
    """
    user = locked(TelephonyUser, user_id)
    number = _number(user)
    contact = _named(contact_id) if contact_id else _found(user, number)
    if user.contact_id not in (None, contact.pk):
        unlink_contact(user_id=user.pk)
    if number:
        add_address(contact_id=contact.pk, kind=Address.Kind.MSISDN, value=number)
    if user.email:
        add_address(contact_id=contact.pk, kind=Address.Kind.EMAIL, value=user.email)
    change(user, {"contact": contact})
    _know_mailbox(user)
    return user


@transaction.atomic
def unlink_contact(*, user_id: int) -> TelephonyUser:
    """Forget which person a user is. The person keeps everything but the mailbox. Raises NotFound."""
    user = locked(TelephonyUser, user_id)
    if user.contact_id:
        remove_addresses(contact_id=user.contact_id, kind=Address.Kind.MAILBOX)
    return change(user, {"contact": None})


def _know_mailbox(user: TelephonyUser) -> None:
    """The linked person is reached in the user's mailbox and in no other."""
    if not user.contact_id:
        return
    remove_addresses(contact_id=user.contact_id, kind=Address.Kind.MAILBOX)
    if user.voicemail:
        add_address(
            contact_id=user.contact_id,
            kind=Address.Kind.MAILBOX,
            value=user.voicemail.mailbox,
            is_default=True,
        )


def _number(user: TelephonyUser) -> str | None:
    try:
        return parse_msisdn(user.mobilephonenumber) if user.mobilephonenumber else None
    except InvalidNumber:
        return None


def _named(contact_id: UUID) -> Contact:
    contact = Contact.objects.filter(pk=contact_id).first()
    if contact is None:
        raise NotFound
    return contact


def _found(user: TelephonyUser, number: str | None) -> Contact:
    if number:
        return get_or_create_contact(msisdn=number, name=user.full_name, timezone=_zone(user))[0]
    if not user.email:
        raise Unusable("mobilephonenumber", "email")
    known = find_by_address(kind=Address.Kind.EMAIL, value=user.email).first()
    return known or create_contact(profile=Profile(name=user.full_name, timezone=_zone(user)))


def _zone(user: TelephonyUser) -> str:
    return user.timezone if user.timezone in available_timezones() else ""


def erase_user(user: TelephonyUser) -> None:
    """Blank who a user is, and a mailbox that is theirs alone with all that was said into it.

    The entry itself stays, because the telephone system refers to it.
    """
    box = user.voicemail
    if box is not None and not box.users.exclude(pk=user.pk).exists():
        for message in box.messages.all():
            drop_recording(message)
        box.messages.all().delete()
        box.fullname = box.email = box.password = ""
        box.save()
    for name in (
        "firstname",
        "lastname",
        "callerid",
        "username",
        "password",
        "mobilephonenumber",
        "userfield",
        "description",
        "email",
        "outcallerid",
    ):
        setattr(user, name, "")
    user.contact = None
    user.save()
    # What the audit log tells of them, this erasing included.
    redact(subjects=[f"telephony:{user.pk}", *([f"voicemail:{box.pk}"] if box else [])])
