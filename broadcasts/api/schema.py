"""Broadcasts in the OpenAPI document."""

from __future__ import annotations

from typing import Any

from accounts.api.openapi import Answer, Body, Dialect, Operation, Parameter, describe
from accounts.api.openapi.pages import PAGING, page_of
from accounts.api.openapi.refusals import json_refusal
from accounts.api.openapi.shapes import (
    INSTANT,
    KEY,
    UUID,
    array,
    choice,
    integer,
    mapping,
    named,
    nullable,
    record,
    string,
)
from broadcasts.api import serializers, views
from broadcasts.models import Broadcast

BROADCASTS = Dialect(
    "Broadcasts",
    "Broadcasts",
    "One text to many people: written, counted, sent, held and stopped. The account needs the rights that "
    "operators have. Every path answers with and without its last slash.",
    json_refusal,
)

_FIELDS = {
    "id": UUID, "name": string(), "state": choice(*Broadcast.State.values),
    "channel": choice(*Broadcast.Channel.values), "gateway": string(),
    "audience": choice(*Broadcast.Audience.values), "group": nullable(KEY), "messageset": nullable(KEY),
    "texts": mapping(string()), "default_language": string(), "per_minute": nullable(integer(minimum=1)),
    "not_before": nullable(string(format="time")), "not_after": nullable(string(format="time")),
    "timezone": string(), "total": integer(minimum=0), "dealt_with": integer(minimum=0),
    "created_at": INSTANT, "prepared_at": nullable(INSTANT), "started_at": nullable(INSTANT),
    "finished_at": nullable(INSTANT),
}  # fmt: skip
_COUNT = integer(minimum=0)
_COST = record(
    {
        "languages": mapping(record({"people": _COUNT, "parts_each": _COUNT, "parts": _COUNT})),
        "left_out": mapping(_COUNT, description="Why somebody gets nothing → how many."),
        "parts": _COUNT,
        "amount": nullable(string()),
        "currency": string(),
    }
)
_PROGRESS = record(
    dict.fromkeys(
        ("ahead", "left_out", "waiting", "handed", "sent", "delivered", "failed", "stopped"), _COUNT
    )
)
BROADCAST = named("Broadcast", record(_FIELDS))
WHOLE = named(
    "WholeBroadcast",
    record(
        _FIELDS
        | {
            "cost": _COST,
            "progress": _PROGRESS,
            "unread_lines": record({"count": _COUNT, "first": array(array({}))}),
        }
    ),
)
_ID = "01a223b6-be00-7a63-8c3e-6f0b3f6f9d11"
_SENT: dict[str, Any] = {
    "name": "Closed on Friday", "group": 4, "default_language": "eng_ZA",
    "texts": {"eng_ZA": "We are closed on Friday."},
}  # fmt: skip
_EXAMPLE: dict[str, Any] = {
    "id": _ID, "name": "Closed on Friday", "state": "ready", "channel": "sms", "gateway": "",
    "audience": "group", "group": 4, "messageset": None, "texts": {"eng_ZA": "We are closed on Friday."},
    "default_language": "eng_ZA", "per_minute": None, "not_before": None, "not_after": None,
    "timezone": "UTC", "total": 1200, "dealt_with": 0, "created_at": "2026-11-28T08:00:00Z",
    "prepared_at": "2026-11-28T08:00:05Z", "started_at": None, "finished_at": None,
}  # fmt: skip
_WHOLE: dict[str, Any] = _EXAMPLE | {
    "cost": {
        "languages": {"eng_ZA": {"people": 1180, "parts_each": 1, "parts": 1180}},
        "left_out": {"opted_out": 20}, "parts": 1180, "amount": "295.00", "currency": "ZAR",
    },
    "progress": {
        "ahead": 1200, "left_out": 0, "waiting": 0, "handed": 0, "sent": 0, "delivered": 0, "failed": 0,
        "stopped": 0,
    },
    "unread_lines": {"count": 0, "first": []},
}  # fmt: skip
_BY_ID = (Parameter("id", "The broadcast's id.", UUID, _ID, where="path"),)
_ONE = Answer("The broadcast with count, cost and progress.", WHOLE, _WHOLE)

describe(
    views.Broadcasts,
    BROADCASTS,
    get=Operation(
        "listBroadcasts",
        "Broadcasts, the newest first",
        {200: page_of("BroadcastPage", BROADCAST, _EXAMPLE)},
        parameters=PAGING,
    ),
    post=Operation(
        "createBroadcast",
        "Write a draft to a group or to a message set's subscribers",
        {201: _ONE},
        body=Body(serializers.BroadcastInput, _SENT),
    ),
)
describe(
    views.OneBroadcast,
    BROADCASTS,
    get=Operation("getBroadcast", "One broadcast", {200: _ONE}, parameters=_BY_ID, refusals=(404,)),
    put=Operation(
        "writeBroadcast",
        "Write a draft anew; what was counted is a draft again",
        {200: _ONE},
        body=Body(serializers.BroadcastInput, _SENT),
        parameters=_BY_ID,
        refusals=(404, 409),
    ),
    delete=Operation(
        "deleteBroadcast",
        "Delete a draft",
        {204: Answer("It is gone.")},
        parameters=_BY_ID,
        refusals=(404, 409),
    ),
)
describe(
    views.UploadList,
    BROADCASTS,
    put=Operation(
        "uploadBroadcastList",
        "Have a draft go to a list of numbers",
        {200: _ONE},
        body=Body(serializers.UploadInput, {"file": "number,language\n+27820001001,zul_ZA\n"}),
        parameters=_BY_ID,
        refusals=(404, 409),
    ),
)
_RECIPIENT = named(
    "BroadcastRecipient",
    record(
        {"id": KEY, "identity": nullable(UUID), "address": string(), "lang": string(), "left_out": string()}
    ),
)
describe(
    views.Recipients,
    BROADCASTS,
    get=Operation(
        "listBroadcastRecipients",
        "Who is among them",
        {
            200: page_of(
                "BroadcastRecipientPage",
                _RECIPIENT,
                {"id": 1, "identity": None, "address": "+27820001001", "lang": "eng_ZA", "left_out": ""},
            )
        },
        parameters=(*_BY_ID, *PAGING),
        refusals=(404,),
    ),
)
describe(
    views.TakeStep,
    BROADCASTS,
    post=Operation(
        "stepBroadcast",
        "Count its recipients, send it, hold it, go on, stop it, send its failures again",
        {202: _ONE},
        parameters=(
            *_BY_ID,
            Parameter("step", "What to do.", choice(*views.STEPS), "prepare", where="path"),
        ),
        refusals=(404, 409),
    ),
)
_GROUP = named("ContactGroup", record({"id": KEY, "name": string(), "created_at": INSTANT}))
_CLINIC = {"id": 4, "name": "Clinic 7", "created_at": "2026-11-28T08:00:00Z"}
describe(
    views.Groups,
    BROADCASTS,
    get=Operation(
        "listGroups",
        "Groups of contacts",
        {200: page_of("ContactGroupPage", _GROUP, _CLINIC)},
        parameters=PAGING,
    ),
    post=Operation(
        "createGroup",
        "Make a group",
        {201: Answer("The group.", _GROUP, _CLINIC)},
        body=Body(serializers.GroupInput, {"name": "Clinic 7"}),
    ),
)
describe(
    views.Members,
    BROADCASTS,
    post=Operation(
        "changeGroupMembers",
        "Put people into a group, take them out",
        {
            200: Answer(
                "How many were new, and how many are out.",
                record({"added": _COUNT, "removed": _COUNT}),
                {"added": 1, "removed": 0},
            )
        },
        body=Body(serializers.MembersInput, {"add": ["8646b7bc-b511-4965-a90b-e1145e398703"], "remove": []}),
        parameters=(Parameter("id", "The group's id.", KEY, 4, where="path"),),
        refusals=(404,),
    ),
)
