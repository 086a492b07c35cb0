"""What people and opt-outs can be searched by: query parameters turned into conditions.

The original service passed parameters on to its database layer as they came;
here each is in a table, and a value that means nothing is a 400 under the
parameter's name.
"""

from __future__ import annotations

import json
import re
from collections.abc import Callable, Mapping
from datetime import UTC, datetime
from typing import Any
from uuid import UUID

from django.db.models import F, Q, QuerySet
from django.db.models.fields.json import KeyTransform
from django.utils.dateparse import parse_datetime
from django.utils.timezone import is_naive
from rest_framework.exceptions import ValidationError

from accounts.api.errors import refuse
from contacts.details import InvalidDetails, parse_address
from contacts.models import Address, Contact, OptOut
from contacts.operations import find_by_address

Reader = Callable[[str], Any]

#: Parameters of paging, which are no conditions.
PAGING = ("limit", "offset")
_ADDRESS, _DETAIL = "details__addresses__", "details__"
#: Details that are columns of a person.
_COLUMNS = {"name": "name", "preferred_language": "language", "timezone": "timezone"}
_MOST_KEYS = 5


def _uuid(text: str) -> UUID:
    try:
        return UUID(text)
    except ValueError:
        raise ValueError("Enter a valid UUID.") from None


def _whole(text: str) -> int:
    if not re.fullmatch(r"[0-9]{1,18}", text):
        raise ValueError("Enter a whole number.")
    return int(text)


def _instant(text: str) -> datetime:
    try:
        found = parse_datetime(text)
        if found is not None:
            return found.replace(tzinfo=UTC) if is_naive(found) else found.astimezone(UTC)
    except (ValueError, OverflowError):
        pass
    raise ValueError("Enter a valid date/time.")


def _text(text: str) -> str:
    if "\x00" in text:
        raise ValueError("Null characters are not allowed.")
    return text


def _times(name: str) -> dict[str, tuple[str, Reader]]:
    return {
        lookup: (lookup, _instant)
        for lookup in (name, *(f"{name}__{way}" for way in ("gte", "lte", "gt", "lt")))
    }


#: Parameter → the look-up it means and how its value is read.
IDENTITIES: dict[str, tuple[str, Reader]] = {
    "communicate_through": ("communicate_through_id", _uuid),
    "operator": ("operator_id", _uuid),
    "created_by": ("created_by_id", _whole),
    "updated_by": ("updated_by_id", _whole),
    "created_from": ("created_at__gte", _instant),
    "created_to": ("created_at__lte", _instant),
    "updated_from": ("updated_at__gte", _instant),
    "updated_to": ("updated_at__lte", _instant),
    **_times("created_at"),
    **_times("updated_at"),
}
SEARCH = IDENTITIES | {"id": ("id", _uuid), "version": ("version", _whole)}
OPT_OUTS: dict[str, tuple[str, Reader]] = {
    "id": ("id", _uuid),
    "identity": ("contact_id", _uuid),
    "optout_type": ("kind", _text),
    "address_type": ("address_kind", _text),
    "address": ("address", _text),
    "programme": ("programme", _text),
    "reason": ("reason", _text),
    "request_source": ("source", _text),
    "requestor_source_id": ("requestor", _text),
    "created_by": ("created_by_id", _whole),
    **_times("created_at"),
}


def _condition(table: Mapping[str, tuple[str, Reader]], name: str, text: str) -> Q:
    lookup, read = table[name]
    try:
        return Q(**{lookup: read(text)})
    except ValueError as error:
        raise refuse(name, str(error)) from None


def narrow_identities(people: QuerySet[Contact], params: Mapping[str, str]) -> QuerySet[Contact]:
    """For the list: what is not known is ignored, as clients expect of lists."""
    for name, text in params.items():
        if name in IDENTITIES:
            people = people.filter(_condition(IDENTITIES, name, text))
    return people


def search_identities(people: QuerySet[Contact], params: Mapping[str, str]) -> QuerySet[Contact]:
    """For the search: a field that is not known is refused, because ignoring it would find everybody.

    ``details__addresses__<type>`` finds by address, ``details__<key>`` (with
    further ``__<key>`` for what lies deeper) by a detail, other names by column.
    ``include_inactive=False`` leaves out people whose address, the one searched
    by, is inactive.
    """
    active_only = params.get("include_inactive", "").lower() == "false"
    for name, text in params.items():
        if name in (*PAGING, "include_inactive"):
            continue
        if name.startswith(_ADDRESS):
            people = people.filter(
                pk__in=_having(name.removeprefix(_ADDRESS), text, active_only).values("pk")
            )
        elif name.startswith(_DETAIL):
            people = _by_detail(people, name, text)
        elif name in SEARCH:
            people = people.filter(_condition(SEARCH, name, text))
        else:
            raise _unknown(name)
    return people


def search_opt_outs(rows: QuerySet[OptOut], params: Mapping[str, str]) -> QuerySet[OptOut]:
    for name, text in params.items():
        if name in PAGING:
            continue
        if name not in OPT_OUTS:
            raise _unknown(name)
        rows = rows.filter(_condition(OPT_OUTS, name, text))
    return rows


def _unknown(name: str) -> ValidationError:
    return refuse(name[:100].replace("\x00", ""), "This is no search field.")


def _having(kind: str, value: str, active_only: bool) -> QuerySet[Contact]:
    if kind == Address.Kind.MSISDN and value.startswith(" "):
        # A plus sign that was not escaped in the address of the request.
        value = f"+{value[1:]}"
    try:
        value = parse_address(kind, value)
    except InvalidDetails:
        # No address at all, so nobody has it.
        return Contact.objects.none()
    return find_by_address(kind=kind, value=value, active_only=active_only)


def _by_detail(people: QuerySet[Contact], name: str, text: str) -> QuerySet[Contact]:
    keys = name.removeprefix(_DETAIL).split("__")
    if not all(keys) or len(keys) > _MOST_KEYS or "\x00" in name + text:
        raise _unknown(name)
    if len(keys) == 1 and keys[0] in _COLUMNS:
        return people.filter(**{_COLUMNS[keys[0]]: text})
    # Built by hand: as a look-up string, a key named "regex" or "contains" would be an operator.
    path: Any = F("details")
    for key in keys:
        path = KeyTransform(key, path)
    return people.alias(**{f"_{name}": path}).filter(**{f"_{name}__in": _meanings(text)})


def _meanings(text: str) -> list[Any]:
    """The text itself, and the number or truth value that it may stand for in a detail."""
    if not re.fullmatch(r"-?[0-9]{1,15}(\.[0-9]{1,15})?|true|false", text):
        return [text]
    try:
        return [text, json.loads(text)]
    except ValueError:
        return [text]
