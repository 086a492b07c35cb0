"""Each SMS gateway's spool, as this installation is configured."""

from __future__ import annotations

from pathlib import Path
from zoneinfo import ZoneInfo

from django.conf import settings

from smsbridge.spool.errors import SpoolUnavailable
from smsbridge.spool.folders import Spool


def spool_of(gateway: str) -> Spool:
    """The gateway's spool, ready for use. Raises SpoolUnavailable.

    The embedded default's is made when it is missing. Anywhere else a missing
    outgoing is a misconfiguration or a volume that is not mounted: messages
    put into a new folder there would wait for an smsd that never looks.
    """
    spool = configured_spool(gateway)
    if not Path(spool.path("outgoing")).is_dir():
        if not spool.root.is_relative_to(settings.VAR_DIR):
            raise SpoolUnavailable("missing", "the spool has no outgoing folder")
        spool.create()
    return spool


def configured_spool(gateway: str) -> Spool:
    """The gateway's spool as configured, whether it exists or not. Raises SpoolUnavailable."""
    if gateway not in settings.SMS_GATEWAYS:
        raise SpoolUnavailable("missing", "SMS_GATEWAYS does not name this gateway")
    return Spool(settings.SMS_GATEWAYS[gateway], sync=settings.SMS_SPOOL_SYNC)


def smsd_zone() -> ZoneInfo:
    """The zone of the wall-clock times in smsd's files."""
    return ZoneInfo(settings.SMSD_TIMEZONE)
