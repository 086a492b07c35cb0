"""Conversations, and whom one does not want to hear from."""

from __future__ import annotations

from collections.abc import Callable

from accounts.api.openapi import Answer, Body, Operation, Parameter
from accounts.api.openapi.operations import Operations
from accounts.api.openapi.shapes import (
    INSTANT,
    KEY,
    array,
    boolean,
    choice,
    integer,
    named,
    nullable,
    record,
    string,
)
from sendables.api import conversations, people
from sendables.api.schema.inbox import of_entity
from sendables.api.schema.sending import IDEMPOTENCY, REPLAYED, recipients_example, recipients_name
from sendables.api.schema.shapes import (
    LINK,
    PAGE,
    WHEN,
    by_key,
    content_example,
    content_shapes,
    key_example,
    key_shape,
    person_example,
    person_key,
    person_shape,
    title,
)
from sendables.entities import Entity


def _reply(kind: Entity) -> Operations:
    content, optional = content_shapes(kind), tuple(kind.settings.OPTIONAL_FIELD_NAMES)
    name = recipients_name(kind)
    example = content_example(kind)
    return {
        "post": Operation(
            f"replyTo{title(kind)}",
            f"Answer a {kind.name}",
            {
                201: Answer(
                    "What was sent, and who got it.",
                    record({**content, name: array(person_key(kind))}, optional=optional),
                    {**example, name: recipients_example(kind)},
                    headers=REPLAYED,
                )
            },
            Body(named(f"{title(kind)}Reply", record(content, optional=optional)), example),
            (by_key(kind), IDEMPOTENCY),
            (404, 409, 429),
            "To everybody in the conversation; in one of many people to whoever wrote what is answered.",
        )
    }


def _thread(kind: Entity) -> Operations:
    key = kind.settings.SENDABLE_KEY_NAME
    item = record(
        {
            key: key_shape(kind),
            "thread_id": KEY,
            "sent_on": INSTANT,
            "is_read": boolean(),
            "sender": nullable(person_shape(kind)),
            **content_shapes(kind),
        }
    )
    example = {
        key: key_example(kind),
        "thread_id": 1,
        "sent_on": WHEN,
        "is_read": True,
        "sender": person_example(kind),
        **content_example(kind),
        **dict.fromkeys(kind.settings.OPTIONAL_FIELD_NAMES, ""),
    }
    return {
        "get": Operation(
            f"get{title(kind)}Thread",
            f"The conversation that a {kind.name} belongs to",
            {
                200: Answer(
                    "The oldest first.", array(named(f"Thread{title(kind)}", item)), [example], headers=LINK
                )
            },
            parameters=(by_key(kind), *PAGE),
            refusals=(400, 404),
        )
    }


of_entity(conversations.ReplyView, _reply)
of_entity(conversations.ThreadView, _thread)
of_entity(
    conversations.ThreadListView,
    lambda kind: {
        "get": Operation(
            f"list{title(kind)}Threads",
            "List one's conversations",
            {
                200: Answer(
                    "The latest first.",
                    array(
                        named(
                            f"{title(kind)}ThreadSummary",
                            record(
                                {
                                    "thread_id": KEY,
                                    "subject": string(),
                                    "count": integer(minimum=0),
                                    "unread_count": integer(minimum=0),
                                    "started_on": INSTANT,
                                    "latest_on": INSTANT,
                                    "participants": array(record({"id": KEY, "username": string()})),
                                }
                            ),
                        )
                    ),
                    [
                        {
                            "thread_id": 1,
                            "subject": "Opening hours",
                            "count": 2,
                            "unread_count": 1,
                            "started_on": WHEN,
                            "latest_on": WHEN,
                            "participants": [{"id": 2, "username": "alice"}],
                        }
                    ],
                    headers=LINK,
                )
            },
            parameters=(
                Parameter("box", "Which ones.", choice("all", "inbox", "sent", "archived"), "all"),
                PAGE[0],
                Parameter("cursor", "Where the page begins, as the `Link` header says.", string()),
            ),
            refusals=(400,),
        )
    },
)


def _people(name: str, words: str, text: str) -> Callable[[Entity], Operations]:
    def tell(kind: Entity) -> Operations:
        field = f"user_{kind.settings.PARTICIPANT_KEY_NAME}s"
        shape = record({field: array(person_key(kind), minItems=1, maxItems=kind.settings.MAX_RECIPIENTS)})
        return {
            "post": Operation(
                f"{name}{title(kind)}Senders",
                f"{words} people",
                {204: Answer("Done.")},
                Body(shape, {field: recipients_example(kind)}),
                text=text,
            )
        }

    return tell


of_entity(
    people.BlockView, _people("block", "Block", "What they send does not arrive. 400 when none exists.")
)
of_entity(people.UnblockView, _people("unblock", "No longer block", "400 when none exists."))
of_entity(
    people.BlockedListView,
    lambda kind: {
        "get": Operation(
            f"listBlocked{title(kind)}Senders",
            "List whom one has blocked",
            {
                200: Answer(
                    "The latest first.", array(person_shape(kind)), [person_example(kind)], headers=LINK
                )
            },
            parameters=PAGE,
            refusals=(400,),
        )
    },
)
