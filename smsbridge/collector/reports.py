"""Status reports: what the network says became of each part.

A report names its part by the modem, the recipient's number and a reference
of eight bits, which wraps; the newest such part is meant, among those of the
last days. A report may come before the file of its message is finished: it is
kept and matched when the part becomes known, or dropped after a day.
"""

from __future__ import annotations

import re
from collections import defaultdict
from collections.abc import Sequence
from datetime import datetime, timedelta
from uuid import UUID

from django.db.models import Q

from contacts.models import Address
from contacts.operations import record_failures, record_successes
from outbox.models import Delivery
from outbox.operations import Failure, record_delivered, record_failed
from smsbridge.collector import parts
from smsbridge.collector.files import Action, Opened, Verdict, set_aside
from smsbridge.gateways import smsd_zone
from smsbridge.models import PartReference, StatusReport
from smsbridge.spool import codec
from smsbridge.spool.errors import MalformedFile

#: How long after sending a report is still taken for that message.
WINDOW = timedelta(days=7)
#: How much earlier than its message is finished a report may come: parts are reported one by one.
EARLY = timedelta(minutes=15)
#: How long a report waits for its message.
KEPT = timedelta(hours=24)
_NOT_DIGIT = re.compile(r"[^0-9]")


def digits(number: str) -> str:
    """A number as it is compared: digits only."""
    return _NOT_DIGIT.sub("", number)[:32]


def take_reports(gateway: str, files: Sequence[Opened]) -> list[Verdict]:
    """The files of a folder that holds reports and nothing else."""
    good, verdicts = set_aside(files)
    reports = []
    for file in good:
        report = as_report(gateway, file)
        if isinstance(report, Verdict):
            verdicts.append(report)
        elif report is None:
            verdicts.append(file.verdict(Action.QUARANTINE, "no status report"))
        else:
            reports.append(report)
            verdicts.append(file.verdict(Action.ARCHIVE))
    record(gateway, reports)
    return verdicts


def as_report(gateway: str, file: Opened) -> StatusReport | Verdict | None:
    """The report in a file as a row not stored yet; None when it holds something else."""
    try:
        said = codec.status_report(file.said, smsd_zone())
    except MalformedFile as error:
        return file.verdict(Action.QUARANTINE, error.code)
    if said is None:
        return None
    return StatusReport(
        gateway=gateway, fingerprint=file.fingerprint(gateway), modem=file.header("Modem")[:64],
        number=digits(file.header("From")), reference=said.message_id, status=said.status,
        status_text=said.status_text[:200], discharged_at=said.discharged_at,
        received_at=file.time("Received"),
    )  # fmt: skip


def record(gateway: str, reports: Sequence[StatusReport]) -> None:
    """Apply reports to their parts and deliveries; keep those whose part is not known yet."""
    _apply(_match(gateway, reports))
    StatusReport.objects.bulk_create(
        (report for report in reports if report.matched is None), ignore_conflicts=True
    )


def match_waiting(gateway: str, known: Sequence[PartReference]) -> None:
    """Parts have become known: apply the reports that came before them."""
    waiting = parts.waiting(gateway, {(part.number, part.reference) for part in known})
    _apply(_match(gateway, waiting))
    StatusReport.objects.bulk_update((report for report in waiting if report.matched), ["matched"])


def has_old(gateway: str, now: datetime) -> bool:
    return StatusReport.objects.filter(gateway=gateway, received_at__lt=now - KEPT).exists()


def drop_old(gateway: str, now: datetime) -> int:
    """Forget reports older than a day; how many of them never found their message."""
    old = StatusReport.objects.filter(gateway=gateway, received_at__lt=now - KEPT)
    dropped = old.filter(matched=None).delete()[0]
    old.delete()
    return dropped


def _match(gateway: str, reports: Sequence[StatusReport]) -> list[PartReference]:
    """Give each report its part, and the part the report's status; the parts that have news."""
    if not reports:
        return []
    times = [report.received_at for report in reports]
    known = parts.candidates(gateway, {_key(r) for r in reports}, min(times) - WINDOW, max(times) + EARLY)
    changed: dict[int, PartReference] = {}
    for report in reports:
        part = next((part for part in known.get(_key(report), ()) if _means(report, part)), None)
        if part is None:
            continue
        report.matched = part
        if not is_final(part.status):
            part.status, part.reported_at = report.status, report.discharged_at or report.received_at
            changed[part.pk] = part
    return list(changed.values())


def _key(report: StatusReport) -> parts.Key:
    return report.number, report.reference


def _means(report: StatusReport, part: PartReference) -> bool:
    same_modem = not report.modem or not part.modem or report.modem == part.modem
    return same_modem and part.sent_at - EARLY <= report.received_at <= part.sent_at + WINDOW


def is_final(status: int | None) -> bool:
    """Whether the network will say no more of a part: 32-63 means that it still tries."""
    return status is not None and not 32 <= status < 64


def _apply(changed: Sequence[PartReference]) -> None:
    """Store what is known of the parts, and move their deliveries where all is known."""
    if not changed:
        return
    parts.store_statuses(changed)
    by_delivery: dict[UUID, list[PartReference]] = defaultdict(list)
    for part in PartReference.objects.filter(delivery__in={part.delivery_id for part in changed}):
        by_delivery[part.delivery_id].append(part)
    times: dict[UUID, datetime] = {}
    failures: dict[UUID, Failure] = {}
    for key, own in by_delivery.items():
        fate = _fate(own)
        if isinstance(fate, Failure):
            failures[key] = fate
        elif fate is not None:
            times[key] = fate
    _tell_addresses(record_delivered(times=times), record_failed(failures=failures))


def _fate(own: Sequence[PartReference]) -> datetime | Failure | None:
    """When the message was delivered, or why not; None while that is open.

    It is delivered when all its parts are, and has failed when one has.
    """
    at = max(part.reported_at or part.sent_at for part in own)
    statuses = [part.status for part in own]
    for status in statuses:
        if status is not None and status >= 64:
            return Failure(at, "undelivered", f"The network gave up (status {status}).")
    return at if all(status is not None and status < 32 for status in statuses) else None


def _tell_addresses(arrived: list[UUID], lost: list[UUID]) -> None:
    where = dict(Delivery.objects.filter(Q(pk__in=arrived) | Q(pk__in=lost)).values_list("pk", "address"))
    if arrived:
        record_successes(kind=Address.Kind.MSISDN, values=[where[key] for key in arrived])
    if lost:
        record_failures(kind=Address.Kind.MSISDN, values=[where[key] for key in lost])
