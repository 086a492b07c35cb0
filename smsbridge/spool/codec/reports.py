"""Status reports, and the references that match them to what was sent."""

from __future__ import annotations

import re
from dataclasses import dataclass
from datetime import datetime, tzinfo
from enum import Enum

from smsbridge.spool.codec.files import SpoolFile, parse_time
from smsbridge.spool.errors import MalformedFile

_TITLE = "SMS STATUS REPORT"
_STATUS = re.compile(r"([0-9]{1,3})(?:,(.*))?")
_IDS = re.compile(r"[0-9]{1,3}(?: [0-9]{1,3}){0,254}(?: \.)?")


class Fate(Enum):
    """What a status means for the message."""

    DELIVERED = "delivered"
    PENDING = "pending"
    FAILED = "failed"


@dataclass(frozen=True)
class StatusReport:
    """What the network says of one part.

    ``message_id`` is its reference (TP-MR, 0-255, wraps); ``status`` is
    TP-Status; ``discharged_at`` the centre's wall clock, taken for smsd's zone.
    """

    message_id: int
    status: int
    status_text: str
    discharged_at: datetime | None

    @property
    def fate(self) -> Fate:
        """3GPP TS 23.040, 9.2.3.15: 0-31 done, 32-63 still trying, above that given up."""
        if self.status < 32:
            return Fate.DELIVERED
        return Fate.PENDING if self.status < 64 else Fate.FAILED


def status_report(file: SpoolFile, zone: tzinfo) -> StatusReport | None:
    """The report in a file, or None when it holds something else.

    Raises MalformedFile, ``bad_report``, for one without its reference or status.
    """
    title, _, rest = file.text.partition("\n")
    if title.strip() != _TITLE:
        return None
    values = dict(line.split(": ", 1) for line in rest.splitlines() if ": " in line)
    references = message_ids(values.get("Message_id", ""))
    status = _STATUS.fullmatch(values.get("Status", "").strip())
    if len(references) != 1 or status is None or int(status[1]) > 255:
        raise MalformedFile("bad_report", "a status report without a reference or status")
    discharged = parse_time(values.get("Discharge_timestamp", "").strip(), zone)
    return StatusReport(references[0], int(status[1]), (status[2] or "").strip(), discharged)


def message_ids(value: str) -> tuple[int, ...]:
    """The references in a Message_id header: ``117``, ``6 .`` or ``1 2 3 .``; () for anything else.

    smsd writes all of a message's with ``messageids = 3``, else the last or the first.
    """
    if not _IDS.fullmatch(value.strip()):
        return ()
    ids = tuple(int(word) for word in value.split() if word != ".")
    return ids if max(ids) <= 255 else ()
