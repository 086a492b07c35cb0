"""Stages in the middle of a set, its completeness, and the preview."""

from __future__ import annotations

from typing import Any

from accounts.api.openapi import Answer, Body, Operation, Parameter, describe
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
    told,
)
from stagebased.api import inputs
from stagebased.api.schema.content import MESSAGE_SETS
from stagebased.api.schema.dialect import PROGRAMMES, record_id
from stagebased.api.views import editing
from stagebased.operations.content import Level

_SET = record_id(MESSAGE_SETS)
_STAGE = Parameter("number", "The stage's number.", integer(minimum=1), 3, where="path")
_EDITION = Answer(
    "The set's edition now: how often what it sends has changed.",
    record({"edition": integer(minimum=1)}),
    {"edition": 42},
)
_FINDING = named(
    "Finding",
    record(
        {
            "level": told(choice(*[level.value for level in Level]), "An error keeps a set in preparation."),
            "code": told(string(), "Stable; for a message the reason that its deliveries would fail with."),
            "sequence_number": told(nullable(integer(minimum=0)), "0: the welcome; null: the whole set."),
            "lang": string(),
            "detail": string(),
        }
    ),
)
_FORESEEN = named(
    "ForeseenMessage",
    record(
        {
            "due_at": told(INSTANT, "The slot; of a welcome the moment of joining."),
            "goes_out": told(INSTANT, "The same, or later when it falls into quiet hours."),
            "messageset": KEY,
            "messageset_short_name": string(),
            "sequence_number": told(integer(minimum=0), "0: the welcome."),
            "lang": told(string(), "In which it is sent; empty where nothing is."),
            "state": told(choice("queued", "failed", "skipped"), "What would become of it."),
            "reason": string(),
            "detail": string(),
            "text": string(),
            "audio": array(string()),
            "parts": integer(minimum=0),
        }
    ),
)
_FIRST: dict[str, Any] = {
    "due_at": "2026-06-10T06:00:00Z",
    "goes_out": "2026-06-10T06:00:00Z",
    "messageset": 1,
    "messageset_short_name": "prebirth.mother.1",
    "sequence_number": 1,
    "lang": "eng_ZA",
    "state": "queued",
    "reason": "",
    "detail": "",
    "text": "Welcome! Drink enough water today.",
    "audio": [],
    "parts": 1,
}

describe(
    editing.Stages,
    PROGRAMMES,
    post=Operation(
        "insertStage",
        "Insert a stage before the one that has its number now",
        {201: _EDITION},
        Body(inputs.StageInput, {"sequence_number": 3, "texts": {"eng_ZA": "Eat fruit every day."}}),
        (_SET,),
        refusals=(404,),
        text="The numbers of messages and the positions of subscribers shift together: nobody jumps over a "
        "message or hears one twice. Without `texts` the number stays empty, and is passed over, until "
        "something is published there.",
    ),
)
describe(
    editing.Stage,
    PROGRAMMES,
    delete=Operation(
        "removeStage",
        "Remove a stage in all languages",
        {204: Answer("It is gone, and those behind it have moved up.")},
        parameters=(_SET, _STAGE),
        refusals=(400, 404),
    ),
)
describe(
    editing.StageMove,
    PROGRAMMES,
    post=Operation(
        "moveStage",
        "Move a stage to another place",
        {200: _EDITION},
        Body(inputs.MoveInput, {"to": 5}),
        (_SET, _STAGE),
        refusals=(404,),
        text="Subscribers between the two places hear it once all the same: who has heard it passes over it "
        "at its new place, who has not gets it next.",
    ),
)
describe(
    editing.Completeness,
    PROGRAMMES,
    get=Operation(
        "getCompleteness",
        "What a set lacks",
        {
            200: Answer(
                "Findings by stage and language.",
                record({"complete": boolean(), "findings": array(_FINDING)}),
                {
                    "complete": False,
                    "findings": [
                        {
                            "level": "error",
                            "code": "no_message",
                            "sequence_number": 2,
                            "lang": "zul_ZA",
                            "detail": "Message 2 of prebirth.mother.1 is missing in zul_ZA.",
                        }
                    ],
                },
            )
        },
        parameters=(_SET, Parameter("drafts", "As if its drafts were published.", boolean(), True)),
        refusals=(404,),
    ),
)
describe(
    editing.Preview,
    PROGRAMMES,
    post=Operation(
        "previewMessageSet",
        "What somebody would get and when, to the end of the chain of sets",
        {
            200: Answer(
                "Every message in order, as the planner would send it.",
                record(
                    {
                        "count": integer(minimum=0),
                        "reaches_end": told(boolean(), "False: a message is missing and holds them up."),
                        "parts": told(integer(minimum=0), "SMS parts altogether."),
                        "messages": array(_FORESEEN),
                    }
                ),
                {"count": 1, "reaches_end": True, "parts": 1, "messages": [_FIRST]},
            )
        },
        Body(
            inputs.PreviewInput,
            {
                "start": "2026-06-10",
                "lang": "eng_ZA",
                "timezone": "Africa/Johannesburg",
                "next_sequence_number": 1,
                "without": [7],
                "drafts": False,
            },
        ),
        (_SET,),
        refusals=(404,),
        text="Everything is optional. `start`: when they join, a date or a moment; now. `lang`: the set's "
        "usual language. `timezone`: where they live; not known. `schedule`: the set's. "
        "`next_sequence_number`: where they begin; 1. `anchor_date`: for sets that follow a date. "
        "`without`: stages of this set to be left out. `drafts`: as if all drafts were published. "
        "Nothing is stored; a token for reading is enough.",
    ),
)
