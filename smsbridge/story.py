"""What the SMS network told of a delivery: its parts and their reports; and the message it answers."""

from __future__ import annotations

from collections.abc import Iterator

from django.urls import reverse

from outbox.models import Delivery
from outbox.story import Event, chapter
from smsbridge.inbound.loops import SOURCE
from smsbridge.models import InboundMessage, PartReference
from smsbridge.spool import codec

_MOODS = {codec.Fate.DELIVERED: "good", codec.Fate.FAILED: "bad"}


@chapter
def parts(delivery: Delivery) -> Iterator[Event]:
    rows = list(PartReference.objects.filter(delivery=delivery.pk).order_by("pk"))
    for number, row in enumerate(rows, start=1):
        of = f"part {number} of {len(rows)}"
        by = f"by modem {row.modem}, " if row.modem else ""
        yield Event(row.sent_at, f"{of} accepted by the network", f"{by}reference {row.reference}")
        if row.reported_at is not None and row.status is not None:
            fate = codec.StatusReport(row.reference, row.status, "", None).fate
            yield Event(
                row.reported_at,
                f"status report for {of}",
                f"{fate.value}, status {row.status}",
                mood=_MOODS.get(fate, ""),
            )


@chapter
def answered(delivery: Delivery) -> Iterator[Event]:
    if delivery.source != SOURCE:
        return
    for message in InboundMessage.objects.filter(pk=delivery.cause):
        page = reverse("admin:smsbridge_inboundmessage_change", args=[message.pk])
        yield Event(
            message.received_at, "message received, which this answers", message.get_meaning_display(), page
        )
