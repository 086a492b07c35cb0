"""The folder of received messages, which may hold status reports and call notes as well."""

from __future__ import annotations

from collections.abc import Sequence

from smsbridge import inbound
from smsbridge.collector import reports
from smsbridge.collector.files import Action, Opened, Verdict, set_aside
from smsbridge.gateways import smsd_zone
from smsbridge.inbound import Received
from smsbridge.models import StatusReport


def take_received(gateway: str, files: Sequence[Opened]) -> list[Verdict]:
    """Messages are stored and acted on, reports recorded."""
    good, verdicts = set_aside(files)
    messages: list[Received] = []
    found: list[StatusReport] = []
    for file in good:
        report = reports.as_report(gateway, file)
        if isinstance(report, Verdict):
            verdicts.append(report)
            continue
        if isinstance(report, StatusReport):
            found.append(report)
        else:
            messages.append(as_message(gateway, file))
        verdicts.append(file.verdict(Action.ARCHIVE))
    # Messages first: an opt-out takes the gate, which comes before any lock on a delivery.
    inbound.take_in(messages=messages)
    reports.record(gateway, found)
    return verdicts


def as_message(gateway: str, file: Opened) -> Received:
    headers = file.said.headers
    return Received(
        gateway=gateway, file_name=file.file.name[:255], fingerprint=file.fingerprint(gateway),
        sender=inbound.sender_of(headers), text=file.said.text, received_at=file.time("Received"),
        sent_at=file.said.time("Sent", smsd_zone()), headers=headers, is_call="Call_type" in headers,
    )  # fmt: skip
