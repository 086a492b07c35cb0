"""The dialect's tag, its refusals, and operations on one kind of record."""

from __future__ import annotations

from dataclasses import dataclass, field
from typing import Any

from django_filters import FilterSet
from django_filters import filters as kinds
from rest_framework import serializers

from accounts.api.openapi import Answer, Body, Dialect, Operation, Parameter
from accounts.api.openapi.pages import PAGING, page_of
from accounts.api.openapi.refusals import json_refusal
from accounts.api.openapi.shapes import (
    INSTANT,
    KEY,
    URL,
    UUID,
    Shape,
    boolean,
    choice,
    integer,
    string,
)
from stagebased.api import filters

PROGRAMMES = Dialect(
    "StageBased",
    "Stage-based messaging",
    "Schedules, message sets in several languages, and subscriptions of people to them: the API of the Seed "
    "Stage-Based Messaging Store. Every path answers with and without its last slash.",
    json_refusal,
)
_FILTERS: tuple[tuple[type, Shape], ...] = (
    (filters.FlagFilter, boolean()),
    (filters.InstantFilter, INSTANT),
    (filters.WholeNumberFilter, integer()),
    (kinds.UUIDFilter, UUID),
    (kinds.ModelChoiceFilter, KEY),
    (kinds.DateFilter, string(format="date")),
    (kinds.CharFilter, string()),
)
_TEXTS = {
    "created_after": "Made then or later.",
    "created_before": "Made then or earlier.",
    "metadata_has_key": "Whose `metadata` has this key.",
    "metadata_not_has_key": "Whose `metadata` has not this key.",
    "messageset_contains": "Whose message set has this in its short name.",
}


def narrowing(filterset: type[FilterSet]) -> tuple[Parameter, ...]:
    """A list's filters and order as parameters."""
    return tuple(_parameter(name, each) for name, each in filterset.base_filters.items())


def _parameter(name: str, each: Any) -> Parameter:
    if isinstance(each, kinds.OrderingFilter):
        names = [key for field in each.param_map.values() for key in (field, f"-{field}")]
        return Parameter(name, "The order of the list; `-` in front: descending.", choice(*names), names[0])
    if "choices" in each.extra:
        values = [value for value, _ in each.extra["choices"]]
        return Parameter(name, f"Only those with this `{name}`.", choice(*values), values[0])
    shape = next(shape for kind, shape in _FILTERS if isinstance(each, kind))
    return Parameter(name, _TEXTS.get(name, f"Only those with this `{name}`."), shape)


CURSOR = (
    Parameter(
        "cursor",
        "Reads the whole list in the order of the ids, uncounted: empty for the first page, then as `next` "
        "has it. `offset` and `ordering` mean nothing then.",
        string(),
        "",
    ),
)


@dataclass(frozen=True)
class Kind:
    """A kind of record and the words for it."""

    name: str
    plural: str
    words: str
    many: str
    shape: Shape
    example: dict[str, Any]
    body: type[serializers.Serializer[Any]]
    sent: dict[str, Any]
    filters: type[FilterSet]
    key: Shape = field(default_factory=lambda: KEY)
    media: tuple[str, ...] = ()
    #: Whether its list may be read through by a cursor.
    scanned: bool = False


def record_id(kind: Kind) -> Parameter:
    return Parameter("id", f"The {kind.words}'s id.", kind.key, kind.example["id"], where="path")


def operations_on(kind: Kind) -> dict[str, Operation]:
    """List, create, read, change and delete."""
    one = Answer(f"The {kind.words}.", kind.shape, kind.example)
    where = {"Location": URL}
    made = Answer(
        f"The new {kind.words}; its address is in `Location`.", kind.shape, kind.example, headers=where
    )
    whole = Body(kind.body, kind.sent, kind.media)
    name = next(iter(kind.sent))
    part = Body(kind.body(partial=True), {name: kind.sent[name]}, kind.media)
    by_id = (record_id(kind),)
    parameters = (*PAGING, *(CURSOR if kind.scanned else ()), *narrowing(kind.filters))
    page = page_of(f"{kind.name}Page", kind.shape, kind.example, counted=not kind.scanned)
    return {
        "list": Operation(
            f"list{kind.plural}", f"List {kind.many}", {200: page}, parameters=parameters, refusals=(400,)
        ),
        "create": Operation(f"create{kind.name}", f"Add a {kind.words}", {201: made}, whole),
        "retrieve": Operation(
            f"get{kind.name}", f"Read a {kind.words}", {200: one}, parameters=by_id, refusals=(404,)
        ),
        "update": Operation(
            f"replace{kind.name}", f"Change a {kind.words}", {200: one}, whole, by_id, refusals=(404,)
        ),
        "partial_update": Operation(
            f"change{kind.name}",
            f"Change some fields of a {kind.words}",
            {200: one},
            part,
            by_id,
            refusals=(404,),
            text="Writes the named fields and no others.",
        ),
        "destroy": Operation(
            f"delete{kind.name}",
            f"Delete a {kind.words}",
            {204: Answer("It is gone.")},
            parameters=by_id,
            refusals=(404, 409),
        ),
    }
