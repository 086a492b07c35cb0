"""Mounting an entity: ``entity_urls("announcements/", "announcement")`` in a URLconf."""

from __future__ import annotations

from functools import cache
from typing import Any

from django.urls import URLPattern, URLResolver, include, path, register_converter
from django.urls.converters import IntConverter, get_converters
from rest_framework import serializers

from accounts.api.routers import both_slashes
from sendables.api import actions, conversations, export, lists, people, scheduled, send, sent, stream
from sendables.entities import Entity, entity


class AnyIntConverter(IntConverter):
    """Digits, however many: an id that no table can hold is one nobody has (404), not an error."""

    regex = "[0-9]{1,1000}"

    def to_python(self, value: str) -> int:
        return int(value)


if "any_int" not in get_converters():
    register_converter(AnyIntConverter, "any_int")


def entity_urls(route: str, name: str) -> URLResolver:
    """All views of an entity below ``route``, with and without last slash, named ``<name>-…``."""
    kind = entity(name)
    patterns: list[URLPattern | URLResolver] = [path(route, include(_patterns(kind)))]
    if route.endswith("/"):
        patterns.append(path(route.removesuffix("/"), _view(lists.ReceivedListView, name)))
    return path("", include(patterns))


def sendables_path(route: str, entity_name: str = "sendable") -> URLResolver:
    """``entity_urls`` under the name that drf-sendables has for it."""
    return entity_urls(route, entity_name)


@cache
def _view(view: Any, name: str) -> Any:
    return view.as_view(entity_name=name)


def _patterns(kind: Entity) -> list[URLPattern]:
    name = kind.name
    patterns = [path("", _view(lists.ReceivedListView, name), name=f"{name}-list")]
    patterns += both_slashes("stream/", stream.stream_view(name), name=f"{name}-stream")
    for route, view, suffix in _routes(kind):
        patterns += both_slashes(route, _view(view, name), name=f"{name}-{suffix}")
    return patterns


def _routes(kind: Entity) -> list[tuple[str, Any, str]]:
    """Route, view and name suffix; ids last, so that no word is taken for one."""
    key = f"<{_converter(kind)}:key>/"
    routes: list[tuple[str, Any, str]] = [
        ("send/", send.SendView, "send"),
        ("mark-read/", actions.MarkReadView, "mark-read"),
        ("mark-unread/", actions.MarkUnreadView, "mark-unread"),
        ("mark-all-read/", actions.MarkAllReadView, "mark-all-read"),
        ("delete/", actions.DeleteView, "delete"),
        ("read/", lists.ReadListView, "list-read"),
        ("unread/", lists.UnreadListView, "list-unread"),
        ("unread-count/", actions.UnreadCountView, "unread-count"),
        ("export/", export.ExportView, "export"),
    ]
    if kind.settings.SCHEDULING:
        routes += [
            ("scheduled/", scheduled.ScheduledListView, "list-scheduled"),
            ("delete-scheduled/", scheduled.DeleteScheduledView, "delete-scheduled"),
        ]
    if kind.has_sender:
        routes += [
            ("delete-sent/", sent.DeleteSentView, "delete-sent"),
            ("sent/", sent.SentListView, "list-sent"),
            (f"sent/{key}", sent.SentDetailView, "detail-sent"),
            ("block/", people.BlockView, "block"),
            ("unblock/", people.UnblockView, "unblock"),
            ("blocked/", people.BlockedListView, "list-blocked"),
        ]
    if kind.has_threads:
        routes += [
            ("threads/", conversations.ThreadListView, "threads"),
            (f"{key}reply/", conversations.ReplyView, "reply"),
            (f"{key}thread/", conversations.ThreadView, "thread"),
        ]
    return [*routes, (key, lists.ReceivedDetailView, "detail")]


def _converter(kind: Entity) -> str:
    field = kind.settings.SENDABLE_KEY_TYPE
    if issubclass(field, serializers.IntegerField):
        return "any_int"
    return "uuid" if issubclass(field, serializers.UUIDField) else "str"
