"""The spool file: headers, a blank line, the body.

``render`` writes what smsd is asked to send; ``parse`` reads what smsd, or
anybody else, left in a folder.
"""

from smsbridge.spool.codec.files import DATETIME_FORMAT, SpoolFile, parse, parse_time
from smsbridge.spool.codec.outgoing import (
    LONGEST_VALIDITY,
    NUMBER,
    QUEUE,
    SENDER,
    SHORTEST_VALIDITY,
    destination,
    encode_body,
    render,
)
from smsbridge.spool.codec.reports import Fate, StatusReport, message_ids, status_report

__all__ = [
    "DATETIME_FORMAT",
    "LONGEST_VALIDITY",
    "NUMBER",
    "QUEUE",
    "SENDER",
    "SHORTEST_VALIDITY",
    "Fate",
    "SpoolFile",
    "StatusReport",
    "destination",
    "encode_body",
    "message_ids",
    "parse",
    "parse_time",
    "render",
    "status_report",
]
