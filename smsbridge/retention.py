"""What the SMS interface notes, the archive of the gateways' files, received messages."""

from __future__ import annotations

from collections.abc import Iterator
from datetime import date, timedelta

from django.conf import settings
from django.utils import timezone

from accounts.retention import BITE, Rule, register, rows
from smsbridge.gateways import configured_spool
from smsbridge.models import GatewayRequest, InboundMessage, SegmentCount
from smsbridge.spool.folders import Spool


def forget_archive(spool: Spool, days: float | None) -> int:
    """Remove what is older from one gateway's archive, a bite of it; how many files. None: nothing."""
    return 0 if days is None else spool.forget(_before(days), BITE)


def archive_days() -> float | None:
    return settings.SMS_ARCHIVE_DAYS or None


def _before(days: float) -> date:
    return (timezone.now() - timedelta(days=days)).date()


def _spools() -> list[Spool]:
    """Those on this host; the others' workers see to theirs."""
    spools = [configured_spool(name) for name in settings.SMS_GATEWAYS]
    return [spool for spool in spools if spool.root.is_dir()]


def _count_archived(days: float | None) -> int:
    if days is None:
        return 0
    found = (
        sum(1 for path in spool.root.glob(f"archive/{day}/*/*"))
        for spool in _spools()
        for day in spool.archived_before(_before(days))
    )
    return sum(found)


def _archive_bites(days: float | None) -> Iterator[int]:
    for spool in _spools():
        while removed := forget_archive(spool, days):
            yield removed


register(
    Rule(
        "sms-archive",
        "files in the archive of this host's gateways",
        days=archive_days,
        count=_count_archived,
        bites=_archive_bites,
    )
)
register(
    rows(
        "sms-request-keys",
        "Idempotency-Keys of the SMS interface",
        days=lambda: settings.SMS_REQUEST_KEY_DAYS,
        old=lambda moment: GatewayRequest.objects.filter(created_at__lt=moment),
    )
)
register(
    rows(
        "sms-quota-use",
        "days of quota use of the SMS interface",
        days=lambda: settings.SMS_QUOTA_USE_DAYS,
        old=lambda moment: SegmentCount.objects.filter(day__lt=moment.date()),
    )
)
register(
    rows(
        "received-messages",
        "received SMS",
        days=lambda: settings.INBOUND_RETENTION_DAYS or None,
        old=lambda moment: InboundMessage.objects.filter(created_at__lt=moment),
    )
)
