"""What comes in, and which modems are at work: panels of the admin's front page."""

from __future__ import annotations

from typing import Any

from django.db.models import Sum
from django.utils import timezone

from accounts.dashboard import Panel, register
from smsbridge.models import CollectorCount, InboundMessage, ModemActivity

What = CollectorCount.What
RECEIVED = (What.TEXT, What.STOP, What.START, What.REPLY, What.CALL)


def received() -> dict[str, Any]:
    """What came in today, by what it meant; from the hourly sums."""
    today = timezone.localtime().replace(hour=0, minute=0, second=0, microsecond=0)
    rows = CollectorCount.objects.filter(hour__gte=today, what__in=[*RECEIVED, What.HELD])
    sums = dict(rows.values_list("what").annotate(total=Sum("count")).order_by())
    return {
        "held": sums.pop(What.HELD, 0),
        "total": sum(sums.values()),
        "kinds": [(what.value, what.label.removesuffix(" received"), sums.get(what, 0)) for what in RECEIVED],
    }


def modems() -> dict[str, Any]:
    return {"modems": ModemActivity.objects.order_by("gateway", "modem")}


register(Panel("received", "Received today", "smsbridge/panels/received.html", received, InboundMessage, 50))
register(Panel("modems", "Modems' last activity", "smsbridge/panels/modems.html", modems, InboundMessage, 45))
