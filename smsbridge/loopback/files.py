"""The files that smsd leaves behind, as the loopback gateway writes them."""

from __future__ import annotations

from datetime import datetime

from smsbridge.loopback.network import IMSI, MODEM, Outcome
from smsbridge.spool.codec import DATETIME_FORMAT, SpoolFile


def finished(message: SpoolFile, outcome: Outcome, at: datetime) -> bytes:
    """A message's file with what smsd adds to its headers; ``at`` is smsd's wall clock."""
    when = at.strftime(DATETIME_FORMAT)
    added = [("Modem", MODEM)]
    if outcome.reason:
        added += [("IMSI", IMSI), ("Fail_reason", outcome.reason), ("Failed", when)]
    else:
        added += [("Sent", when), ("Sending_time", "0")]
        if wants_report(message):
            # With "messageids = 3" smsd writes every part's, ending in a dot.
            added.append(("Message_id", " ".join(map(str, outcome.references)) + " ."))
        added.append(("IMSI", IMSI))
    return _file([*message.fields, *added], message.body)


def report(number: str, reference: int, at: datetime) -> bytes:
    """The network's word that a part has arrived."""
    when = at.strftime(DATETIME_FORMAT)
    body = (
        f"SMS STATUS REPORT\nMessage_id: {reference}\nDischarge_timestamp: {when}\n"
        "Status: 0,Ok,short message received by the SME"
    )
    return _file(_received(number, at, len(body)), body.encode())


def reply(number: str, text: str, at: datetime) -> bytes:
    """A message from somebody; the text must be plain ASCII."""
    return _file(_received(number, at, len(text)), text.encode("ascii"))


def wants_report(message: SpoolFile) -> bool:
    return message.headers.get("Report", "")[:1].lower() in ("1", "y", "t")


def _received(number: str, at: datetime, length: int) -> list[tuple[str, str]]:
    when = at.strftime(DATETIME_FORMAT)
    return [
        ("From", number), ("From_TOA", "91 international, ISDN/telephone"), ("Sent", when),
        ("Received", when), ("Subject", MODEM), ("Modem", MODEM), ("IMSI", IMSI), ("Report", "no"),
        ("Alphabet", "UTF-8"), ("Length", str(length)), ("UDH", "no"),
    ]  # fmt: skip


def _file(fields: list[tuple[str, str]], body: bytes) -> bytes:
    return "".join(f"{name}: {value}\n" for name, value in fields).encode() + b"\n" + body
