"""What needs attention, who is behind, how many are due, and timelines."""

from __future__ import annotations

from typing import Any

from accounts.api.openapi import Answer, Body, Operation, Parameter, describe
from accounts.api.openapi.pages import PAGING, page_of
from accounts.api.openapi.shapes import (
    INSTANT,
    KEY,
    URL,
    UUID,
    Shape,
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
from stagebased.api import filters, inputs
from stagebased.api.schema.dialect import PROGRAMMES, narrowing, record_id
from stagebased.api.schema.subscriptions import SUBSCRIPTIONS
from stagebased.api.views import attention as views
from stagebased.api.views import behind

_ROOT = "https://switchboard.example.org/api/v1"
_ID, _DELIVERY = "6f1a2c52-3f1a-4a5c-9d0e-1b7a9a3f6b10", "01932f6e-8d1c-7c2a-9c1e-0d6f3c5b7a90"
_AT = "2026-03-02T08:15:00Z"
_COUNT = integer(minimum=0)

_ITEM_EXAMPLE = {
    "subscription": f"{_ROOT}/subscriptions/{_ID}/",
    "subscription_id": _ID,
    "identity": "8646b7bc-b511-4965-a90b-e1145e398703",
    "messageset": 1,
    "next_sequence_number": 4,
    "lang": "zul_ZA",
    "reason": "no_message",
    "detail": "Message 4 of prebirth.mother.1 is missing in zul_ZA.",
    "at": _AT,
    "delivery": _DELIVERY,
}
_ITEM = named(
    "AttentionItem",
    record(
        {
            "subscription": URL,
            "subscription_id": UUID,
            "identity": UUID,
            "messageset": KEY,
            "next_sequence_number": integer(),
            "lang": string(),
            "reason": told(string(), "`no_message`, `no_address`, `opted_out`, `missed_slot`, `failures`, …"),
            "detail": told(string(), "The same for people to read."),
            "at": told(INSTANT, "Since when."),
            "delivery": told(nullable(UUID), "The delivery that shows it, if one does."),
        }
    ),
)
describe(
    views.AttentionViewSet,
    PROGRAMMES,
    list=Operation(
        "listAttention",
        "What needs attention now, the latest first",
        {200: page_of("AttentionPage", _ITEM, _ITEM_EXAMPLE)},
        parameters=(*PAGING, *narrowing(filters.AttentionFilters)),
        refusals=(400,),
        text="Each subscription once. One whose next message goes out is no longer here. Without `since`: "
        "of the last seven days.",
    ),
    counts=Operation(
        "countAttention",
        "How many need attention, by reason",
        {
            200: Answer(
                "The counts.",
                record({"total": _COUNT, "counts": mapping(_COUNT)}),
                {"total": 5, "counts": {"no_address": 3, "no_message": 2}},
            )
        },
        parameters=narrowing(filters.AttentionFilters),
        refusals=(400,),
    ),
    requeue=Operation(
        "requeueAttention",
        "Try them again",
        {
            200: Answer(
                "How many messages wait again, how many still cannot be sent, how many subscriptions go on.",
                record(
                    {
                        "accepted": boolean(const=True),
                        "queued": _COUNT,
                        "refused": _COUNT,
                        "resumed": _COUNT,
                    }
                ),
                {"accepted": True, "queued": 2, "refused": 3, "resumed": 0},
            )
        },
        Body(inputs.RequeueInput, {"reason": "no_message", "messageset": 1}),
        text="At most the latest 10 000. Where no message could be made, the next one is made now; where the "
        "gateway refused one, that one is repeated; who was stopped for failures goes on.",
    ),
)

_FAILED_EXAMPLE = {
    "url": f"{_ROOT}/failed-tasks/{_DELIVERY}/",
    "id": _DELIVERY,
    "subscription": f"{_ROOT}/subscriptions/{_ID}/",
    "subscription_id": _ID,
    "task_id": _DELIVERY,
    "initiated_at": _AT,
    "reason": "The person has no usable address of the kind msisdn.",
}
_FAILED = named(
    "FailedTask",
    record(
        {
            "url": URL,
            "id": UUID,
            "subscription": URL,
            "subscription_id": UUID,
            "task_id": told(UUID, "The same as `id`."),
            "initiated_at": INSTANT,
            "reason": string(),
        }
    ),
)
describe(
    views.FailedTaskViewSet,
    PROGRAMMES,
    list=Operation(
        "listFailedTasks",
        "Messages that could not be sent, the newest first",
        {200: page_of("FailedTaskPage", _FAILED, _FAILED_EXAMPLE)},
        parameters=PAGING,
    ),
    retrieve=Operation(
        "getFailedTask",
        "One of them",
        {200: Answer("It.", _FAILED, _FAILED_EXAMPLE)},
        parameters=(Parameter("id", "Its id.", UUID, _DELIVERY, where="path"),),
        refusals=(404,),
    ),
    create=Operation(
        "requeueFailedTasks",
        "Try all of them again",
        {
            201: Answer(
                "Done.",
                record({"requeued_failed_tasks": boolean(const=True)}),
                {"requeued_failed_tasks": True},
            )
        },
    ),
)

_BEHIND_EXAMPLE: dict[str, Any] = {
    "id": 12,
    "subscription": f"{_ROOT}/subscriptions/{_ID}/",
    "subscription_id": _ID,
    "messages_behind": 2,
    "current_messageset": f"{_ROOT}/messageset/1/",
    "current_messageset_id": 1,
    "current_messageset_name": "prebirth.mother.1",
    "current_sequence_number": 4,
    "expected_messageset": f"{_ROOT}/messageset/1/",
    "expected_messageset_id": 1,
    "expected_messageset_name": "prebirth.mother.1",
    "expected_sequence_number": 6,
    "created_at": _AT,
}
_PLACE: dict[str, Shape] = {
    f"{when}_{name}": shape
    for when in ("current", "expected")
    for name, shape in {
        "messageset": URL,
        "messageset_id": KEY,
        "messageset_name": string(),
        "sequence_number": integer(),
    }.items()
}
_BEHIND = named(
    "BehindSubscription",
    record(
        {
            "id": KEY,
            "subscription": URL,
            "subscription_id": UUID,
            "messages_behind": integer(minimum=1),
            **_PLACE,
            "created_at": told(INSTANT, "When it was looked for."),
        }
    ),
)
_TASK = Answer(
    "A worker was told.",
    named("AcceptedTask", record({"accepted": boolean(const=True), "task_id": string()})),
    {"accepted": True, "task_id": "0c03d360-1b2e-4f8d-a0a4-8f1d4fcd2a7c"},
)
_NO_WORKER = Answer(
    "None could be told.",
    named("NotAccepted", record({"accepted": boolean(const=False), "reason": string()})),
    {"accepted": False, "reason": "The task queue does not answer."},
)
_DONE = Answer(
    "For how many it was done, for how many it could not be, and how many are left for further calls.",
    named(
        "CaughtUp",
        record({"accepted": boolean(const=True), "done": _COUNT, "refused": _COUNT, "left": _COUNT}),
    ),
    {"accepted": True, "done": 5000, "refused": 12, "left": 1800},
)
describe(
    behind.BehindSubscriptionViewSet,
    PROGRAMMES,
    list=Operation(
        "listBehindSubscriptions",
        "Who was behind when it was last looked for",
        {200: page_of("BehindSubscriptionPage", _BEHIND, _BEHIND_EXAMPLE)},
        parameters=(*PAGING, *narrowing(filters.BehindFilters)),
        refusals=(400,),
    ),
    retrieve=Operation(
        "getBehindSubscription",
        "One of them",
        {200: Answer("It.", _BEHIND, _BEHIND_EXAMPLE)},
        parameters=(Parameter("id", "Its id.", KEY, 12, where="path"),),
        refusals=(404,),
    ),
    find_behind_subscriptions=Operation(
        "findBehindSubscriptions", "Look anew for who is behind", {202: _TASK, 503: _NO_WORKER}
    ),
    fast_forward=Operation(
        "fastForwardBehindSubscriptions",
        "Bring those found where they should be; nothing is sent",
        {200: _DONE},
    ),
    send_one=Operation(
        "sendOneToEachBehind",
        "Send each of those found their next message at once",
        {200: _DONE},
        text="One message for each look, however often this is called.",
    ),
)

_ESTIMATE_EXAMPLE = {
    "date": "2026-03-02",
    "messageset": 1,
    "subscriptions": 12040,
    "identities": 12000,
    "computed_at": _AT,
}
_ESTIMATE = named(
    "SendEstimate",
    record(
        {
            "date": string(format="date"),
            "messageset": KEY,
            "subscriptions": _COUNT,
            "identities": _COUNT,
            "computed_at": INSTANT,
        }
    ),
)
describe(
    behind.SendEstimates,
    PROGRAMMES,
    get=Operation(
        "listSendEstimates",
        "How many were expected to be due, by day and set",
        {200: page_of("SendEstimatePage", _ESTIMATE, _ESTIMATE_EXAMPLE)},
        parameters=(*PAGING, *narrowing(filters.EstimateFilters)),
        refusals=(400,),
    ),
    post=Operation(
        "runSendEstimate", "Have today's numbers worked out and stored", {202: _TASK, 503: _NO_WORKER}
    ),
)

_ENTRY_EXAMPLE = {
    "kind": "message",
    "occasion": "2026-03-02T07:00Z",
    "at": "2026-03-02T07:00:02Z",
    "outcome": "delivered",
    "reason": "",
    "detail": "",
    "messageset": "prebirth.mother.1",
    "sequence_number": 4,
    "lang": "zul_ZA",
    "delivery": _DELIVERY,
    "handed_at": "2026-03-02T07:00:03Z",
    "sent_at": "2026-03-02T07:00:05Z",
    "delivered_at": "2026-03-02T07:00:09Z",
}
_ENTRY = named(
    "TimelineEntry",
    record(
        {
            "kind": told(choice("message", "slot", "change"), "`slot`: one that was missed."),
            "occasion": told(string(), "The slot, or which message or change by hand it was."),
            "at": INSTANT,
            "outcome": told(string(), "The delivery's state, `missed`, or the kind of change."),
            "reason": string(),
            "detail": string(),
            "messageset": told(string(), "The set's short name."),
            "sequence_number": nullable(integer()),
            "lang": string(),
            "delivery": nullable(UUID),
            "handed_at": nullable(INSTANT),
            "sent_at": nullable(INSTANT),
            "delivered_at": nullable(INSTANT),
        }
    ),
)
describe(
    views.Timeline,
    PROGRAMMES,
    get=Operation(
        "getTimeline",
        "All that happened to a subscription, in the order of time",
        {200: page_of("TimelinePage", _ENTRY, _ENTRY_EXAMPLE)},
        parameters=(record_id(SUBSCRIPTIONS), *PAGING),
        refusals=(404,),
    ),
)
describe(
    views.TimelineSheet,
    PROGRAMMES,
    get=Operation(
        "exportTimeline",
        "The same as a table",
        {
            200: Answer(
                "Comma-separated, with a line of names.",
                string(),
                "kind,occasion,at,outcome\r\nmessage,2026-03-02T07:00Z,2026-03-02T07:00:02+00:00,delivered\r\n",
                media=("text/csv",),
                headers={"Content-Disposition": string()},
            )
        },
        parameters=(record_id(SUBSCRIPTIONS),),
        refusals=(404,),
    ),
)
