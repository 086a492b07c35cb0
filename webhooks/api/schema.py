"""Webhooks in the OpenAPI document."""

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
from webhooks.api import serializers, views
from webhooks.kinds import KINDS
from webhooks.models import Endpoint, Event

WEBHOOKS = Dialect(
    "Webhooks",
    "Webhooks",
    "URLs that are told what happens here, signed after Standard Webhooks. For accounts with the rights to "
    "webhook endpoints.",
    json_refusal,
)
_ID = "8f7d1b0e-6a55-4f0e-9d55-0e9f3a1c2b4d"
_ENDPOINT = {
    "id": UUID,
    "url": string(maxLength=500),
    "description": string(maxLength=200),
    "types": told(array(choice(*KINDS)), "None: all."),
    "include_content": boolean(),
    "enabled": boolean(),
    "disabled": told(choice(*Endpoint.Disabled.values), "Why it is disabled."),
    "disabled_at": nullable(INSTANT),
    "failures": told(integer(minimum=0), "Posts that failed since the last that was taken."),
    "failing_since": nullable(INSTANT),
    "last_success_at": nullable(INSTANT),
    "last_answer": string(maxLength=200),
    "previous_until": told(nullable(INSTANT), "Until then the secret before signs too."),
    "created_at": INSTANT,
}
ENDPOINT = named("WebhookEndpoint", record(_ENDPOINT))
SECRET = named(
    "WebhookEndpointWithSecret",
    record({**_ENDPOINT, "secret": string(pattern="^whsec_")}, description="The secret is told this once."),
)
EVENT = named(
    "WebhookEvent",
    record(
        {
            "id": KEY,
            "message_id": told(string(), "The `webhook-id` of its posts."),
            "endpoint": UUID,
            "type": choice(*KINDS),
            "object_id": told(UUID, "Of the delivery, subscription, message or contact."),
            "facts": mapping(),
            "occurred_at": INSTANT,
            "state": choice(*Event.State.values),
            "attempts": integer(minimum=0),
            "due_at": told(INSTANT, "When it is posted next, while it waits."),
            "posted_at": nullable(INSTANT),
            "answer": told(string(maxLength=200), "The endpoint's, to the latest post."),
        }
    ),
)
_QUEUED = named("WebhookReplay", record({"queued": integer(minimum=0)}))
_SENT: dict[str, Any] = {
    "url": "https://hub.example.org/events",
    "types": ["delivery.failed", "contact.opted_out"],
    "description": "Registration hub",
    "include_content": False,
}
_SHOWN: dict[str, Any] = {
    "id": _ID,
    **_SENT,
    "enabled": True,
    "disabled": "",
    "disabled_at": None,
    "failures": 0,
    "failing_since": None,
    "last_success_at": "2026-11-21T08:00:04Z",
    "last_answer": "200 OK",
    "previous_until": None,
    "created_at": "2026-11-20T08:00:00Z",
}
_WITH_SECRET = {**_SHOWN, "secret": "whsec_MfKQ9r8GKYqrTwjUPD8ILPZIo2LaLaSwMfKQ9r8GKYo="}
_EVENT = {
    "id": 4711,
    "message_id": "evt_8f7d1b0e6a55_4711",
    "endpoint": _ID,
    "type": "delivery.failed",
    "object_id": "0198c2a4-1f0e-7d3a-8a44-5b6c7d8e9f00",
    "facts": {"state": "failed"},
    "occurred_at": "2026-11-21T08:00:04Z",
    "state": "taken",
    "attempts": 1,
    "due_at": "2026-11-21T08:00:05Z",
    "posted_at": "2026-11-21T08:00:05Z",
    "answer": "200 OK",
}
_BY_ID = (Parameter("id", "The endpoint's id.", UUID, _ID, where="path"),)
_ONE = Answer("The endpoint.", ENDPOINT, _SHOWN)
_AGAIN = Answer("How many are posted again.", _QUEUED, {"queued": 3})

describe(
    views.EndpointViewSet,
    WEBHOOKS,
    list=Operation(
        "listWebhookEndpoints",
        "List endpoints",
        {200: page_of("WebhookEndpointPage", ENDPOINT, _SHOWN)},
        parameters=PAGING,
    ),
    create=Operation(
        "createWebhookEndpoint",
        "Register an endpoint",
        {201: Answer("The endpoint and its secret.", SECRET, _WITH_SECRET)},
        Body(serializers.EndpointInput, _SENT),
    ),
    retrieve=Operation(
        "getWebhookEndpoint", "Read an endpoint", {200: _ONE}, parameters=_BY_ID, refusals=(404,)
    ),
    partial_update=Operation(
        "changeWebhookEndpoint",
        "Change an endpoint",
        {200: _ONE},
        Body(serializers.EndpointInput(partial=True), {"description": "The hub's events"}),
        parameters=_BY_ID,
        refusals=(404,),
    ),
    destroy=Operation(
        "deleteWebhookEndpoint",
        "Remove an endpoint with its events",
        {204: Answer("It is gone.")},
        parameters=_BY_ID,
        refusals=(404,),
    ),
    rotate_secret=Operation(
        "rotateWebhookSecret",
        "Give an endpoint a new secret",
        {200: Answer("The endpoint and its new secret.", SECRET, _WITH_SECRET)},
        Body(serializers.RotationInput, {"overlap_hours": 24}, required=False),
        parameters=_BY_ID,
        refusals=(404,),
    ),
    enable=Operation(
        "enableWebhookEndpoint", "Enable an endpoint", {200: _ONE}, parameters=_BY_ID, refusals=(404,)
    ),
    disable=Operation(
        "disableWebhookEndpoint", "Disable an endpoint", {200: _ONE}, parameters=_BY_ID, refusals=(404,)
    ),
    ping=Operation(
        "pingWebhookEndpoint",
        "Have a test event posted",
        {202: Answer("It is on its way.")},
        parameters=_BY_ID,
        refusals=(404, 409),
    ),
    replay=Operation(
        "replayWebhookEndpoint",
        "Post again what an endpoint has not taken",
        {202: _AGAIN},
        Body(serializers.ReplayInput, {"since": "2026-11-20T00:00:00Z"}),
        parameters=_BY_ID,
        refusals=(404,),
    ),
)
_BY_NUMBER = (Parameter("id", "The event's number.", KEY, 4711, where="path"),)
describe(
    views.EventViewSet,
    WEBHOOKS,
    list=Operation(
        "listWebhookEvents",
        "List events, the newest first",
        {200: page_of("WebhookEventPage", EVENT, _EVENT)},
        parameters=(
            *PAGING,
            Parameter("endpoint", "Only those for this endpoint.", UUID, _ID),
            Parameter("state", "Only those in this state.", choice(*Event.State.values), "failed"),
        ),
    ),
    retrieve=Operation(
        "getWebhookEvent",
        "Read an event",
        {200: Answer("The event.", EVENT, _EVENT)},
        parameters=_BY_NUMBER,
        refusals=(404,),
    ),
    replay=Operation(
        "replayWebhookEvent", "Post an event again", {202: _AGAIN}, parameters=_BY_NUMBER, refusals=(404,)
    ),
)
describe(
    views.Kinds,
    WEBHOOKS,
    get=Operation(
        "listWebhookEventTypes",
        "The types of events",
        {
            200: Answer(
                "All types and what each says.",
                array(record({"type": choice(*KINDS), "description": string()})),
                [{"type": "ping", "description": KINDS["ping"]}],
            )
        },
    ),
)
