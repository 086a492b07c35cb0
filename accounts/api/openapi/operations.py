"""What is said of an operation, and of which view."""

from __future__ import annotations

from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass, field
from inspect import unwrap
from typing import Any

from rest_framework import serializers

from accounts.api.openapi.shapes import Shape

#: "There is no example": None is one.
NOTHING: Any = object()


@dataclass(frozen=True)
class Body:
    """A request's body: a serializer class or instance, or a shape.

    ``media``: its media types, where they are not those of the view's parsers.
    """

    shape: type[serializers.BaseSerializer[Any]] | serializers.BaseSerializer[Any] | Shape
    example: Any
    media: tuple[str, ...] = ()
    required: bool = True


@dataclass(frozen=True)
class Answer:
    """An answer of one status. Without a shape it has no body.

    ``media``: its media types, where it is not JSON.
    ``others``: what it is in further ones.
    """

    text: str
    shape: Shape | None = None
    example: Any = NOTHING
    media: tuple[str, ...] = ()
    others: Mapping[str, Shape] = field(default_factory=dict)
    headers: Mapping[str, Shape] = field(default_factory=dict)


@dataclass(frozen=True)
class Parameter:
    """A parameter of a path, a query, a header or a cookie."""

    name: str
    text: str
    shape: Shape
    example: Any = NOTHING
    where: str = "query"
    required: bool = False


@dataclass(frozen=True)
class Dialect:
    """One of the APIs: its tag in the document, and how it says no.

    ``name`` begins the names of what it has in the document. ``refusal`` gives
    the answer for a status of 400 or above. ``without_body`` and ``with_body``
    are the statuses of refusals that any request without or with a body may
    get, beside those that the code tells.
    """

    name: str
    tag: str
    text: str
    refusal: Callable[[int], Answer]
    without_body: tuple[int, ...] = ()
    with_body: tuple[int, ...] = (400, 413, 415)


@dataclass(frozen=True)
class Operation:
    """One method of one route.

    ``id`` names it in generated clients, ``refusals`` are the statuses that it
    may refuse with beside the usual ones. ``security`` replaces what the
    view's authenticators say, for views that have none.
    """

    id: str
    summary: str
    answers: Mapping[int, Answer]
    body: Body | None = None
    parameters: Sequence[Parameter] = ()
    refusals: tuple[int, ...] = ()
    text: str = ""
    security: list[dict[str, list[str]]] | None = None


Operations = Mapping[str, Operation]

_DESCRIBED: dict[Any, tuple[Dialect, Callable[[Mapping[str, Any]], Operations]]] = {}


def describe(view: Any, dialect: Dialect, **operations: Operation) -> None:
    """Say what the view's methods (``get=…``) or, of a view set, its actions (``list=…``) do.

    The view may also be none of the framework's: a function, or a class of
    Django's. Then its methods are those that are described here.
    """
    describe_each(view, dialect, lambda options: operations)


def describe_each(view: Any, dialect: Dialect, tell: Callable[[Mapping[str, Any]], Operations]) -> None:
    """For a view that is routed several times: ``tell`` gets the options it was routed with."""
    _DESCRIBED[_view_of(view)] = (dialect, tell)


def told_of_view(view: Any) -> tuple[Dialect, Operations] | None:
    """What is said of an instance of a view class; None when nothing is."""
    return _told(type(view), vars(view))


def told_of_route(callback: Any) -> tuple[Dialect, Operations] | None:
    """The same for what a route calls, whatever kind of view that is."""
    return _told(_view_of(callback), _options_of(callback))


def _told(view: Any, options: Mapping[str, Any]) -> tuple[Dialect, Operations] | None:
    if view not in _DESCRIBED:
        return None
    dialect, tell = _DESCRIBED[view]
    return dialect, tell(options)


def dialects() -> list[Dialect]:
    """All of which something is said, by tag."""
    found = {dialect.tag: dialect for dialect, _ in _DESCRIBED.values()}
    return [found[tag] for tag in sorted(found)]


def _view_of(callback: Any) -> Any:
    """The view class, or the function behind its decorators."""
    found = getattr(callback, "cls", None) or getattr(callback, "view_class", None)
    if found is not None:
        return found
    function = unwrap(callback)
    return getattr(function, "func", function)


def _options_of(callback: Any) -> Mapping[str, Any]:
    """What ``as_view()`` was called with, or the arguments of a function made for one route."""
    return getattr(callback, "initkwargs", None) or getattr(unwrap(callback), "keywords", None) or {}
