"""Parts and waiting reports by number and reference, as sets.

Pairs are joined rather than asked for with two ``IN`` lists: of 500 numbers
and 256 references those would try every combination.
"""

from __future__ import annotations

from collections import defaultdict
from collections.abc import Collection, Iterable, Sequence
from datetime import datetime

from outbox import sets
from smsbridge.models import PartReference, StatusReport

#: Digits of the recipient's number, and the network's reference.
Key = tuple[str, int]

_PARTS = """
SELECT part.id FROM smsbridge_partreference part
  JOIN {given} asked ON asked.number = part.number AND asked.reference = part.reference
  JOIN outbox_delivery delivery ON delivery.id = part.delivery_id
 WHERE delivery.gateway = %s AND part.sent_at BETWEEN %s AND %s
"""
_WAITING = """
SELECT report.id FROM smsbridge_statusreport report
  JOIN {given} asked ON asked.number = report.number AND asked.reference = report.reference
 WHERE report.gateway = %s AND report.matched_id IS NULL
"""
_STATUS = """
UPDATE smsbridge_partreference SET status = asked.status, reported_at = asked.at
  FROM {given} asked WHERE smsbridge_partreference.id = asked.k
RETURNING smsbridge_partreference.id
"""


def candidates(
    gateway: str, keys: Collection[Key], since: datetime, until: datetime
) -> dict[Key, list[PartReference]]:
    """The parts that went out by the gateway with these keys in that time, newest first. Two queries."""
    given = _pairs(keys)
    times = (sets.time_value(since), sets.time_value(until))
    ids = [row[0] for row in sets.fetch(_PARTS.format(given=given.sql), (*given.params, gateway, *times))]
    found: dict[Key, list[PartReference]] = defaultdict(list)
    for part in PartReference.objects.filter(pk__in=ids).order_by("-sent_at", "-pk"):
        found[part.number, part.reference].append(part)
    return found


def waiting(gateway: str, keys: Collection[Key]) -> list[StatusReport]:
    """Reports that came before parts with these keys were known, the earliest first. Two queries."""
    given = _pairs(keys)
    ids = [row[0] for row in sets.fetch(_WAITING.format(given=given.sql), (*given.params, gateway))]
    return list(StatusReport.objects.filter(pk__in=ids).order_by("received_at", "pk")) if ids else []


def store_statuses(parts: Sequence[PartReference]) -> None:
    """Write status and time of each part. One statement."""
    rows = [(part.pk, part.status, sets.time_text(part.reported_at)) for part in parts if part.reported_at]
    given = sets.records(rows, k="bigint", status="smallint", at="timestamptz")
    sets.fetch(_STATUS.format(given=given.sql), given.params)


def _pairs(keys: Iterable[Key]) -> sets.Fragment:
    return sets.records(sorted(keys), number="text", reference="smallint")
