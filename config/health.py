"""The probes: whether the process answers, whether it can serve requests, and what else is not well.

Only what a request cannot do without makes the answer a 503: taking a process
out of the balancing because the modem's disk is full would mend nothing and
lose registrations. All else is told in the body, as *degraded*.
"""

from __future__ import annotations

import os
import threading
import time
from collections.abc import Callable
from datetime import datetime
from functools import cache
from pathlib import Path
from typing import Any

from celery import current_app
from django.conf import settings
from django.db import DatabaseError, connection
from django.db.migrations.loader import MigrationLoader
from django.http import HttpRequest, HttpResponse, JsonResponse
from django.views.decorators.cache import never_cache
from django.views.decorators.http import require_safe
from kombu.exceptions import OperationalError

from outbox import counts, gateways, pulses
from outbox.clock import Clock
from outbox.models import Gateway
from outbox.wake import ONE_TRY

#: Beat ticks twice a minute; a tick that is older was missed several times.
BEAT_LATE = 180.0
#: What is due goes out within seconds; a rate or a full spool may make it minutes.
DUE_LATE = 600.0
#: Seconds for which the broker's answer counts, so that many probes are one question.
BROKER_KEPT = 5.0
_OK, _DEGRADED, _UNAVAILABLE = "ok", "degraded", "unavailable"


@never_cache
@require_safe
def live(request: HttpRequest) -> JsonResponse:
    """200 while the process answers at all; asks nobody else."""
    return JsonResponse({"status": _OK})


@never_cache
@require_safe
def ready(request: HttpRequest) -> JsonResponse:
    """200 when requests can be served, else 503; the body tells what is missing or not well."""
    try:
        body = report()
    except DatabaseError:
        body = {"status": _UNAVAILABLE, "database": _UNAVAILABLE}
    return JsonResponse(body, status=503 if body["status"] == _UNAVAILABLE else 200)


def report() -> dict[str, Any]:
    """What works and what does not, with a fixed number of statements. Raises DatabaseError."""
    pending = pending_migrations()
    if pending:
        # This program's tables are not there yet: every second request would fail.
        return {"status": _UNAVAILABLE, "database": _OK, "migrations": f"{pending} pending"}
    now = Clock().now()
    ages = pulses.ages(now=now)
    gateways = _gateways(ages, now)
    beat = _aged(ages.get(pulses.BEAT), BEAT_LATE)
    reached = broker()
    well = reached == _OK and beat["status"] == _OK
    well = well and all(one["status"] in (_OK, "paused") for one in gateways.values())
    return {
        "status": _OK if well else _DEGRADED,
        "database": _OK,
        "migrations": _OK,
        "broker": reached,
        "beat": beat,
        "gateways": gateways,
    }


def _aged(age: float | None, most: float) -> dict[str, Any]:
    late = age is None or age > most
    return {"status": "late" if late else _OK, "age_seconds": None if age is None else round(age, 1)}


@cache
def _migrations() -> frozenset[tuple[str, str]]:
    """The last migrations of all apps, as this program has them."""
    return frozenset(MigrationLoader(None).graph.leaf_nodes())


def pending_migrations() -> int:
    """In how many apps the database is behind this program."""
    with connection.cursor() as cursor:
        cursor.execute("SELECT app, name FROM django_migrations")
        return len(_migrations() - {(app, name) for app, name in cursor.fetchall()})


def _gateways(ages: dict[str, float], now: datetime) -> dict[str, dict[str, Any]]:
    rows = list(Gateway.objects.order_by("name"))
    depths = {one.gateway: one for one in counts.depths(now=now, names=[row.name for row in rows])}
    return {
        row.name: _gateway(row, depths[row.name], ages.get(pulses.of_gateway(row.name)), now) for row in rows
    }


def _gateway(row: Gateway, depth: counts.Depth, age: float | None, now: datetime) -> dict[str, Any]:
    due = (now - depth.oldest_due).total_seconds() if depth.oldest_due else 0.0
    spool = _spool(row.name)
    return {
        "status": _status(row, spool, due, now),
        "spool": spool,
        "waiting": depth.waiting,
        "oldest_due_seconds": round(due, 1),
        "turn_age_seconds": None if age is None else round(age, 1),
    }


def _status(row: Gateway, spool: str, due: float, now: datetime) -> str:
    if row.paused:
        return "paused"
    if row.trouble:
        return "trouble"
    if spool == "not writable":
        return spool
    if gateways.closed_until(row, now):
        return "closed"
    return "behind" if due > DUE_LATE else _OK


def _spool(gateway: str) -> str:
    """Whether this host can put files into an SMS gateway's spool. It may be another host's business."""
    root = settings.SMS_GATEWAYS.get(gateway)
    if root is None:
        return "none"
    outgoing = Path(root) / "outgoing"
    if not outgoing.is_dir():
        return "elsewhere"
    return _OK if os.access(outgoing, os.W_OK | os.X_OK) else "not writable"


class _Broker:
    """Asks the broker, at most every few seconds, however many probes there are."""

    def __init__(self) -> None:
        self._lock, self._asked_at, self._answer = threading.Lock(), float("-inf"), ""

    def __call__(self) -> str:
        with self._lock:
            if time.monotonic() - self._asked_at > BROKER_KEPT:
                self._answer, self._asked_at = _ask_broker(), time.monotonic()
            return self._answer

    def forget(self) -> None:
        self._asked_at = float("-inf")


def _ask_broker() -> str:
    # A broker that takes the connection and then says nothing must not hold a probe up either.
    options = {**ONE_TRY, "socket_timeout": 2}
    try:
        with current_app.connection_for_write(transport_options=options) as asked:
            asked.ensure_connection(max_retries=1, interval_start=0, timeout=2)
    except (OperationalError, OSError):
        return _UNAVAILABLE
    return _OK


broker = _Broker()


class ProbesMiddleware:
    """Answers the probes before anything looks at the host name or asks for HTTPS.

    A probe comes from inside, by address and without a proxy; it learns
    nothing but whether the service is up.
    """

    def __init__(self, get_response: Callable[[HttpRequest], HttpResponse]) -> None:
        self.get_response = get_response
        self.probes = {"/healthz/live": live, "/healthz/ready": ready}

    def __call__(self, request: HttpRequest) -> HttpResponse:
        return self.probes.get(request.path_info, self.get_response)(request)
