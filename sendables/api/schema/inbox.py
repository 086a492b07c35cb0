"""Reading, marking and deleting what was received and sent."""

from __future__ import annotations

from collections.abc import Callable, Mapping
from typing import Any

from accounts.api.openapi import Answer, Body, Operation, Parameter, describe_each
from accounts.api.openapi.operations import Operations
from accounts.api.openapi.shapes import array, integer, record, string
from sendables.api import actions, export, lists, sent
from sendables.api.schema.shapes import (
    INBOX,
    LINK,
    PAGE,
    SECURITY,
    by_key,
    filters,
    key_example,
    key_shape,
    list_of,
    received_example,
    received_shape,
    sent_example,
    sent_shape,
    title,
)
from sendables.api.stream import CONTENT_TYPE, stream
from sendables.entities import Entity, entity


def of_entity(view: Any, tell: Callable[[Entity], Operations]) -> None:
    """Describe a view for each entity that it is routed for."""

    def told(options: Mapping[str, Any]) -> Operations:
        return tell(entity(options["entity_name"]))

    describe_each(view, INBOX, told)


def _list(name: str, words: str, view: str) -> Callable[[Entity], Operations]:
    def tell(kind: Entity) -> Operations:
        listed = Answer(
            "Unread ones first, then the newest first.",
            list_of(kind, view, received_shape(kind)),
            [received_example(kind)],
            headers=LINK,
        )
        return {
            "get": Operation(
                f"list{name}{title(kind)}s",
                f"List {words} {kind.name}s",
                {200: listed},
                parameters=(*PAGE, *filters(kind)),
                refusals=(400,),
            )
        }

    return tell


of_entity(lists.ReceivedListView, _list("", "one's", "LIST"))
of_entity(lists.ReadListView, _list("Read", "one's read", "LIST_READ"))
of_entity(lists.UnreadListView, _list("Unread", "one's unread", "LIST_UNREAD"))
of_entity(
    lists.ReceivedDetailView,
    lambda kind: {
        "get": Operation(
            f"get{title(kind)}",
            f"Read a {kind.name}",
            {200: Answer(f"The {kind.name}.", received_shape(kind), received_example(kind))},
            parameters=(by_key(kind),),
            refusals=(404,),
            text="Looking at it does not mark it as read.",
        )
    },
)
of_entity(
    sent.SentListView,
    lambda kind: {
        "get": Operation(
            f"listSent{title(kind)}s",
            f"List the {kind.name}s that one sent",
            {
                200: Answer(
                    "The newest first.",
                    list_of(kind, "LIST_SENT", sent_shape(kind)),
                    [sent_example(kind)],
                    headers=LINK,
                )
            },
            parameters=(*PAGE, *filters(kind, of_recipients=True)),
            refusals=(400,),
        )
    },
)
of_entity(
    sent.SentDetailView,
    lambda kind: {
        "get": Operation(
            f"getSent{title(kind)}",
            f"Read a {kind.name} that one sent",
            {200: Answer(f"The {kind.name}.", sent_shape(kind), sent_example(kind))},
            parameters=(by_key(kind),),
            refusals=(404,),
        )
    },
)


def selection(kind: Entity) -> Body:
    """Some of them, by id."""
    name = f"{kind.name}_{kind.settings.SENDABLE_KEY_NAME}s"
    return Body(record({name: array(key_shape(kind), minItems=1)}), {name: [key_example(kind)]})


def _marking(name: str, words: str) -> Callable[[Entity], Operations]:
    return lambda kind: {
        "patch": Operation(
            f"mark{title(kind)}s{name}",
            f"Mark {kind.name}s as {words}",
            {200: Answer("Marked. Without a body.")},
            selection(kind),
            text="Those that are not the caller's are passed over; 400 when none is.",
        )
    }


def _deleting(name: str, words: str) -> Callable[[Entity], Operations]:
    return lambda kind: {
        "delete": Operation(
            f"delete{name}{title(kind)}s",
            f"Delete {kind.name}s {words}",
            {204: Answer("Gone.")},
            selection(kind),
            text="For the caller alone. Those that are not the caller's are passed over; 400 when none is.",
        )
    }


of_entity(actions.MarkReadView, _marking("Read", "read"))
of_entity(actions.MarkUnreadView, _marking("Unread", "unread"))
of_entity(
    actions.MarkAllReadView,
    lambda kind: {
        "patch": Operation(
            f"markAll{title(kind)}sRead",
            f"Mark all {kind.name}s as read",
            {200: Answer("Marked. Without a body.")},
        )
    },
)
of_entity(actions.DeleteView, _deleting("", "from one's inbox"))
of_entity(sent.DeleteSentView, _deleting("Sent", "that one sent from one's list"))
of_entity(
    actions.UnreadCountView,
    lambda kind: {
        "get": Operation(
            f"countUnread{title(kind)}s",
            f"How many {kind.name}s are unread",
            {200: Answer("The count.", record({"unread_count": integer(minimum=0)}), {"unread_count": 3})},
        )
    },
)
of_entity(
    export.ExportView,
    lambda kind: {
        "get": Operation(
            f"export{title(kind)}s",
            f"All {kind.name}s that one received or sent",
            {
                200: Answer(
                    "A JSON object on each line.",
                    string(),
                    f'{{"entity": "{kind.name}", "role": "recipient", "content": "Open at ten."}}\n',
                    media=("application/x-ndjson",),
                )
            },
        )
    },
)
of_entity(
    stream,
    lambda kind: {
        "get": Operation(
            f"stream{title(kind)}s",
            f"What happens to one's {kind.name}s, as it happens",
            {
                200: Answer(
                    f"Server-sent events: `{kind.name}` with an item as the lists show it, `unread` with the "
                    "unread count.",
                    string(),
                    'event: unread\nid: 12\ndata: {"unread_count": 3}\n\n',
                    media=(CONTENT_TYPE,),
                )
            },
            parameters=(
                Parameter(
                    "Last-Event-ID", "What was seen last: it goes on behind.", string(), "12", "header"
                ),
                Parameter("last_event_id", "The same, for clients that cannot set headers.", string(), "12"),
            ),
            refusals=(403, 429),
            text="Where no connection can stay open, the answer is what is new and when to come again.",
            security=SECURITY,
        )
    },
)
