"""The SMS gateway's dialect in the OpenAPI document."""

from __future__ import annotations

from typing import Any

from django.conf import settings

from accounts.api.errors import Away
from accounts.api.openapi import Answer, Body, Dialect, Operation, Parameter, describe
from accounts.api.openapi.refusals import AWAY
from accounts.api.openapi.shapes import (
    INSTANT,
    URL,
    UUID,
    Shape,
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
from outbox.models import Delivery
from smsbridge.api import views
from smsbridge.sending.messages import KINDS

_HOST = "https://switchboard.example.org/api/v1.0"
_ERROR = named(
    "GatewayRefusal",
    record(
        {"message: ": string(), "status: ": integer(), "reason": string()},
        optional=("reason",),
        description="The keys end in a colon and a blank, as existing clients read them.",
    ),
)
_REASONS = {
    400: ("Bad request", "Something in the request cannot be used.", "Missing required: text"),
    401: (
        "Unauthorized",
        "No credentials, or wrong ones.",
        "Authentication credentials were not provided.",
    ),
    403: (
        "Forbidden",
        "The account may not do this, or was stopped.",
        "this account may not use the SMS interface",
    ),
    404: ("Not found", "There is no such kind or message.", ""),
    405: ("Not allowed", "Sending by GET is switched off.", ""),
    409: ("Conflict", "The message's present state forbids it.", "the message cannot be deleted now"),
    413: ("Request too large", "The body is too large.", "The request body is too large."),
    429: ("Too many requests", "Too many requests or wrong passwords.", "Too many wrong passwords."),
    503: ("Service unavailable", AWAY, str(Away.default_detail)),
}


def _refusal(status: int) -> Answer:
    title, text, reason = _REASONS[status]
    example: dict[str, Any] = {"message: ": f"{title}: {_HOST}/sms/outgoing", "status: ": status}
    headers: dict[str, Shape] = {}
    if status == 401:
        headers["WWW-Authenticate"] = string()
    if status in (429, 503):
        headers["Retry-After"] = integer(minimum=0)
    return Answer(text, _ERROR, example | ({"reason": reason} if reason else {}), headers=headers)


GATEWAY = Dialect(
    "Gateway",
    "SMS gateway",
    "Sending SMS and reading, listing and deleting messages: the HTTP API of smstools. `/sms/outgoing` sends "
    "and `/sms/outgoing/` lists; every other path answers with and without its last slash.",
    _refusal,
    # A body of another media type is no JSON object: 400.
    with_body=(400, 413),
)

_ID = "7d9c0d2e-52f1-4c55-9a3c-0f1f2b7f5f10"
_SENT: dict[str, Any] = {
    "mobiles": {
        "+27820001001": {
            "message_id": _ID,
            "response": "Ok",
            "dlr_status": f"{_HOST}/sms/sent/{_ID}",
        },
        "12345": {"message_id": None, "response": "Failed: invalid mobile number", "dlr_status": None},
    },
    "parts_count": 1,
    "sent_text": "Your appointment is tomorrow at 9.",
}
SENT = named(
    "GatewaySent",
    record(
        {
            "mobiles": mapping(
                record(
                    {
                        "message_id": nullable(UUID),
                        "response": told(string(), "`Ok`, or `Failed: ` and why."),
                        "dlr_status": told(nullable(URL), "Where the message is once it is sent."),
                    }
                ),
                description="By number, as the caller wrote it.",
            ),
            "parts_count": integer(minimum=1),
            "sent_text": string(),
            "queue": string(),
        },
        optional=("queue",),
    ),
)
_ACCEPTED = Answer(
    "Each number has its own answer; the others go out.",
    SENT,
    _SENT,
    headers={"Idempotency-Replayed": told(string(const="true"), "There when the answer is remembered.")},
)
_ORDER: dict[str, Any] = {
    "text": "Your appointment is tomorrow at 9.",
    "mobiles": ["+27820001001", "12345"],
    "report": True,
}
_BODY = Body(
    named(
        "GatewayOrder",
        record(
            {
                "text": string(),
                "mobiles": array(string(maxLength=40), minItems=1, maxItems=settings.SMS_API_MAX_MOBILES),
                "queue": nullable(string(maxLength=32)),
                "flash": nullable(boolean()),
                "report": told(nullable(boolean()), "Ask the network for a delivery report."),
                "priority": told({"enum": ["high", "normal", True, False, None]}, "`high` overtakes others."),
                "validity": told(
                    nullable(integer(minimum=5, maximum=635_040)), "Minutes after which the network gives up."
                ),
                "send_at": told(nullable(INSTANT), "With its zone, up to a year ahead."),
                "despite_opt_out": told(
                    nullable(boolean()), "Send to people who opted out; needs a right of its own."
                ),
            },
            optional=(
                "queue",
                "flash",
                "report",
                "priority",
                "validity",
                "send_at",
                "despite_opt_out",
            ),
        ),
    ),
    _ORDER,
)
_IDEMPOTENCY = Parameter(
    "Idempotency-Key",
    "The same request again with the same key gets the same answer and sends nothing.",
    string(pattern="^[!-~]([ -~]{0,253}[!-~])?$"),
    "reminders-2026-03-02",
    where="header",
)
_KIND_WORDS = "`incoming`: received; `outgoing`: waiting; `checked`: with the modem; `failed`; `sent`."


def _kind(*kinds: str) -> Parameter:
    return Parameter("kind", _KIND_WORDS, choice(*kinds), "sent", where="path")


_NAME = Parameter("name", "The message's id, or the name of another program's file.", string(), _ID, "path")
_LIST = Answer(
    "Ids, the newest first.",
    named(
        "GatewayMessageList",
        record(
            {
                "message_id": array(string()),
                "limit": told({"anyOf": [integer(minimum=1), boolean(const=False)]}, "`false`: none."),
                "total_count": integer(minimum=0),
                "more": told(boolean(const=True), "There are more than `total_count`."),
            },
            optional=("more",),
        ),
    ),
    {"message_id": [_ID], "limit": 10000, "total_count": 1},
)
_LISTING = (
    Parameter("limit", "At most so many ids.", integer(minimum=1, maximum=999_999_999), 100),
    Parameter("before", "The ids behind this one.", string(), _ID),
    Parameter("files", "`only`: files that other programs put into the folders.", choice("only"), "only"),
)

_send_by_post = Operation(
    "sendSms",
    "Send a text to numbers",
    {201: _ACCEPTED},
    _BODY,
    (_IDEMPOTENCY,),
    refusals=(409,),
    text="Stored, and written into the spool where that can be done at once, before this answers.",
)
describe(
    views.Outgoing,
    GATEWAY,
    post=_send_by_post,
    get=Operation(
        "sendSmsByGet",
        "Send a text to numbers, by GET",
        {201: _ACCEPTED},
        parameters=(
            Parameter("text", "The text.", string(), "Your appointment is tomorrow at 9.", required=True),
            Parameter("mobiles", "Numbers with commas between.", string(), "+27820001001", required=True),
            Parameter("queue", "smsd's queue.", string(maxLength=32)),
            Parameter("send_at", "A time with its zone, up to a year ahead.", INSTANT),
            _IDEMPOTENCY,
        ),
        refusals=(400, 405, 409),
        text="As scripts do it; an installation may switch it off (`SMS_API_GET_SENDS`). Refused to other "
        "sites' pages, prefetches and tokens that may only read.",
    ),
)
describe(
    views.OutgoingList,
    GATEWAY,
    get=Operation(
        "listWaitingSms", "List messages that wait", {200: _LIST}, parameters=_LISTING, refusals=(400, 404)
    ),
    post=Operation(
        "sendSmsWithSlash", "Send a text to numbers", {201: _ACCEPTED}, _BODY, (_IDEMPOTENCY,), (409,)
    ),
)
describe(
    views.MessageList,
    GATEWAY,
    get=Operation(
        "listSms",
        "List messages of one kind",
        {200: _LIST},
        parameters=(_kind(*(kind for kind in KINDS if kind != "outgoing")), *_LISTING),
        refusals=(400, 404),
        text="Everybody's for administrators, else the caller's own.",
    ),
)
describe(
    views.Message,
    GATEWAY,
    get=Operation(
        "getSms",
        "Read a message",
        {
            200: Answer(
                "The headers of its file, its id and its text.",
                named(
                    "GatewayMessage",
                    record(
                        {
                            "message_id": string(),
                            "text": string(),
                            "state": choice(*Delivery.State.values),
                        },
                        optional=("state",),
                        additionalProperties=string(),
                    ),
                ),
                {
                    "To": "27820001001",
                    "From": "alice",
                    "Sent": "26-03-02 09:00:04",
                    "message_id": _ID,
                    "text": "Your appointment is tomorrow at 9.",
                    "state": "delivered",
                },
            )
        },
        parameters=(_kind(*KINDS), _NAME),
        refusals=(404,),
    ),
    delete=Operation(
        "deleteSms",
        "Delete a message",
        {
            200: Answer(
                "It is gone; the headers it had.",
                record({"deleted": string()}, additionalProperties=string()),
                {"To": "27820001001", "From": "alice", "deleted": f"sent/{_ID}"},
            )
        },
        parameters=(_kind(*KINDS), _NAME),
        refusals=(404, 409),
        text="For administrators, and staff whose role says so. Cancels what waits; records of programmes "
        "stay (409).",
    ),
)
describe(
    views.Timeline,
    GATEWAY,
    get=Operation(
        "getSmsTimeline",
        "What happened to a message, and when",
        {
            200: Answer(
                "Its states, and its parts with what the network said.",
                named(
                    "GatewayTimeline",
                    record(
                        {
                            "message_id": UUID,
                            "state": choice(*Delivery.State.values),
                            "reason": string(),
                            "detail": string(),
                            "parts_count": nullable(integer(minimum=0)),
                            "events": array(record({"event": string(), "at": INSTANT})),
                            "parts": array(
                                record(
                                    {
                                        "reference": integer(minimum=0),
                                        "modem": string(),
                                        "status": told(nullable(integer(minimum=0)), "TP-Status."),
                                        "reported_at": nullable(INSTANT),
                                    }
                                )
                            ),
                        }
                    ),
                ),
                {
                    "message_id": _ID,
                    "state": "delivered",
                    "reason": "",
                    "detail": "",
                    "parts_count": 1,
                    "events": [
                        {"event": "accepted", "at": "2026-03-02T09:00:00Z"},
                        {"event": "sent", "at": "2026-03-02T09:00:04Z"},
                        {"event": "delivered", "at": "2026-03-02T09:00:09Z"},
                    ],
                    "parts": [
                        {
                            "reference": 41,
                            "modem": "GSM1",
                            "status": 0,
                            "reported_at": "2026-03-02T09:00:09Z",
                        }
                    ],
                },
            )
        },
        parameters=(Parameter("name", "The message's id.", string(), _ID, "path"),),
        refusals=(404,),
    ),
)
describe(
    views.Monitoring,
    GATEWAY,
    get=Operation(
        "getSmsMonitoring",
        "Whether messages go out",
        {
            200: Answer("They do.", record({"monitoring": string(const="ok")}), {"monitoring": "ok"}),
            503: Answer(
                "A gateway is in trouble.",
                record({"monitoring": string(const="trouble")}),
                {"monitoring": "trouble"},
            ),
        },
        text="For anybody.",
    ),
)
