"""What commands are told of people."""

from __future__ import annotations

from uuid import UUID

from django.core.management import CommandError

from contacts.models import Address, Contact
from contacts.numbers import InvalidNumber, parse_msisdn
from contacts.operations import find_by_address


def contact_named(text: str) -> Contact:
    """The person with that identity, or the only one with that number. Raises CommandError."""
    try:
        found = list(Contact.objects.filter(pk=UUID(text)))
    except ValueError:
        found = list(find_by_address(kind=Address.Kind.MSISDN, value=_number(text)))
    if not found:
        raise CommandError(f"Nobody is known by {text}.")
    if len(found) > 1:
        keys = ", ".join(str(contact.pk) for contact in found)
        raise CommandError(f"Several people have this number; name one by the identity: {keys}")
    return found[0]


def _number(text: str) -> str:
    try:
        return parse_msisdn(text)
    except InvalidNumber as error:
        raise CommandError(f"{text} is neither an identity nor a number: {error.message}") from None
