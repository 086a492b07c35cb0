"""The spools as ``manage.py check`` sees them, and the whole self-check behind ``check_spool``."""

from __future__ import annotations

from collections.abc import Iterable
from pathlib import Path
from typing import Any

from django.conf import settings
from django.core.checks import CheckMessage, register
from django.core.checks import Warning as CheckWarning

from smsbridge.gateways import configured_spool, smsd_zone
from smsbridge.spool import health
from smsbridge.spool.errors import SpoolUnavailable
from smsbridge.spool.folders import Spool
from smsbridge.spool.health import Finding

_CREATE = "check_spool --create makes it."


def register_all() -> None:
    register(check_spools, "smsbridge")


def check_spools(app_configs: Any = None, **kwargs: Any) -> list[CheckMessage]:
    """The folders of every configured spool.

    Warnings only: a web server has no spool of a gateway that another host
    serves, and migrations must run before smsd is set up.
    """
    messages: list[CheckMessage] = []
    for gateway in settings.SMS_GATEWAYS:
        for finding in health.folder_findings(configured_spool(gateway)):
            detail = f"SMS gateway {gateway}: {finding.detail}"
            messages.append(CheckWarning(detail, hint=finding.hint, id=f"smsbridge.{finding.code}"))
    return messages


def examine_spool(spool: Spool, *, stuck_after: float, pidfile: Path | None = None) -> list[Finding]:
    """Everything that can be found out about a spool from here, writing one hidden file.

    When the folders themselves are in trouble, that is all: the rest would
    say the same in other words.
    """
    folders = health.folder_findings(spool)
    if not spool.root.is_dir():
        return folders or [Finding("warning", "missing", "the spool does not exist yet", _CREATE)]
    if any(finding.code in ("missing", "not_readable") for finding in folders):
        return folders
    try:
        return folders + list(_deeper(spool, stuck_after, pidfile))
    except SpoolUnavailable as trouble:
        return [*folders, Finding("error", trouble.code, trouble.detail)]


def _deeper(spool: Spool, stuck_after: float, pidfile: Path | None) -> Iterable[Finding]:
    yield from health.write_findings(spool)
    yield from health.disk_findings(spool)
    yield from health.daemon_findings(spool, stuck_after=stuck_after, pidfile=pidfile)
    yield from health.stale_locks(spool)
    yield from health.unreadable_files(spool)
    yield from health.quarantined(spool)
    yield from health.zone_findings(spool, smsd_zone())
