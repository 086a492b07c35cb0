"""How hubs describe a person: the ``details`` object of an identity, read and written.

Its shape (Seed Identity Store)::

    {"name": "Thandi", "preferred_language": "zul_ZA", "timezone": "Africa/Johannesburg",
     "default_addr_type": "msisdn",
     "addresses": {"msisdn": {"+27820001001": {"default": true, "optedout": true, "inactive": true}},
                   "email": {"thandi@example.org": {}}},
     ... whatever else a programme keeps ...}

``name``, ``preferred_language``, ``timezone`` and ``addresses`` have a meaning
here and are checked; all other keys are kept as they are.
"""

from __future__ import annotations

import re
from collections.abc import Iterable, Iterator
from dataclasses import dataclass, field
from typing import Any

from django.core.exceptions import ValidationError
from django.core.validators import validate_email

from contacts.models import Address, Contact, validate_kind, validate_language, validate_timezone
from contacts.numbers import InvalidNumber, parse_msisdn
from contacts.operations.addresses import AddressRecord

MOST_ADDRESSES = 100
#: A control character cannot be dialled or written to, and breaks lines where addresses are shown.
_PLAIN = re.compile(r"[^\x00-\x1f\x7f]{1,254}")
#: Keys of the details that are columns here: the column, the longest text, and who checks it.
_COLUMNS = {
    "name": ("name", 200, None),
    "preferred_language": ("language", 6, validate_language),
    "timezone": ("timezone", 64, validate_timezone),
}
_FLAGS = {True: True, False: False, "true": True, "false": False}


class InvalidDetails(ValueError):
    """The details are refused; the message says which part and why, and holds no value."""


@dataclass(frozen=True)
class Description:
    """Details, taken apart. ``addresses`` is None when they were not spoken of."""

    keys: frozenset[str]
    columns: dict[str, str]
    details: dict[str, Any]
    addresses: list[AddressRecord] | None = None
    #: What was said about opt-outs: ``(kind, value)`` → opted out or not.
    opted_out: dict[tuple[str, str], bool] = field(default_factory=dict)


def parse_address(kind: str, value: str) -> str:
    """The address as it is stored: msisdns in E.164, others as they are. Raises InvalidDetails."""
    if not isinstance(value, str) or not _PLAIN.fullmatch(value):
        raise InvalidDetails("An address has 1 to 254 characters and no control characters.")
    try:
        validate_kind(kind)
        if kind == Address.Kind.MSISDN:
            return parse_msisdn(value)
        if kind == Address.Kind.EMAIL:
            validate_email(value)
    except InvalidNumber as error:
        raise InvalidDetails(error.message) from None
    except ValidationError as error:
        raise InvalidDetails(error.messages[0]) from None
    return value


def read_details(wire: dict[str, Any]) -> Description:
    """Take the details apart. Raises InvalidDetails."""
    columns = {column: _text(wire, key, most, check) for key, (column, most, check) in _COLUMNS.items()}
    others = {key: value for key, value in wire.items() if key not in _COLUMNS and key != "addresses"}
    if "addresses" not in wire:
        return Description(frozenset(wire), columns, others)
    records, opted_out = _read_addresses(wire["addresses"])
    return Description(frozenset(wire), columns, others, records, opted_out)


def without_faults(wire: dict[str, Any]) -> dict[str, Any]:
    """The details without what ``read_details`` would refuse, for records that somebody else let in."""
    kept = {key: value for key, value in wire.items() if key != "addresses" and _is_readable({key: value})}
    by_kind: dict[str, dict[str, Any]] = {}
    for kind, value, remarks in list(_good_addresses(wire.get("addresses")))[:MOST_ADDRESSES]:
        by_kind.setdefault(kind, {})[value] = remarks
    return kept | {"addresses": by_kind}


def _good_addresses(wire: Any) -> Iterator[tuple[str, str, Any]]:
    for kind, entries in wire.items() if isinstance(wire, dict) else ():
        for value, remarks in entries.items() if isinstance(entries, dict) else ():
            if _is_readable({"addresses": {kind: {value: remarks}}}):
                yield kind, value, remarks


def _is_readable(wire: dict[str, Any]) -> bool:
    try:
        read_details(wire)
    except InvalidDetails:
        return False
    return True


def write_details(contact: Contact, addresses: Iterable[Address]) -> dict[str, Any]:
    """The details of a contact, put together again from columns and addresses."""
    wire = dict(contact.details)
    for key, (column, _, _) in _COLUMNS.items():
        if text := getattr(contact, column):
            wire[key] = text
    by_kind: dict[str, dict[str, Any]] = {}
    for address in addresses:
        by_kind.setdefault(address.kind, {})[address.value] = _remarks(contact, address)
    return wire | {"addresses": by_kind}


def _remarks(contact: Contact, address: Address) -> dict[str, Any]:
    flags = {
        "default": address.is_default,
        "optedout": address.opted_out_at is not None or contact.opted_out_at is not None,
        "inactive": address.inactive,
    }
    return address.details | {flag: True for flag, is_set in flags.items() if is_set}


def _text(wire: dict[str, Any], key: str, most: int, check: Any) -> str:
    value = wire.get(key)
    if value is None or value == "":
        return ""
    if not isinstance(value, str) or len(value) > most:
        raise InvalidDetails(f"{key}: write a text of at most {most} characters.")
    try:
        if check is not None:
            check(value)
    except ValidationError as error:
        raise InvalidDetails(f"{key}: {error.messages[0]}") from None
    return value


def _read_addresses(wire: Any) -> tuple[list[AddressRecord], dict[tuple[str, str], bool]]:
    records: list[AddressRecord] = []
    opted_out: dict[tuple[str, str], bool] = {}
    for kind, entries in _object(wire, "addresses").items():
        for value, remarks in _object(entries, f"addresses: {kind[:16]}").items():
            record, stopped = _read_address(kind, value, remarks)
            records.append(record)
            if stopped is not None:
                opted_out[record.kind, record.value] = stopped
    if len(records) > MOST_ADDRESSES:
        raise InvalidDetails(f"addresses: at most {MOST_ADDRESSES} are kept of one person.")
    return records, opted_out


def _read_address(kind: str, value: str, wire: Any) -> tuple[AddressRecord, bool | None]:
    remarks = dict(_object({} if wire is None else wire, "addresses: what is said of one"))
    try:
        stored = parse_address(kind, value)
    except InvalidDetails as error:
        raise InvalidDetails(f"addresses: {error}") from None
    default, stopped, inactive = (_flag(remarks, name) for name in ("default", "optedout", "inactive"))
    return AddressRecord(kind, stored, bool(default), bool(inactive), remarks), stopped


def _flag(remarks: dict[str, Any], name: str) -> bool | None:
    """Takes the flag out of the remarks; None when it is not there."""
    value = remarks.pop(name, None)
    if value is None:
        return None
    # Some hubs write flags as the text of a Python boolean.
    value = value.lower() if isinstance(value, str) else value
    if not isinstance(value, bool | str) or value not in _FLAGS:
        raise InvalidDetails(f"addresses: {name} is true or false.")
    return _FLAGS[value]


def _object(value: Any, what: str) -> dict[str, Any]:
    if not isinstance(value, dict):
        raise InvalidDetails(f"{what}: write an object.")
    return value
