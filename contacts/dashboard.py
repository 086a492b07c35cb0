"""Who opted out and in lately: a panel of the admin's front page."""

from __future__ import annotations

from datetime import timedelta
from typing import Any

from django.db.models import Count
from django.utils import timezone

from accounts.dashboard import Panel, register
from contacts.models import OptIn, OptOut

#: How far back the panel looks. What it counts lies at the newest end of an index.
DAYS = 7


def opt_outs() -> dict[str, Any]:
    now = timezone.localtime()
    today = now.replace(hour=0, minute=0, second=0, microsecond=0)
    since = today - timedelta(days=DAYS - 1)
    return {
        "days": DAYS,
        "today": OptOut.objects.filter(created_at__gte=today).count(),
        "lately": _by_kind(since),
        "back": OptIn.objects.filter(created_at__gte=since).count(),
    }


def _by_kind(since: Any) -> list[tuple[str, int]]:
    rows = OptOut.objects.filter(created_at__gte=since).values_list("kind").annotate(count=Count("pk"))
    return [(OptOut.Kind(kind).label, count) for kind, count in rows.order_by("-count", "kind")]


register(Panel("opt-outs", "Opt-outs", "contacts/panels/opt_outs.html", opt_outs, OptOut, 60))
