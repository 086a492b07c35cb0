"""One sweep over a gateway's folders, batch by batch."""

from __future__ import annotations

import logging
import time
from collections import Counter
from collections.abc import Callable, Iterator, Sequence
from itertools import islice

from django.db import InterfaceError, OperationalError, connection, transaction
from django.utils import timezone

from outbox.channels import GatewayUnavailable
from outbox.models import Gateway
from smsbridge import counts, erasing, retention
from smsbridge.collector import fates, lost, modems, received, reports
from smsbridge.collector.files import Action, Opened, Verdict, opened
from smsbridge.gateways import spool_of
from smsbridge.models import CollectorCount
from smsbridge.spool.errors import SpoolUnavailable
from smsbridge.spool.folders import Finished, Spool

logger = logging.getLogger(__name__)

#: Files taken in by one transaction.
BATCH = 500
#: The same for received messages: each opt-out among them has statements of its own, and holds up
#: hand-overs until its batch is committed.
INBOUND_BATCH = 100
#: Seconds after which no further batch of a folder is begun, so that every folder gets its turn.
BUDGET = 5.0
#: First half of the key of the lock that keeps a gateway's collectors apart; spells "coll".
_COLLECTOR = 0x636F6C6C

Taker = Callable[[str, Sequence[Opened]], list[Verdict]]
#: In this order: opt-outs are the most urgent, and a report is understood once its message is known as sent.
_TAKERS: dict[str, Taker] = {
    "incoming": received.take_received,
    "sent": fates.take_sent,
    "failed": fates.take_failed,
    "report": reports.take_reports,
}
_COUNTED = {Action.FOREIGN: CollectorCount.What.FOREIGN, Action.QUARANTINE: CollectorCount.What.QUARANTINED}


class _Busy(Exception):
    """Another worker is collecting from this gateway."""


def collect(gateway: Gateway) -> int:
    """Take in the gateway's finished files; how many.

    A fixed number of statements for each batch of files of one folder
    (besides those of opt-outs). A great backlog is left to the next
    time; so is everything when another worker is at it. Raises
    GatewayUnavailable when the spool cannot be read or files cannot be moved.
    """
    taken = 0
    try:
        spool = spool_of(gateway.name)
        for kind in _TAKERS:
            taken += _collect_kind(spool, gateway.name, kind)
        lost.look_for_lost(spool, gateway.name)
        erasing.carry_out(spool, gateway.name)
        retention.forget_archive(spool, retention.archive_days())
        _tidy(gateway.name)
    except _Busy:
        return taken
    except SpoolUnavailable as error:
        raise GatewayUnavailable(f"{error.code}: {error.detail}") from error
    return taken


def _collect_kind(spool: Spool, gateway: str, kind: str) -> int:
    taken, end = 0, time.monotonic() + BUDGET
    size = INBOUND_BATCH if kind == "incoming" else BATCH
    for batch in _batches(spool.finished(kind), size):
        taken += _settle(spool, _take(gateway, kind, batch))
        if time.monotonic() > end:
            break
    return taken


def _batches(files: Iterator[Finished], size: int) -> Iterator[list[Opened]]:
    while batch := [opened(file) for file in islice(files, size)]:
        yield batch


def _take(gateway: str, kind: str, files: Sequence[Opened]) -> list[Verdict]:
    """Record a batch; a file that cannot be recorded is set aside and the others are taken without it."""
    try:
        return _record(gateway, kind, files)
    except (_Busy, OperationalError, InterfaceError):
        raise
    except Exception as error:  # noqa: BLE001 - whatever one file provokes must not stop the others
        if len(files) == 1:
            logger.error(
                "gateway %s: a file in %s cannot be taken in: %s", gateway, kind, type(error).__name__
            )
            return [files[0].verdict(Action.QUARANTINE, type(error).__name__)]
    return [verdict for file in files for verdict in _take(gateway, kind, [file])]


def _record(gateway: str, kind: str, files: Sequence[Opened]) -> list[Verdict]:
    # durable: files are moved right after, so nothing may roll this back any more.
    with transaction.atomic(durable=True):
        _lock(gateway)
        verdicts = _TAKERS[kind](gateway, files)
        counts.add(gateway, Counter(_COUNTED[v.action] for v in verdicts if v.action in _COUNTED))
        modems.note(gateway, kind, files)
    return verdicts


def _lock(gateway: str) -> None:
    """Until the transaction ends, no other worker takes files of this gateway in.

    An advisory lock, because the gateway's row is also the dispatcher's. On
    SQLite there is one writing transaction at a time anyway.
    """
    if connection.vendor != "postgresql":
        return
    with connection.cursor() as cursor:
        cursor.execute("SELECT pg_try_advisory_xact_lock(%s, hashtext(%s))", (_COLLECTOR, gateway))
        if not cursor.fetchone()[0]:
            raise _Busy


def _settle(spool: Spool, verdicts: Sequence[Verdict]) -> int:
    """Move the files of a committed batch; how many this worker moved."""
    moved = 0
    today = timezone.now().date()
    for verdict in verdicts:
        if verdict.action in (Action.ARCHIVE, Action.FOREIGN):
            moved += spool.archive(verdict.kind, verdict.name, today)
        elif verdict.action is Action.QUARANTINE:
            moved += spool.quarantine(verdict.kind, verdict.name, verdict.why)
    if left := sum(verdict.action is Action.LEAVE for verdict in verdicts):
        logger.warning("%s: %d files in %s cannot be read", spool.root.name, left, verdicts[0].kind)
    return moved


def _tidy(gateway: str) -> None:
    now = timezone.now()
    if not reports.has_old(gateway, now):
        return
    with transaction.atomic(durable=True):
        dropped = reports.drop_old(gateway, now)
        counts.add(gateway, {CollectorCount.What.REPORT_DROPPED: dropped})
