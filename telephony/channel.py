"""The channel ``voicemail``: audio messages into a contact's mailbox."""

from __future__ import annotations

import hashlib
import json
from collections.abc import Mapping, Sequence
from functools import cache
from typing import Any
from uuid import UUID

from django.conf import settings
from django.core.exceptions import SuspiciousFileOperation
from django.core.files.storage import default_storage
from django.db import transaction

from outbox.channels import HandOver, Measure, Outgoing, Refusal
from outbox.models import Delivery, Gateway
from telephony.errors import NotFound, TelephonyError, UnusableRecording
from telephony.models import Voicemail
from telephony.operations import store_message
from telephony.recordings import Recording, join, read_recording

#: Deliveries stored in one go; each is a file.
ROOM = 200
NOT_AUDIO = Refusal("not_audio", "A mailbox takes recordings, and this message has none.")


class VoicemailChannel:
    """Stores each recording once (``VoicemailMessage.delivery_id``); arrives at once.

    People who share a mailbox find what one slot brings them all there once.
    """

    address_kind = "mailbox"
    default_gateway = "voicemail"

    def gateways(self) -> list[str]:
        return [self.default_gateway]

    def queue(self, gateway: str) -> str:
        return "switchboard"

    def examine(self, text: str, options: dict[str, Any]) -> int | Refusal:
        return 1 if options.get("audio") else NOT_AUDIO

    def explain(self, text: str, options: dict[str, Any]) -> Measure:
        return Measure(self.examine(text, options))

    def room(self, gateway: Gateway, *, urgent: bool = False) -> int:
        return ROOM

    def hand_over(self, gateway: Gateway, deliveries: Sequence[Outgoing]) -> HandOver:
        result = HandOver()
        numbers = {delivery.address for delivery in deliveries}
        boxes = dict(Voicemail.objects.filter(mailbox__in=numbers).values_list("mailbox", "pk"))
        # A programme sends one recording to many: each is read once a batch.
        load = cache(_load)
        occasions = _occasions(deliveries)
        for delivery in deliveries:
            try:
                found = load(tuple(delivery.options.get("audio") or ()))
                _store(delivery, boxes.get(delivery.address), found, occasions)
            except TelephonyError as error:
                result.refused[delivery.id] = Refusal(error.code, str(error))
            else:
                result.delivered.append(delivery.id)
        return result

    def collect(self, gateway: Gateway) -> int:
        return 0


def _occasions(deliveries: Sequence[Outgoing]) -> dict[UUID, str]:
    """What is said for which slot: the same for all whom one slot brings the same recordings."""
    audio = {delivery.id: list(delivery.options.get("audio") or ()) for delivery in deliveries}
    rows = Delivery.objects.filter(pk__in=audio).values_list("pk", "source", "slot_key")
    return {
        key: hashlib.sha256(json.dumps([source, slot, audio[key]]).encode()).hexdigest()
        for key, source, slot in rows
    }


def _store(
    delivery: Outgoing,
    voicemail_id: int | None,
    found: Recording | TelephonyError,
    occasions: Mapping[UUID, str],
) -> None:
    if isinstance(found, TelephonyError):
        raise found
    if voicemail_id is None:
        raise NotFound("There is no such mailbox.")
    # A savepoint each: a full mailbox does not undo its neighbours.
    with transaction.atomic():
        store_message(
            voicemail_id=voicemail_id,
            recording=found,
            delivery_id=delivery.id,
            occasion=occasions.get(delivery.id, ""),
        )


def _load(addresses: tuple[str, ...]) -> Recording | TelephonyError:
    """The recordings at these addresses, joined; or why they cannot be had."""
    try:
        return join([read_recording(_bytes(address)) for address in addresses])
    except TelephonyError as error:
        return error


def _bytes(address: str) -> bytes:
    """An uploaded file by its address here; files elsewhere are not fetched."""
    name = address.removeprefix(settings.MEDIA_URL)
    try:
        with default_storage.open(name) as file:
            return file.read(settings.MAX_UPLOAD_BYTES + 1)
    except (OSError, SuspiciousFileOperation):
        raise UnusableRecording("The recording's file cannot be read.") from None
