"""Sending, and sends that are still to come."""

from __future__ import annotations

from typing import Any

from accounts.api.openapi import Answer, Body, Operation, Parameter
from accounts.api.openapi.operations import Operations
from accounts.api.openapi.shapes import (
    INSTANT,
    KEY,
    Shape,
    array,
    boolean,
    integer,
    mapping,
    named,
    nullable,
    record,
    string,
    told,
)
from sendables.api import scheduled, send
from sendables.api.schema.inbox import of_entity
from sendables.api.schema.shapes import (
    LINK,
    PAGE,
    WHEN,
    content_example,
    content_shapes,
    person_example,
    person_key,
    title,
)
from sendables.entities import Entity

IDEMPOTENCY = Parameter(
    "Idempotency-Key",
    "The same request again with the same key gets the same answer and sends nothing.",
    string(pattern="^[!-~]{1,255}$"),
    "5f0c6a1e",
    where="header",
)
REPLAYED = {"Idempotency-Replayed": told(string(const="true"), "There when the answer is remembered.")}


def recipients_name(kind: Entity) -> str:
    return f"recipient_{kind.settings.PARTICIPANT_KEY_NAME}s"


def recipients_example(kind: Entity) -> list[Any]:
    return [person_example(kind)[kind.settings.PARTICIPANT_KEY_NAME]]


def _body(kind: Entity) -> Shape:
    content = content_shapes(kind)
    times = {"publish_at": INSTANT, "expires_at": INSTANT} if kind.settings.SCHEDULING else {}
    optional = (*kind.settings.OPTIONAL_FIELD_NAMES, *times)
    people = array(person_key(kind), minItems=1, maxItems=kind.settings.MAX_RECIPIENTS)
    audiences: tuple[tuple[str, Shape], ...] = (
        (recipients_name(kind), people),
        (
            "recipient_groups",
            told(array(string(), minItems=1, maxItems=1000), "For administrators: groups by name."),
        ),
        ("everybody", told(boolean(const=True), "For administrators.")),
    )
    ways = [record({**content, name: shape, **times}, optional=optional) for name, shape in audiences]
    return named(f"{title(kind)}Send", {"anyOf": ways})


def _answer(kind: Entity) -> Shape:
    content = content_shapes(kind)
    told_back: dict[str, Shape] = {
        recipients_name(kind): told(array(person_key(kind)), "Who got it."),
        "recipient_groups": array(string()),
        "everybody": boolean(const=True),
        "recipient_count": integer(minimum=0),
        "publish_at": INSTANT,
    }
    optional = (*kind.settings.OPTIONAL_FIELD_NAMES, *told_back)
    return named(f"{title(kind)}Sending", record({**content, **told_back}, optional=optional))


def _sending(kind: Entity) -> Operations:
    example = {**content_example(kind), recipients_name(kind): recipients_example(kind)}
    return {
        "post": Operation(
            f"send{title(kind)}",
            f"Send a {kind.name}",
            {
                201: Answer(
                    "What was sent, and who got it: people who do not exist, or may not be written to, are "
                    "left out.",
                    _answer(kind),
                    example,
                    headers=REPLAYED,
                )
            },
            Body(_body(kind), example),
            (IDEMPOTENCY,),
            (409, 429),
        )
    }


of_entity(send.SendView, _sending)

_POSTING: dict[str, Shape] = {
    "id": KEY,
    "audience": told(mapping(), "`ids` is how many people, else `groups` or `everybody`."),
    "publish_at": INSTANT,
    "expires_at": nullable(INSTANT),
    "recipients_served": integer(minimum=0),
}
of_entity(
    scheduled.ScheduledListView,
    lambda kind: {
        "get": Operation(
            f"listScheduled{title(kind)}s",
            f"List {kind.name}s that are still to be published",
            {
                200: Answer(
                    "The next one first.",
                    array(
                        named(
                            f"Scheduled{title(kind)}",
                            record({**_POSTING, **content_shapes(kind)}, additionalProperties=True),
                        )
                    ),
                    [
                        {
                            "id": 1,
                            **content_example(kind),
                            "audience": {"groups": ["nurses"]},
                            "publish_at": WHEN,
                            "expires_at": None,
                            "recipients_served": 0,
                        }
                    ],
                    headers=LINK,
                )
            },
            parameters=PAGE,
            refusals=(400,),
            text="For administrators.",
        )
    },
)
of_entity(
    scheduled.DeleteScheduledView,
    lambda kind: {
        "delete": Operation(
            f"cancelScheduled{title(kind)}s",
            f"Cancel {kind.name}s that are still to be published",
            {204: Answer("Cancelled; what has been delivered already stays.")},
            Body(record({"scheduled_ids": array(integer(), minItems=1)}), {"scheduled_ids": [1]}),
            text="For administrators.",
        )
    },
)
