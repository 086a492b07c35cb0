"""``/metrics``: the installation's figures for Prometheus."""

from __future__ import annotations

from collections.abc import Iterator
from datetime import timedelta

from django.core.exceptions import PermissionDenied
from django.http import HttpRequest, HttpResponse
from django.utils.timezone import now
from django.views.decorators.cache import never_cache
from django.views.decorators.http import require_safe
from prometheus_client import CONTENT_TYPE_LATEST, CollectorRegistry, generate_latest
from prometheus_client.core import CounterMetricFamily, GaugeMetricFamily
from prometheus_client.metrics_core import Metric as Family
from prometheus_client.registry import Collector

from outbox import counts
from stagebased.models import DueSlot, Metric


@never_cache
@require_safe
def prometheus(request: HttpRequest) -> HttpResponse:
    """Totals and the queue's depth, read from the database, so every process answers alike.

    Meant for a scraper inside; a caller who came through more than one proxy
    is from outside and is refused, as the original service does.
    """
    if "," in request.headers.get("X-Forwarded-For", ""):
        raise PermissionDenied
    registry = CollectorRegistry(auto_describe=False)
    registry.register(_Figures())
    return HttpResponse(generate_latest(registry), content_type=CONTENT_TYPE_LATEST)


class _Figures(Collector):
    def collect(self) -> Iterator[Family]:
        yield from _deliveries()
        yield from _queue()
        yield from _programmes()


def _deliveries() -> Iterator[Family]:
    family = CounterMetricFamily(
        "switchboard_deliveries",
        "Deliveries that entered a state.",
        labels=["channel", "gateway", "state", "reason"],
    )
    for entry, total in counts.totals().items():
        family.add_metric([entry.channel, entry.gateway, entry.state, entry.reason], total)
    yield family


def _queue() -> Iterator[Family]:
    depth = GaugeMetricFamily(
        "switchboard_queue_depth", "Deliveries waiting to be handed over.", labels=["gateway"]
    )
    oldest = GaugeMetricFamily(
        "switchboard_queue_oldest_due_seconds",
        "How long the longest due delivery waits; 0 when none is due.",
        labels=["gateway"],
    )
    moment = now()
    for queue in counts.depths(now=moment):
        depth.add_metric([queue.gateway], queue.waiting)
        waited = moment - queue.oldest_due if queue.oldest_due else timedelta(0)
        oldest.add_metric([queue.gateway], waited.total_seconds())
    yield depth
    yield oldest


def _programmes() -> Iterator[Family]:
    planning = DueSlot.objects.filter(state=DueSlot.State.PLANNING)
    slots = GaugeMetricFamily("switchboard_open_slots", "Due slots whose planning is not finished.")
    slots.add_metric([], planning.count())
    yield slots
    stored = GaugeMetricFamily(
        "switchboard_metric", "The service's figures, as last computed.", labels=["key"]
    )
    for key, value in Metric.objects.order_by("key").values_list("key", "value"):
        stored.add_metric([key], value)
    yield stored
