"""When each modem was last seen at work, as the files it has finished tell."""

from __future__ import annotations

from collections.abc import Sequence
from datetime import datetime

from django.db.models import Q

from smsbridge.collector.files import Opened
from smsbridge.models import ModemActivity

#: Kind of folder → the header with the time, and the column it goes to.
_TOLD = {
    "sent": ("Sent", "sent_at"),
    "failed": ("Failed", "failed_at"),
    "incoming": ("Received", "received_at"),
    "report": ("Received", "received_at"),
}


def note(gateway: str, kind: str, files: Sequence[Opened]) -> None:
    """Keep the latest time of each modem in a batch: two statements a modem, and most batches have one."""
    header, column = _TOLD[kind]
    latest: dict[str, datetime] = {}
    for file in files:
        modem = "" if file.trouble else file.header("Modem")[:64]
        if modem:
            at = file.time(header)
            latest[modem] = max(at, latest.get(modem, at))
    for modem, at in latest.items():
        row, _ = ModemActivity.objects.get_or_create(gateway=gateway, modem=modem)
        earlier = Q(**{f"{column}__lt": at}) | Q(**{column: None})
        ModemActivity.objects.filter(earlier, pk=row.pk).update(**{column: at})
