"""Voice mailboxes."""

from __future__ import annotations

from collections.abc import Iterator
from contextlib import contextmanager
from typing import Any

from django.db import IntegrityError, transaction

from contacts.models import Address
from contacts.operations import add_address, remove_addresses
from telephony.errors import Unusable
from telephony.models import Voicemail
from telephony.operations.messages import drop_recording
from telephony.operations.records import Precondition, change, locked


@transaction.atomic
def create_voicemail(*, values: dict[str, Any]) -> Voicemail:
    """A new mailbox. Raises Unusable when the number is taken."""
    with _number_free():
        return Voicemail.objects.create(**values)


@transaction.atomic
def change_voicemail(
    *, voicemail_id: int, values: dict[str, Any], unless: Precondition | None = None
) -> Voicemail:
    """Write the given columns only. Raises NotFound, and Unusable when the new number is taken."""
    voicemail = locked(Voicemail, voicemail_id)
    if unless is not None:
        unless(voicemail)
    before = voicemail.mailbox
    with _number_free():
        change(voicemail, values)
    if voicemail.mailbox != before:
        _readdress(voicemail, before)
    return voicemail


@contextmanager
def _number_free() -> Iterator[None]:
    """The unique index decides, also between two that want a number at the same moment."""
    try:
        with transaction.atomic():
            yield
    except IntegrityError:
        raise Unusable("mailbox") from None


@transaction.atomic
def delete_voicemail(*, voicemail_id: int, unless: Precondition | None = None) -> None:
    """Remove a mailbox with its messages; users who had it stay, without one. Raises NotFound."""
    voicemail = locked(Voicemail, voicemail_id)
    if unless is not None:
        unless(voicemail)
    for message in voicemail.messages.all():
        drop_recording(message)
    remove_addresses(kind=Address.Kind.MAILBOX, value=voicemail.mailbox)
    voicemail.delete()


def _readdress(voicemail: Voicemail, before: str) -> None:
    """People who are reached in this mailbox are reached there under its new number."""
    for contact_id in voicemail.users.exclude(contact=None).values_list("contact", flat=True).distinct():
        remove_addresses(contact_id=contact_id, kind=Address.Kind.MAILBOX, value=before)
        add_address(
            contact_id=contact_id, kind=Address.Kind.MAILBOX, value=voicemail.mailbox, is_default=True
        )
