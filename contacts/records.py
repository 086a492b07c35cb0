"""Everything that is known of a person, as the apps tell it.

An app that keeps something about people registers what it keeps here, beside
erasing it when ``signals.contacts_forgotten`` is sent. The person's page shows
it, and the export hands it out.
"""

from __future__ import annotations

from collections.abc import Callable, Iterable, Iterator
from dataclasses import dataclass
from itertools import islice
from typing import Any

from contacts.models import Contact

#: One thing known: names and values that JSON can carry; ``page`` is where the admin site shows it.
Record = dict[str, Any]


@dataclass(frozen=True)
class Section:
    """What one app knows of a person, the newest first."""

    name: str
    title: str
    records: Callable[[Contact], Iterable[Record]]
    #: Permission without which the person's page does not show it; empty: whoever sees the page sees it.
    right: str = ""


_SECTIONS: dict[str, Section] = {}


def register(section: Section) -> None:
    _SECTIONS[section.name] = section


def sections() -> list[Section]:
    return list(_SECTIONS.values())


def latest(
    contact: Contact, most: int, *, may: Callable[[str], bool]
) -> Iterator[tuple[Section, list[Record] | None, bool]]:
    """Of each section the newest records, None where the right to see them is missing, and whether there
    are more."""
    for section in sections():
        if section.right and not may(section.right):
            yield section, None, False
            continue
        found = list(islice(section.records(contact), most + 1))
        yield section, found[:most], len(found) > most


def everything(contact: Contact) -> Iterator[tuple[str, Iterator[Record]]]:
    """All of it, section by section, without what only pages need."""
    yield "person", iter([_person(contact)])
    for section in sections():
        records = section.records(contact)
        yield section.name, ({k: v for k, v in record.items() if k != "page"} for record in records)


def _person(contact: Contact) -> Record:
    return {
        "identity": contact.pk,
        "name": contact.name,
        "language": contact.language,
        "timezone": contact.timezone,
        "details": contact.details,
        "communicate_through": contact.communicate_through_id,
        "operator": contact.operator_id,
        "account": contact.user.get_username() if contact.user else None,
        "opted_out_at": contact.opted_out_at,
        "created_at": contact.created_at,
        "updated_at": contact.updated_at,
        "addresses": [
            {
                "kind": one.kind, "value": one.value, "default": one.is_default, "inactive": one.inactive,
                "opted_out_at": one.opted_out_at, "details": one.details,
            }
            for one in contact.addresses.order_by("pk")
        ],
    }  # fmt: skip


def _opt_outs(contact: Contact) -> Iterator[Record]:
    for row in contact.opt_outs.iterator():
        yield {
            "at": row.created_at, "kind": row.get_kind_display(), "address": row.address,
            "programme": row.programme, "reason": row.reason, "heard": row.source,
            "taken_back_at": row.lifted_at,
        }  # fmt: skip


def _opt_ins(contact: Contact) -> Iterator[Record]:
    for row in contact.opt_ins.iterator():
        yield {
            "at": row.created_at, "address": row.address, "programme": row.programme, "heard": row.source,
        }  # fmt: skip


register(Section("opt-outs", "Opted out", _opt_outs))
register(Section("opt-ins", "Opted in", _opt_ins))
