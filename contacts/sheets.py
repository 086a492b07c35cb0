"""Lists of people: importing and exporting them as spreadsheets."""

from __future__ import annotations

import json
import re
from collections.abc import Iterator, Sequence
from contextlib import suppress
from functools import lru_cache
from itertools import islice
from typing import Any
from uuid import UUID

from django.core.exceptions import ValidationError
from django.db.models import QuerySet
from django.urls import reverse
from import_export import widgets

from accounts.models import User
from contacts.details import InvalidDetails, parse_address
from contacts.models import Address, Contact, validate_language, validate_timezone
from contacts.numbers import InvalidNumber, parse_msisdn
from contacts.operations.imports import Known, Person, hold, known, people_of, store
from sheets.kinds import Column, Record, rows_as_they_are
from sheets.reading import Table
from sheets.resources import ObjectWidget, SheetField, SheetResource, TextWidget, plain

COLUMNS = (
    Column(
        "identity", "The identity (UUID) other systems know the person by. Empty: found by number, or new."
    ),
    Column("msisdn", "Mobile number with country code; several with blanks between them.", "+27820001001"),
    Column("email", "E-mail address; several with blanks between them.", "thandi@example.org"),
    Column("name", "", "Thandi Nkosi"),
    Column("language", "Preferred language.", "zul_ZA"),
    Column("timezone", "Where the person lives.", "Africa/Johannesburg"),
    Column("details", "What a programme knows besides, as a JSON object.", '{"clinic": "4711"}'),
)
#: Characters of the details of one person.
DETAILS_MOST = 20_000
#: Addresses of one kind of one person.
MOST_ADDRESSES = 20
_BETWEEN = re.compile(r"[\s,;]+")
_INTERNATIONAL = re.compile(r"[1-9][0-9]{7,14}")
EXPORT_BATCH = 1000


class UuidWidget(widgets.Widget):
    def clean(self, value: Any, row: Any = None, **kwargs: Any) -> UUID | None:
        text = plain(value)
        try:
            return UUID(text) if text else None
        except ValueError:
            raise ValueError("Write an identity as a UUID, or leave it empty.") from None


class AddressesWidget(widgets.Widget):
    """One or more addresses of a kind."""

    def __init__(self, kind: str) -> None:
        super().__init__()
        self.kind = kind

    def clean(self, value: Any, row: Any = None, **kwargs: Any) -> tuple[str, ...] | None:
        words = [word for word in _BETWEEN.split(plain(value)) if word]
        if len(words) > MOST_ADDRESSES:
            raise ValueError(f"More than {MOST_ADDRESSES} addresses.")
        return tuple(dict.fromkeys(self._address(word) for word in words)) or None

    def _address(self, word: str) -> str:
        found, trouble = _read_address(self.kind, word)
        if trouble:
            raise ValueError(trouble)
        return found


@lru_cache(maxsize=4096)
def _read_address(kind: str, word: str) -> tuple[str, str]:
    """The address as it is stored, and what is wrong with it. Each row's are asked for several times."""
    try:
        return parse_address(kind, word), ""
    except InvalidDetails as error:
        if kind == Address.Kind.MSISDN and _INTERNATIONAL.fullmatch(word):
            # Its + was taken for a sign by a spreadsheet: it makes sense with one, and in no other way.
            with suppress(InvalidNumber):
                return parse_msisdn(f"+{word}"), ""
        return "", str(error)


class AddedField(SheetField):
    """Adds to what is known, and takes nothing away."""

    def save(self, instance: Any, row: Any, is_m2m: bool = False, **kwargs: Any) -> None:
        given, there = self.clean(row, **kwargs), getattr(instance, self.attribute)
        if isinstance(given, dict):
            setattr(instance, self.attribute, there | given)
        elif given is not None:
            setattr(instance, self.attribute, (*there, *(one for one in given if one not in there)))


class PeopleResource(SheetResource):
    """Finds people by identity or address; fills in, corrects and adds, and never empties."""

    identity = SheetField("identity", UuidWidget())
    msisdn = AddedField("msisdn", AddressesWidget(Address.Kind.MSISDN))
    email = AddedField("email", AddressesWidget(Address.Kind.EMAIL))
    name = SheetField("name", TextWidget(most=200))
    language = SheetField("language", TextWidget(most=6, check=validate_language))
    timezone = SheetField("timezone", TextWidget(most=64, check=validate_timezone))
    details = AddedField("details", ObjectWidget(most=DETAILS_MOST, example='{"clinic": "4711"}'))

    def __init__(self, user: User | None = None) -> None:
        super().__init__()
        self.user = user
        #: Whom earlier rows were about, by any of their marks: the row's number.
        self.seen: dict[Any, int] = {}
        self.known = Known({}, {}, frozenset())

    def look_up(self, rows: Sequence[dict[str, str]], *, writing: bool) -> None:
        identities, addresses = set(), set()
        for row in rows:
            identity, given = _marks(row)
            identities |= {identity} if identity is not None else set()
            addresses |= set(given) if identity is None else set()
        if writing:
            hold(identities=identities, addresses=addresses)
        self.known = known(identities=identities, addresses=addresses)

    def find(self, row: dict[str, str]) -> Person | None:
        identity, addresses = _marks(row)
        if identity is not None:
            return self.known.people.get(identity)
        holders = (
            self.known.by_address[address] for address in addresses if address in self.known.by_address
        )
        return next((self.known.people[key] for key in holders), None)

    def begin(self, row: dict[str, str]) -> Person:
        return Person()

    def check(self, instance: Person, row: dict[str, str], line: int) -> None:
        identity, addresses = _marks(row)
        if identity is None and not addresses:
            raise ValidationError("Neither identity nor number nor e-mail address: nobody to be found by.")
        if instance.identity in self.known.forgotten:
            raise ValidationError("This person asked to be forgotten.")
        # Somebody named by an identity may share a number with others; a number alone means one person.
        own = {hash(instance.identity)} if instance.identity is not None else set()
        shared = {hash(address) for address in addresses}
        marks = own if identity is not None else own | shared
        if earlier := [self.seen[mark] for mark in marks if mark in self.seen]:
            raise ValidationError(f"The same person as in row {min(earlier)}.")
        self.seen |= dict.fromkeys(own | shared, line)

    def write(self, new: list[Person], changed: list[Person]) -> None:
        store(new=new, changed=changed, user=self.user)


def _marks(row: dict[str, str]) -> tuple[UUID | None, list[tuple[str, str]]]:
    """By what a row says who is meant; what cannot be understood is reported by its field.

    By the e-mail address only where there is no number: a family or a clinic shares one.
    """
    try:
        identity = UuidWidget().clean(row.get("identity"))
    except ValueError:
        identity = None
    for kind, widget in _ADDRESSES.items():
        try:
            found = [(kind, value) for value in widget.clean(row.get(kind)) or ()]
        except ValueError:
            found = [(kind, "")]
        if found:
            return identity, found
    return identity, []


_ADDRESSES = {kind.value: AddressesWidget(kind.value) for kind in (Address.Kind.MSISDN, Address.Kind.EMAIL)}


class People:
    """The kind ``people``."""

    title = "People"
    row_name = "person"
    columns = COLUMNS
    permissions = ("contacts.add_contact", "contacts.change_contact")
    whole = False
    afterwards = "What is planned from now on uses the new numbers and languages."

    def subject_title(self, subject: str) -> str:
        return ""

    def link(self, subject: str) -> str:
        return reverse("admin:contacts_contact_changelist")

    def resource(self, subject: str, user: User | None) -> PeopleResource:
        return PeopleResource(user)

    def records(self, table: Table, subject: str) -> Iterator[Record]:
        return rows_as_they_are(table, self.columns)


def exported(people: QuerySet[Contact]) -> Iterator[list[str]]:
    """The people as rows of ``COLUMNS``, fetched a thousand at a time."""
    # Without what a list shows besides and would be computed for each row.
    plain_rows = Contact.objects.filter(pk__in=people.order_by().values("pk"))
    rows = plain_rows.order_by("-created_at", "-pk").iterator(chunk_size=EXPORT_BATCH)
    while batch := list(islice(rows, EXPORT_BATCH)):
        for person in people_of(batch).values():
            yield [
                str(person.identity),
                " ".join(person.msisdn),
                " ".join(person.email),
                person.name,
                person.language,
                person.timezone,
                json.dumps(person.details, ensure_ascii=False) if person.details else "",
            ]
