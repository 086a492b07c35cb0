"""How long the audit log is kept."""

from __future__ import annotations

from collections.abc import Iterator
from datetime import datetime, timedelta

from django.conf import settings
from django.utils import timezone

from accounts.retention import Rule, register
from audit.models import Entry
from audit.operations import forgetting


def _before(days: float) -> datetime:
    return timezone.now() - timedelta(days=days)


def _bites(days: float | None) -> Iterator[int]:
    return iter(()) if days is None else forgetting(before=_before(days))


register(
    Rule(
        "audit-log",
        "entries of the audit log",
        days=lambda: settings.AUDIT_RETENTION_DAYS or None,
        count=lambda days: 0 if days is None else Entry.objects.filter(at__lt=_before(days)).count(),
        bites=_bites,
    )
)
