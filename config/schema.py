"""What belongs to no dialect, in the OpenAPI document."""

from __future__ import annotations

from typing import Any

from accounts.api.openapi import Answer, Dialect, Operation, Parameter, describe
from accounts.api.openapi.refusals import json_refusal
from accounts.api.openapi.shapes import (
    SECURITY_SCHEMES,
    Shape,
    choice,
    integer,
    mapping,
    named,
    nullable,
    number,
    record,
    string,
    told,
)
from config import api_pages
from config.health import live, ready
from config.metrics import metrics

SERVICE = Dialect("Service", "Service", "Whether this installation works, and its figures.", json_refusal)
#: Views that the middleware answers before any route is looked up.
UNROUTED = {"/healthz/live": live, "/healthz/ready": ready}
SECURITY_SCHEMES["metrics"] = {
    "type": "http",
    "scheme": "bearer",
    "description": "`METRICS_TOKEN`, where it is set.",
}

describe(
    live,
    SERVICE,
    get=Operation(
        "isLive",
        "Whether the process answers",
        {200: Answer("It does; nobody else was asked.", record({"status": string()}), {"status": "ok"})},
        security=[],
    ),
)

_AGE = told(nullable(number(minimum=0)), "Seconds; null: never.")
_GATEWAY = record(
    {
        "status": choice("ok", "paused", "trouble", "not writable", "closed", "behind"),
        "spool": choice("ok", "none", "elsewhere", "not writable"),
        "waiting": integer(minimum=0),
        "oldest_due_seconds": number(),
        "turn_age_seconds": _AGE,
    }
)
_PARTS: dict[str, Shape] = {
    "status": choice("ok", "degraded", "unavailable"),
    "database": choice("ok", "unavailable"),
    "migrations": string(),
    "broker": choice("ok", "unavailable"),
    "beat": record({"status": choice("ok", "late"), "age_seconds": _AGE}),
    "gateways": mapping(_GATEWAY),
}
_READY = named("Readiness", record(_PARTS, optional=("migrations", "broker", "beat", "gateways")))
_WELL: dict[str, Any] = {
    "status": "ok",
    "database": "ok",
    "migrations": "ok",
    "broker": "ok",
    "beat": {"status": "ok", "age_seconds": 12.4},
    "gateways": {
        "sms": {
            "status": "ok",
            "spool": "ok",
            "waiting": 3,
            "oldest_due_seconds": 0.0,
            "turn_age_seconds": 2.1,
        }
    },
}

describe(
    ready,
    SERVICE,
    get=Operation(
        "isReady",
        "Whether requests can be served",
        {
            200: Answer("They can; the body tells what else is not well.", _READY, _WELL),
            503: Answer(
                "Not now, and what is missing.", _READY, {"status": "unavailable", "database": "unavailable"}
            ),
        },
        security=[],
    ),
)
describe(
    metrics,
    SERVICE,
    get=Operation(
        "getPrometheusMetrics",
        "Figures for Prometheus",
        {
            200: Answer(
                "Counts only, nothing about a person.",
                string(),
                '# TYPE switchboard_queue_depth gauge\nswitchboard_queue_depth{gateway="sms"} 3.0\n',
                media=("text/plain",),
            ),
            401: Answer("Without the token. Without a body.", headers={"WWW-Authenticate": string()}),
        },
        refusals=(403,),
        text="For a scraper inside (`METRICS_PORT`), or one that shows the token.",
        security=[{}, {"metrics": []}],
    ),
)
describe(
    api_pages.openapi,
    SERVICE,
    get=Operation(
        "getOpenApi",
        "This document",
        {
            200: Answer("In YAML or JSON.", mapping(), others={api_pages.YAML: string()}),
            304: Answer("It is the one that `If-None-Match` names."),
        },
        parameters=(Parameter("format", "Else as `Accept` says: YAML.", choice("json", "yaml"), "json"),),
        security=[],
    ),
)
