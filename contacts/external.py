"""People who are known elsewhere: the client of an external identity store.

A hub may hand over subscriptions of identities that only another store knows.
Such a person is made here without an address and marked (``look_up_at``);
``look_people_up`` asks the store and fills the record in. Until then the
person's slots end as *no address*, and the next one after that finds it.
"""

from __future__ import annotations

import json
import logging
import time
from datetime import datetime, timedelta
from http.client import HTTPException
from typing import Any
from urllib.error import HTTPError
from urllib.request import HTTPRedirectHandler, Request, build_opener
from uuid import UUID

from django.conf import settings
from django.db.models import Q
from django.utils.timezone import now
from rest_framework.exceptions import APIException
from rest_framework.utils.json import strict_constant

from accounts.api.parsers import check_document
from contacts.details import read_details, without_faults
from contacts.models import Contact
from contacts.operations import Profile, Source, update_identity

logger = logging.getLogger(__name__)

SOURCE = Source("identity-store")
#: An identity is a few kilobytes; whoever sends more is not an identity store.
MOST_BYTES = 1_000_000
#: When to ask again: after no answer, and after "no such identity". After this age not at all.
AFTER_OUTAGE, AFTER_UNKNOWN, GIVE_UP = timedelta(minutes=5), timedelta(hours=6), timedelta(days=30)


class IdentityStoreUnavailable(Exception):
    """No answer; the message says why and holds nothing of the person."""


class UnusableAnswer(IdentityStoreUnavailable):
    """There was an answer about this one person that cannot be used; the next one may be better."""


class _NoRedirects(HTTPRedirectHandler):
    """The token is for one host: it does not follow to another."""

    def redirect_request(self, *args: Any) -> None:
        return None


_opener = build_opener(_NoRedirects)


def fetch_identity(identity: UUID) -> dict[str, Any] | None:
    """The record of an identity as the store has it, or None when it knows nobody of that id.

    Raises IdentityStoreUnavailable.
    """
    url = f"{str(settings.IDENTITY_STORE_URL).rstrip('/')}/identities/{identity}/"
    headers = {"Authorization": f"Token {settings.IDENTITY_STORE_TOKEN}", "Accept": "application/json"}
    try:
        return _record(_body(Request(url, headers=headers)))  # noqa: S310 - the settings admit http(s) only
    except HTTPError as error:
        error.close()
        if error.code == 404:
            return None
        raise IdentityStoreUnavailable(f"the identity store answered {error.code}") from None
    except (OSError, HTTPException) as error:
        reason = type(error).__name__
        raise IdentityStoreUnavailable(f"the identity store cannot be asked: {reason}") from None


def _body(request: Request) -> bytes:
    with _opener.open(request, timeout=settings.IDENTITY_STORE_TIMEOUT) as answer:
        body = answer.read(MOST_BYTES)
        if answer.read(1) or answer.length:
            raise UnusableAnswer("the identity store's answer is too large or cut short")
        return body


def _record(body: bytes) -> dict[str, Any]:
    try:
        record = json.loads(body, parse_constant=strict_constant)
        check_document(record)
    except (ValueError, RecursionError, APIException) as error:
        raise UnusableAnswer(f"the identity store's answer is no JSON: {type(error).__name__}") from None
    if not isinstance(record, dict) or not isinstance(record.get("details"), dict):
        raise UnusableAnswer("the identity store's answer is no identity")
    return record


def look_up(contact: Contact) -> bool:
    """Ask the store about one person and write down what it knows; whether it knew anybody.

    What is known here already wins over the store. Raises IdentityStoreUnavailable.
    """
    record = fetch_identity(contact.pk)
    if record is None:
        return False
    update_identity(
        contact=contact,
        profile=Profile.of(contact),
        described=read_details(_known_first(contact, without_faults(record["details"]))),
        source=SOURCE,
    )
    _reach_through(contact, record.get("communicate_through"))
    return True


def _known_first(contact: Contact, details: dict[str, Any]) -> dict[str, Any]:
    if contact.addresses.exists():
        del details["addresses"]
    own = {"name": contact.name, "preferred_language": contact.language, "timezone": contact.timezone}
    return details | contact.details | {key: text for key, text in own.items() if text}


def _reach_through(contact: Contact, other: Any) -> None:
    """Whoever the person is reached through is looked up too, unless known here: one hop."""
    try:
        identity = UUID(other) if isinstance(other, str) else None
    except ValueError:
        identity = None
    if identity is None or identity == contact.pk or contact.communicate_through_id:
        return
    Contact.objects.get_or_create(pk=identity, defaults={"look_up_at": now()})
    Contact.objects.filter(pk=contact.pk).update(communicate_through=identity)


def look_people_up(*, most: int = 200, seconds: float = 60.0) -> int:
    """Ask about the people who are due to be looked up, longest waiting first; how many were found.

    Ends early when the store gives no answer, and after ``seconds``.
    """
    found, deadline = 0, time.monotonic() + seconds
    due = Q(look_up_at__lte=now())
    for contact in Contact.objects.filter(due).order_by("look_up_at")[:most]:
        # Whoever moves the time on first asks; another worker goes on to the next.
        if time.monotonic() > deadline or not _claim(contact, due):
            continue
        try:
            found += _settle(contact, known=look_up(contact))
        except UnusableAnswer as error:
            logger.warning("identity %s is not looked up: %s", contact.pk, error)
        except IdentityStoreUnavailable as error:
            logger.warning("people are not looked up: %s", error)
            break
    return found


def _claim(contact: Contact, due: Q) -> bool:
    return Contact.objects.filter(due, pk=contact.pk).update(look_up_at=now() + AFTER_OUTAGE) == 1


def _settle(contact: Contact, *, known: bool) -> bool:
    again: datetime | None = now() + AFTER_UNKNOWN
    if known or contact.created_at < now() - GIVE_UP:
        again = None
    Contact.objects.filter(pk=contact.pk).update(look_up_at=again)
    return known
