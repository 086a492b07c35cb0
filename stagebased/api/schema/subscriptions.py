"""Subscriptions, sending by hand, and the hub's webhook."""

from __future__ import annotations

from typing import Any

from rest_framework import serializers

from accounts.api.openapi import Answer, Body, Operation, Parameter, describe
from accounts.api.openapi.refusals import PROBLEMS
from accounts.api.openapi.shapes import (
    INSTANT,
    KEY,
    URL,
    UUID,
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
from stagebased.api.schema.content import SCHEDULES
from stagebased.api.schema.dialect import PROGRAMMES, Kind, operations_on, record_id
from stagebased.api.views import sending, subscriptions, webhook
from stagebased.models import Subscription

_ID = "6f1a2c52-3f1a-4a5c-9d0e-1b7a9a3f6b10"
_SENT: dict[str, Any] = {
    "identity": "8646b7bc-b511-4965-a90b-e1145e398703",
    "messageset": 1,
    "schedule": 1,
    "lang": "eng_ZA",
    "next_sequence_number": 1,
    "metadata": {"registered_at": "Clinic 12"},
}
_SUBSCRIPTION = {
    "url": f"https://switchboard.example.org/api/v1/subscriptions/{_ID}/",
    "id": _ID,
    "version": 1,
    **{name: _SENT[name] for name in ("identity", "messageset", "schedule", "lang", "next_sequence_number")},
    "initial_sequence_number": 1,
    "active": True,
    "completed": False,
    "process_status": 0,
    "metadata": _SENT["metadata"],
    "created_at": "2026-03-02T08:15:00Z",
    "updated_at": "2026-03-02T08:15:00Z",
    "messageset_label": "Pregnancy, twice a week",
    "anchor_date": None,
    "stopped": "",
    "paused_until": None,
}
SUBSCRIPTION = named(
    "Subscription",
    record(
        {
            "url": URL,
            "id": UUID,
            "version": integer(),
            "identity": told(UUID, "The person."),
            "messageset": KEY,
            "schedule": KEY,
            "lang": string(maxLength=6),
            "next_sequence_number": told(integer(minimum=1), "The number of the message that is sent next."),
            "initial_sequence_number": told(integer(minimum=1), "Where the subscription began."),
            "active": boolean(),
            "completed": boolean(),
            "process_status": integer(),
            "metadata": nullable(mapping()),
            "created_at": INSTANT,
            "updated_at": INSTANT,
            "messageset_label": string(),
            "anchor_date": told(nullable(string(format="date")), "The date that the position follows."),
            "stopped": told(choice(*Subscription.Stopped.values), "Why it is not active; empty: by itself."),
            "paused_until": nullable(INSTANT),
        }
    ),
)


class HubSubscription(inputs.SubscriptionInput):
    """A subscription as a hub asks for it."""

    id = serializers.CharField(
        max_length=webhook.MOST_ID,
        required=False,
        allow_null=True,
        help_text="The hub's own id of the request.",
    )


class HubRequest(serializers.Serializer[Any]):
    """What a hub's webhook sends."""

    hook = serializers.DictField(required=False, help_text="Not read.")
    data = HubSubscription()  # type: ignore[assignment]  # named like a property of every serializer


SUBSCRIPTIONS = Kind(
    "Subscription",
    "Subscriptions",
    "subscription",
    "subscriptions, the newest first",
    SUBSCRIPTION,
    _SUBSCRIPTION,
    inputs.SubscriptionInput,
    _SENT,
    filters.SubscriptionFilters,
    key=UUID,
    scanned=True,
)
ACCEPTED = named("Accepted", record({"accepted": boolean(const=True)}))
NOT_ACCEPTED = named("NotAccepted", record({"accepted": boolean(const=False), "reason": string()}))
_ACCEPTED = Answer("Accepted.", ACCEPTED, {"accepted": True})
_REASON = Answer(
    "Nothing was queued, and why.",
    NOT_ACCEPTED,
    {"accepted": False, "reason": "The subscription is not active."},
)

describe(subscriptions.SubscriptionViewSet, PROGRAMMES, **operations_on(SUBSCRIPTIONS))
describe(
    sending.SubscriptionSend,
    PROGRAMMES,
    post=Operation(
        "sendNextMessage",
        "Queue a subscription's next message now",
        {201: _ACCEPTED, 400: _REASON},
        parameters=(record_id(SUBSCRIPTIONS),),
    ),
)
describe(
    sending.SubscriptionResend,
    PROGRAMMES,
    post=Operation(
        "resendLatestMessage",
        "Queue a subscription's latest message again",
        {202: _ACCEPTED, 400: _REASON},
        parameters=(record_id(SUBSCRIPTIONS),),
    ),
)
describe(
    sending.ScheduleSend,
    PROGRAMMES,
    post=Operation(
        "sendSchedule",
        "Make a schedule due now",
        {202: Answer("For all who are ready on it.", record({}, additionalProperties=False), {})},
        parameters=(record_id(SCHEDULES),),
        refusals=(404,),
        text="The latest slot is worked off. Whoever has had it gets nothing more.",
    ),
)
_SIGNATURE = (
    Parameter(
        "webhook-id", "Names the request, the same when it is repeated.", string(maxLength=90), where="header"
    ),
    Parameter("webhook-timestamp", "When it was signed: Unix time, seconds.", string(), where="header"),
    Parameter(
        "webhook-signature",
        "`v1,` and the base64 of the HMAC-SHA256 over id, time and body, joined by dots.",
        string(),
        where="header",
    ),
)
describe(
    webhook.SubscriptionRequest,
    PROGRAMMES,
    post=Operation(
        "requestSubscription",
        "Subscribe somebody, as a hub's webhook asks for it",
        {
            201: _ACCEPTED,
            400: Answer(
                "Refused, with what is wrong by field.",
                named(
                    "RefusedSubscription",
                    record({"accepted": boolean(const=False)}, additionalProperties=PROBLEMS),
                ),
                {"accepted": False, "messageset": ['Invalid pk "99" - object does not exist.']},
            ),
        },
        Body(
            HubRequest,
            {
                "hook": {"id": 5, "event": "subscriptionrequest.added"},
                "data": {
                    "id": "0c03d360-1b2e-4f8d-a0a4-8f1d4fcd2a7c",
                    "identity": "8646b7bc-b511-4965-a90b-e1145e398703",
                    "messageset": 1,
                    "schedule": 1,
                    "next_sequence_number": 1,
                    "lang": "eng_ZA",
                    "metadata": {"msisdn": "+27820001001"},
                },
            },
            media=("application/json",),
        ),
        parameters=_SIGNATURE,
        text="The same `data.id` again is accepted and changes nothing, so a hub may repeat a request whose "
        "answer it did not get. A number in `metadata.msisdn` is added to the person's addresses. Where the "
        "installation shares a secret with its hubs, requests are signed (Standard Webhooks).",
    ),
)
