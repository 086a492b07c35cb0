"""A person's in-app messages and notices, where they have an account."""

from __future__ import annotations

from collections.abc import Iterator

from contacts.models import Contact
from contacts.records import Record, Section, register
from sendables.operations.privacy import export_person


def in_app(contact: Contact) -> Iterator[Record]:
    if contact.user is not None:
        yield from export_person(contact.user)


register(Section("in-app", "In-app messages and notices", in_app, right="sendables.view_bodies"))
