"""``/metrics``: the installation's figures for Prometheus.

They are read from the database, so that every process answers alike and none
has to be asked in particular: a fixed number of statements, on indexes and on
hourly counts, however much there is.
"""

from __future__ import annotations

from collections.abc import Callable, Iterable, Iterator
from datetime import timedelta

from django.conf import settings
from django.core.exceptions import PermissionDenied
from django.db.models import Count, Min, Sum
from django.http import HttpRequest, HttpResponse
from django.utils.crypto import constant_time_compare
from django.utils.timezone import now
from django.views.decorators.cache import never_cache
from django.views.decorators.http import require_safe
from prometheus_client import CONTENT_TYPE_LATEST, CollectorRegistry, generate_latest
from prometheus_client.core import CounterMetricFamily, GaugeMetricFamily
from prometheus_client.metrics_core import Metric as Family
from prometheus_client.registry import Collector

from outbox import channels, counts, gateways, pulses
from outbox.models import Gateway
from smsbridge.models import CollectorCount
from stagebased.api.views.helpers import version
from stagebased.models import DueSlot, Metric
from webhooks.models import Endpoint, Event

#: Label values and the figure.
Values = Iterable[tuple[list[str], float]]


@never_cache
@require_safe
def metrics(request: HttpRequest) -> HttpResponse:
    """The figures, for a scraper inside (``METRICS_PORT``) or one that shows the token."""
    if not _may_scrape(request):
        if settings.METRICS_TOKEN:
            return HttpResponse(status=401, headers={"WWW-Authenticate": "Bearer"})
        raise PermissionDenied
    registry = CollectorRegistry(auto_describe=False)
    registry.register(_Figures())
    return HttpResponse(generate_latest(registry), content_type=CONTENT_TYPE_LATEST)


def _may_scrape(request: HttpRequest) -> bool:
    if settings.METRICS_PORT and _port(request) == settings.METRICS_PORT:
        return True
    if settings.METRICS_TOKEN:
        scheme, _, token = request.headers.get("Authorization", "").partition(" ")
        return scheme.lower() == "bearer" and constant_time_compare(token.strip(), settings.METRICS_TOKEN)
    # Neither is set. A caller who came through more than one proxy is from outside, as the original has it.
    return not settings.PRODUCTION and "," not in request.headers.get("X-Forwarded-For", "")


def _port(request: HttpRequest) -> int | None:
    """On which port the request came in: the socket's own word, since a caller names any in Host."""
    listener = request.META.get("gunicorn.socket")
    address = listener.getsockname() if listener is not None else None
    return address[1] if isinstance(address, tuple) else None


class _Figures(Collector):
    def collect(self) -> Iterator[Family]:
        for part in PARTS:
            yield from part()


def _gauge(name: str, meaning: str, values: Values, *labels: str) -> Family:
    return _filled(GaugeMetricFamily(f"switchboard_{name}", meaning, labels=labels), values)


def _counter(name: str, meaning: str, values: Values, *labels: str) -> Family:
    return _filled(CounterMetricFamily(f"switchboard_{name}", meaning, labels=labels), values)


def _filled(family: GaugeMetricFamily | CounterMetricFamily, values: Values) -> Family:
    for names, value in values:
        family.add_metric(names, value)
    return family


def _build() -> Iterator[Family]:
    yield _gauge("build_info", "Which version runs; always 1.", [([version()], 1)], "version")


def _deliveries() -> Iterator[Family]:
    values = [
        ([entry.channel, entry.gateway, entry.state, entry.reason], total)
        for entry, total in counts.totals().items()
    ]
    labels = "channel", "gateway", "state", "reason"
    yield _counter("deliveries", "Deliveries that entered a state.", values, *labels)


def _gateways() -> Iterator[Family]:
    rows, moment = list(Gateway.objects.order_by("name")), now()
    depths = counts.depths(now=moment, names=[row.name for row in rows])
    due = [(one.gateway, moment - one.oldest_due if one.oldest_due else timedelta(0)) for one in depths]
    waiting = [([one.gateway], one.waiting) for one in depths]
    yield _gauge("queue_depth", "Deliveries waiting to be handed over.", waiting, "gateway")
    yield _gauge(
        "queue_oldest_due_seconds",
        "How long the longest due delivery waits; 0 when none is due.",
        [([name], waited.total_seconds()) for name, waited in due],
        "gateway",
    )
    up = [([row.name, row.channel], float(not row.trouble)) for row in rows]
    yield _gauge("gateway_up", "0 while a gateway is in trouble.", up, "gateway", "channel")
    closed = [([row.name], float(gateways.closed_until(row, moment) is not None)) for row in rows]
    yield _gauge("gateway_closed", "1 outside a gateway's hours.", closed, "gateway")
    paused = [([row.name], float(row.paused)) for row in rows]
    yield _gauge("gateway_paused", "1 while somebody has paused a gateway.", paused, "gateway")


def _pulses() -> Iterator[Family]:
    ages = pulses.ages(now=now())
    beat: Values = [([], age) for name, age in ages.items() if name == pulses.BEAT]
    yield _gauge("beat_age_seconds", "Since a worker last worked on a tick of beat.", beat)
    # Not of gateways that the settings no longer name: nobody will ever serve those.
    names = [name for kind in channels.channel_names() for name in channels.channel(kind).gateways()]
    known = [(name, pulses.of_gateway(name)) for name in names]
    turns = [([name], ages[pulse]) for name, pulse in known if pulse in ages]
    yield _gauge("gateway_turn_age_seconds", "Since a worker last served a gateway.", turns, "gateway")


def _programmes() -> Iterator[Family]:
    open_slots = DueSlot.objects.filter(state=DueSlot.State.PLANNING).count()
    yield _gauge("open_slots", "Due slots whose planning is not finished.", [([], open_slots)])
    stored = Metric.objects.order_by("key").values_list("key", "value")
    values = [([key], value) for key, value in stored]
    yield _gauge("metric", "The service's figures, as last computed.", values, "key")


def _collector() -> Iterator[Family]:
    summed = CollectorCount.objects.order_by().values("gateway", "what").annotate(total=Sum("count"))
    values = [([row["gateway"], row["what"]], row["total"]) for row in summed]
    meaning = "What the collector met that leaves no row of its own."
    yield _counter("collector", meaning, values, "gateway", "what")


def _webhooks() -> Iterator[Family]:
    waiting = Event.objects.filter(state=Event.State.WAITING).order_by().values("endpoint")
    found = {row["endpoint"]: row for row in waiting.annotate(n=Count("pk"), first=Min("occurred_at"))}
    endpoints, moment = dict(Endpoint.objects.values_list("pk", "enabled")), now()
    ages = {key: (moment - row["first"]).total_seconds() for key, row in found.items()}
    enabled = [([str(key)], float(is_on)) for key, is_on in endpoints.items()]
    yield _gauge("webhook_enabled", "0 when an endpoint was disabled.", enabled, "endpoint")
    counted = [([str(key)], found[key]["n"] if key in found else 0) for key in endpoints]
    yield _gauge("webhook_waiting", "Events that an endpoint has not taken yet.", counted, "endpoint")
    yield _gauge(
        "webhook_oldest_waiting_seconds",
        "How long ago what the longest waiting event tells of happened; 0 when none waits.",
        [([str(key)], ages.get(key, 0.0) if is_on else 0.0) for key, is_on in endpoints.items()],
        "endpoint",
    )


PARTS: list[Callable[[], Iterator[Family]]] = [
    _build, _deliveries, _gateways, _pulses, _programmes, _collector, _webhooks,
]  # fmt: skip
