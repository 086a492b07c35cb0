"""What smsd says of messages it was given: sent, or failed."""

from __future__ import annotations

import re
from collections.abc import Iterable, Sequence
from uuid import UUID

from contacts.models import Address
from contacts.operations import record_failures
from outbox.models import Delivery
from outbox.operations import Failure, record_failed, record_sent
from smsbridge.collector import reports
from smsbridge.collector.files import Action, Opened, Verdict, set_aside
from smsbridge.models import PartReference
from smsbridge.spool.codec import message_ids

#: The network says that there is no such subscriber, or that it may not be written to
#: (RP-Cause of 3GPP TS 24.011, table 8.4): 1 unassigned, 8 and 10 barred, 21 rejected,
#: 27 out of service, 28 unidentified, 30 unknown subscriber.
_NUMBER_FAULT = re.compile(
    r"\+CMS ERROR: (1|8|10|21|27|28|30)\b|Destination is blacklisted|Invalid number type"
)
_LONG_NUMBER = re.compile(r"\+?[0-9][0-9 -]{4,}[0-9]")
_NOT_PRINTABLE = re.compile(r"[^!-~]+")


def take_sent(gateway: str, files: Sequence[Opened]) -> list[Verdict]:
    """Messages the modem has passed on. A damaged file of ours still tells that by where it lies."""
    ours, verdicts = _sorted_out(files)
    record_sent(times={key: file.time("Sent") for key, file in ours.items()})
    parts = [part for key, file in ours.items() for part in _parts(key, file)]
    PartReference.objects.bulk_create(parts, ignore_conflicts=True)
    reports.match_waiting(gateway, parts)
    return verdicts


def take_failed(gateway: str, files: Sequence[Opened]) -> list[Verdict]:
    """Messages smsd has given up."""
    ours, verdicts = _sorted_out(files)
    failures = {
        key: Failure(file.time("Failed"), "gateway_refused", _detail(file)) for key, file in ours.items()
    }
    news = record_failed(failures=failures)
    wrong = [key for key in news if _NUMBER_FAULT.search(ours[key].header("Fail_reason"))]
    if wrong:
        record_failures(kind=Address.Kind.MSISDN, values=addresses(wrong))
    return verdicts


def addresses(delivery_ids: Iterable[UUID]) -> list[str]:
    """Where the deliveries went, once for each of them."""
    return list(Delivery.objects.filter(pk__in=list(delivery_ids)).values_list("address", flat=True))


def _sorted_out(files: Sequence[Opened]) -> tuple[dict[UUID, Opened], list[Verdict]]:
    """The files that are deliveries' of ours, and what becomes of each file."""
    named = {key: file for file in files if (key := file.delivery_id) and file.trouble not in _NOT_SMSDS}
    known = Delivery.objects.filter(pk__in=list(named)).values_list("pk", flat=True)
    ours = {key: named[key] for key in known}
    good, verdicts = set_aside(files)
    mine = {id(file) for file in ours.values()}
    verdicts += [file.verdict(Action.ARCHIVE if id(file) in mine else Action.FOREIGN) for file in good]
    return ours, verdicts


#: Something else under a delivery's name says nothing about the delivery.
_NOT_SMSDS = frozenset({"symlink", "special", "unreadable", "bad_name"})


def _parts(key: UUID, file: Opened) -> list[PartReference]:
    number = reports.digits(file.header("To"))
    sent_at, modem = file.time("Sent"), file.header("Modem")[:64]
    return [
        PartReference(delivery_id=key, modem=modem, number=number, reference=reference, sent_at=sent_at)
        for reference in dict.fromkeys(message_ids(file.header("Message_id")))
    ]


def _detail(file: Opened) -> str:
    """smsd's reason for people, without anything that looks like a telephone number."""
    if file.trouble:
        return f"smsd put it among the failed ones; its file cannot be read ({file.trouble})."
    reason = _NOT_PRINTABLE.sub(" ", file.header("Fail_reason")).strip() or "no reason given"
    detail = f"smsd: {_LONG_NUMBER.sub('…', reason)[:200]}"
    # smsd keeps the PDU of each part it tried; all but the last had gone out.
    gone = len(set(file.said.all("PDU"))) - 1
    return f"{detail}; {gone} of its parts had been sent before" if gone > 0 else detail
