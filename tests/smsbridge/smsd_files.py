"""Files as smsd 3.1.21 leaves them, and deliveries that have been handed over."""

from __future__ import annotations

import os
import uuid
from datetime import UTC, datetime
from itertools import count
from pathlib import Path

from django.utils import timezone

from outbox.ids import new_delivery_id
from outbox.models import Delivery
from smsbridge.spool.folders import Spool

_names = count(1)
NUMBER = "+27820001001"


def handed(number: str = NUMBER, text: str = "hello", **fields) -> Delivery:
    """A delivery that lies in the spool, as far as the database knows."""
    now = timezone.now()
    usual = {"source": "test", "cause": uuid.uuid4(), "slot_key": "1", "state": "handed", "handed_at": now}
    return Delivery.objects.create(id=new_delivery_id(), address=number, text=text, **(usual | fields))


def wall_clock(at: datetime) -> str:
    return at.strftime("%y-%m-%d %H:%M:%S")


class PlayedSmsd:
    """Writes finished files. Times are UTC unless the test says otherwise."""

    def __init__(self, spool: Spool) -> None:
        self.spool = spool

    def path(self, folder: str, name: str) -> Path:
        return Path(self.spool.path(folder)) / name

    def write(self, folder: str, name: str, content: bytes | str) -> Path:
        path = self.path(folder, name)
        path.write_bytes(content if isinstance(content, bytes) else content.encode())
        return path

    def sent(
        self, delivery: Delivery, *references: int, at: datetime | str | None = None, modem: str = "GSM1"
    ) -> Path:
        at = wall_clock(at or datetime.now(UTC)) if not isinstance(at, str) else at
        ids = f"Message_id: {' '.join(map(str, references))} .\n" if references else ""
        return self.write(
            "sent",
            str(delivery.pk),
            f"To: {delivery.address.lstrip('+')}\nAlphabet: UTF-8\nReport: yes\nModem: {modem}\nSent: {at}\n"
            f"Sending_time: 1\n{ids}IMSI: 655010000000001\nIMEI: 490154203237518\n\n{delivery.text}",
        )

    def failed(self, delivery: Delivery, reason: str, *, pdus: int = 1, at: datetime | None = None) -> Path:
        lines = "".join(f"PDU: 0031{n:02X}0B91\n" for n in range(pdus))
        return self.write(
            "failed",
            str(delivery.pk),
            f"To: {delivery.address.lstrip('+')}\nAlphabet: UTF-8\nModem: GSM1\nFail_reason: {reason}\n"
            f"Failed: {wall_clock(at or datetime.now(UTC))}\n{lines}\n{delivery.text}",
        )

    def report(
        self,
        reference: int,
        status: int = 0,
        *,
        number: str = NUMBER,
        modem: str = "GSM1",
        at: datetime | None = None,
        folder: str = "report",
    ) -> Path:
        when = wall_clock(at or datetime.now(UTC))
        return self.write(
            folder,
            f"{modem}.{next(_names):06d}",
            f"From: {number.lstrip('+')}\nFrom_TOA: 91 international, ISDN/telephone\nSent: {when}\n"
            f"Received: {when}\nSubject: {modem}\nModem: {modem}\nIMSI: 655010000000001\nReport: no\n"
            "Alphabet: UTF-8\nLength: 117\nUDH: no\n\n"
            f"SMS STATUS REPORT\nMessage_id: {reference}\nDischarge_timestamp: {when}\n"
            f"Status: {status},Ok,short message received by the SME",
        )

    def received(
        self,
        text: str,
        *,
        sender: str = "27820001001",
        toa: str = "91 international, ISDN/telephone",
        at: datetime | None = None,
        name: str = "",
        extra: str = "",
    ) -> Path:
        when = wall_clock(at or datetime.now(UTC))
        ucs2 = any(ord(char) > 0x2FF for char in text)
        headers = (
            f"From: {sender}\nFrom_TOA: {toa}\nFrom_SMSC: 27829129\nSent: {when}\nReceived: {when}\n"
            f"Subject: GSM1\nModem: GSM1\nIMSI: 655010000000001\nReport: no\n{extra}"
            f"Alphabet: {'UCS2' if ucs2 else 'UTF-8'}\nLength: {len(text)}\nUDH: no\n\n"
        )
        body = text.encode("utf-16-be" if ucs2 else "utf-8")
        path = self.write("incoming", name or f"GSM1.{next(_names):06d}", headers.encode() + body)
        if at:
            os.utime(path, (at.timestamp(), at.timestamp()))
        return path

    def left_in(self, folder: str) -> list[str]:
        return sorted(os.listdir(self.spool.path(folder)))

    def archived(self, kind: str) -> list[str]:
        return sorted(p.name for p in Path(self.spool.path("archive")).glob(f"*/{kind}/*"))

    def set_aside(self, kind: str) -> list[str]:
        return sorted(p.name for p in Path(self.spool.path("quarantine")).glob(f"{kind}/*"))
