"""The channel ``voicemail``: audio messages into a contact's mailbox."""

from __future__ import annotations

from collections.abc import Sequence
from functools import cache
from typing import Any

from django.conf import settings
from django.core.exceptions import SuspiciousFileOperation
from django.core.files.storage import default_storage
from django.db import transaction

from outbox.channels import HandOver, Outgoing, Refusal
from outbox.models import Gateway
from telephony.errors import NotFound, TelephonyError, UnusableRecording
from telephony.models import Voicemail
from telephony.operations import store_message
from telephony.recordings import Recording, join, read_recording

#: Deliveries stored in one go; each is a file.
ROOM = 200
NOT_AUDIO = Refusal("not_audio", "A mailbox takes recordings, and this message has none.")


class VoicemailChannel:
    """Stores each recording once (``VoicemailMessage.delivery_id``); arrives at once."""

    address_kind = "mailbox"
    default_gateway = "voicemail"

    def gateways(self) -> list[str]:
        return [self.default_gateway]

    def queue(self, gateway: str) -> str:
        return "switchboard"

    def examine(self, text: str, options: dict[str, Any]) -> int | Refusal:
        return 1 if options.get("audio") else NOT_AUDIO

    def room(self, gateway: Gateway) -> int:
        return ROOM

    def hand_over(self, gateway: Gateway, deliveries: Sequence[Outgoing]) -> HandOver:
        result = HandOver()
        numbers = {delivery.address for delivery in deliveries}
        boxes = dict(Voicemail.objects.filter(mailbox__in=numbers).values_list("mailbox", "pk"))
        # A programme sends one recording to many: each is read once a batch.
        load = cache(_load)
        for delivery in deliveries:
            try:
                _store(
                    delivery, boxes.get(delivery.address), load(tuple(delivery.options.get("audio") or ()))
                )
            except TelephonyError as error:
                result.refused[delivery.id] = Refusal(error.code, str(error))
            else:
                result.delivered.append(delivery.id)
        return result

    def collect(self, gateway: Gateway) -> int:
        return 0


def _store(delivery: Outgoing, voicemail_id: int | None, found: Recording | TelephonyError) -> None:
    if isinstance(found, TelephonyError):
        raise found
    if voicemail_id is None:
        raise NotFound("There is no such mailbox.")
    # A savepoint each: a full mailbox does not undo its neighbours.
    with transaction.atomic():
        store_message(voicemail_id=voicemail_id, recording=found, delivery_id=delivery.id)


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
