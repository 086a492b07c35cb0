"""Whether smsd's wall clock is read in the right zone."""

from __future__ import annotations

import os
from collections.abc import Iterator
from contextlib import suppress
from datetime import tzinfo

from smsbridge.spool.codec import parse
from smsbridge.spool.errors import MalformedFile
from smsbridge.spool.folders import Spool
from smsbridge.spool.folders.reading import finished_files
from smsbridge.spool.health.findings import Finding

_LARGEST_DIFFERENCE_SECONDS = 900


def zone_findings(spool: Spool, zone: tzinfo) -> list[Finding]:
    """Compare the time that smsd wrote into one finished file with the file's own."""
    difference = next(_differences(spool, zone), 0.0)
    if abs(difference) <= _LARGEST_DIFFERENCE_SECONDS:
        return []
    detail = f"smsd's times, read as {zone}, are {difference / 3600:+.1f} hours off its files'"
    return [Finding("warning", "zone", detail, "Set SMSD_TIMEZONE to the zone that smsd runs in.")]


def _differences(spool: Spool, zone: tzinfo) -> Iterator[float]:
    newest = [f"archive/{day}/sent" for day in spool.archived_days()[:1]]
    for folder in ("sent", *newest):
        # A folder that is missing or closed is somebody else's finding.
        with suppress(OSError):
            for file in finished_files(os.path.join(spool.root, folder), "sent"):
                with suppress(MalformedFile):
                    if sent_at := parse(file.content).time("Sent", zone):
                        yield sent_at.timestamp() - file.modified_at
