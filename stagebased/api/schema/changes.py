"""Moving people to something else, and the record of it."""

from __future__ import annotations

from typing import Any, NamedTuple

from accounts.api.openapi import Answer, Body, Operation, Parameter, describe
from accounts.api.openapi.pages import PAGING, page_of
from accounts.api.openapi.shapes import (
    INSTANT,
    KEY,
    UUID,
    array,
    boolean,
    choice,
    integer,
    mapping,
    named,
    nullable,
    record,
    string,
    told,
)
from stagebased.api import filters
from stagebased.api.schema.dialect import PROGRAMMES, narrowing
from stagebased.api.views import changes as views
from stagebased.models import Change

_IDENTITY = "8646b7bc-b511-4965-a90b-e1145e398703"
_WHERE = {
    "messageset": 1, "schedule": 1, "lang": "eng_ZA", "next_sequence_number": 12, "anchor_date": None,
}  # fmt: skip
_CHANGE = {
    "id": 71,
    "kind": "birth",
    "identity": _IDENTITY,
    "subscription": "6f1a2c52-3f1a-4a5c-9d0e-1b7a9a3f6b10",
    "successor": "01932f6e-8d1c-7c2a-9c1e-0d6f3c5b7a90",
    "before": _WHERE,
    "after": {**_WHERE, "messageset": 2, "next_sequence_number": 3, "anchor_date": "2026-03-01"},
    "reason": "told by the clinic",
    "source": "api",
    "created_by": 4,
    "created_at": "2026-03-02T08:15:00Z",
}
CHANGE = named(
    "SubscriptionChange",
    record(
        {
            "id": KEY,
            "kind": choice(*Change.Kind.values),
            "identity": told(UUID, "The person."),
            "subscription": told(nullable(UUID), "What was changed; null: it has been deleted since."),
            "successor": told(nullable(UUID), "The subscription that took its place."),
            "before": told(mapping(), "Where it was, as far as the change concerns that."),
            "after": told(mapping(), "Where it, or what took its place, is."),
            "reason": string(maxLength=200),
            "source": told(string(), "Where it was asked for: api, admin, planner, sms, …"),
            "created_by": told(nullable(integer()), "The account that asked for it."),
            "created_at": INSTANT,
        }
    ),
)
_ANSWER = Answer(
    "What it changed, one entry for each subscription; the same for a repeat.",
    named(
        "AcceptedChanges",
        record({"accepted": boolean(const=True), "id": nullable(string()), "changes": array(CHANGE)}),
    ),
    {"accepted": True, "id": "0c03d360-1b2e-4f8d-a0a4-8f1d4fcd2a7c", "changes": [_CHANGE]},
)
_SENT: dict[str, Any] = {"id": "0c03d360-1b2e-4f8d-a0a4-8f1d4fcd2a7c", "identity": _IDENTITY}


class _Told(NamedTuple):
    """How a call is named, and what an example of it says beside whom it means."""

    id: str
    summary: str
    said: dict[str, Any]


_CALLS = {
    "set": _Told("switchSet", "Stop these and begin another set", {"short_name": "postbirth.mother.1"}),
    "language": _Told("switchLanguage", "Go on in another language", {"lang": "zul_ZA"}),
    "channel": _Told("switchChannel", "Go on over another channel", {"channel": "voicemail"}),
    "schedule": _Told("switchSchedule", "Go on at other times", {"schedule": 2}),
    "position": _Told("switchPosition", "Go on, or back, at another message", {"next_sequence_number": 5}),
    "rewind": _Told("rewindSubscriptions", "Go back by some messages", {"messages": 2}),
    "fast-forward": _Told("fastForwardSubscriptions", "Go where they should be; nothing is sent", {}),
    "date": _Told("correctDate", "Follow a corrected due date or birth", {"anchor_date": "2026-11-08"}),
    "birth": _Told(
        "tellBirth",
        "A baby is born: begin its set, counted from the birth",
        {"short_name": "postbirth.mother.1", "anchor_date": "2026-03-01"},
    ),
    "loss": _Told("tellLoss", "Stop everything at once", {"short_name": "loss.mother.1"}),
    "pause": _Told("pauseSubscriptions", "Stop for a while", {"until": "2026-05-01T00:00:00Z"}),
    "resume": _Told("resumeSubscriptions", "Go on after a pause, or after failures", {}),
    "opt-out": _Told("optOutOfProgrammes", "The person wants no more", {}),
}

for _what, _view in views.CALLS.items():
    _told = _CALLS[_what]
    describe(
        _view,
        PROGRAMMES,
        post=Operation(
            _told.id,
            _told.summary,
            {201: _ANSWER},
            Body(_view.input_serializer, {**_SENT, **_told.said}),
            refusals=(409,),
            text="All or nothing, on record. `identity` means all of the person's subscriptions that have "
            "not ended, `subscriptions` those named. The same call with the same `id` again answers the same "
            "and changes nothing; another call with it is a 409.",
        ),
    )
describe(
    views.ChangeViewSet,
    PROGRAMMES,
    list=Operation(
        "listChanges",
        "The record of changes, newest first",
        {200: page_of("SubscriptionChangePage", CHANGE, _CHANGE)},
        parameters=(*PAGING, *narrowing(filters.ChangeFilters)),
        refusals=(400,),
    ),
    retrieve=Operation(
        "getChange",
        "One change",
        {200: Answer("The change.", CHANGE, _CHANGE)},
        parameters=(Parameter("id", "The change's id.", KEY, 71, where="path"),),
        refusals=(404,),
    ),
)
