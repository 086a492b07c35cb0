"""Taking a batch of received messages in."""

from __future__ import annotations

import logging
import re
from collections import Counter
from collections.abc import Iterable, Iterator, Mapping, Sequence
from dataclasses import dataclass, field
from datetime import datetime
from typing import NamedTuple
from uuid import UUID

from django.conf import settings
from django.db import transaction

from contacts import gate
from contacts.models import Address, OptOut
from contacts.numbers import InvalidNumber, parse_msisdn
from contacts.operations import opt_in, opt_out
from outbox.models import Delivery
from outbox.operations import NewDelivery, queue_many
from smsbridge import counts
from smsbridge.inbound.loops import SLOT_KEY, SOURCE, LoopGuard
from smsbridge.inbound.vocabulary import Vocabulary
from smsbridge.models import CollectorCount, InboundMessage, Keyword
from smsbridge.signals import messages_received

logger = logging.getLogger(__name__)
Meaning, Answer, Action = InboundMessage.Meaning, InboundMessage.Answer, Keyword.Action
_COUNTED: dict[str, CollectorCount.What] = {
    Meaning.TEXT: CollectorCount.What.TEXT,
    Meaning.STOP: CollectorCount.What.STOP,
    Meaning.START: CollectorCount.What.START,
    Meaning.REPLY: CollectorCount.What.REPLY,
    Meaning.CALL: CollectorCount.What.CALL,
}
_INTERNATIONAL = re.compile(r"91\b")
_DIGITS = re.compile(r"\+?[0-9]{1,20}")


@dataclass(frozen=True, kw_only=True)
class Received:
    """A received message as its file tells it. ``fingerprint`` is the same for the same file only."""

    gateway: str
    file_name: str
    fingerprint: str
    sender: str
    text: str
    received_at: datetime
    sent_at: datetime | None = None
    headers: Mapping[str, str] = field(default_factory=dict)
    is_call: bool = False


class _Person(NamedTuple):
    contact_id: UUID
    language: str


@dataclass
class _Item:
    """A message on its way: the row to be, and the keyword it consists of."""

    row: InboundMessage
    keyword: Keyword | None = None
    language: str = ""


def sender_of(headers: Mapping[str, str]) -> str:
    """Who sent it: E.164 where it is a number that can be answered, else as received.

    smsd writes numbers without ``+`` and says in From_TOA what they are: 91
    international, D0 letters, anything else as the network dials them.
    """
    sender = headers.get("From", "")[:64]
    if not _DIGITS.fullmatch(sender):
        return sender
    international = _INTERNATIONAL.match(headers.get("From_TOA", "91")) or sender.startswith("+")
    try:
        return parse_msisdn("+" + sender.lstrip("+") if international else sender)
    except InvalidNumber:
        return sender


@transaction.atomic
def take_in(*, messages: Sequence[Received]) -> int:
    """Store the messages not stored yet, and act on keywords; how many were new.

    Safe to repeat with the same messages. A fixed number of statements, plus
    those of one opt-out or opt-in for each message that is one.
    """
    vocabulary = Vocabulary.for_texts(message.text for message in messages if not message.is_call)
    items = [_item(message, vocabulary) for message in messages]
    if any(item.keyword for item in items):
        # Before any row is locked: see contacts.gate.
        gate.exclusive()
    items = sorted(_only_new(items), key=lambda item: item.row.received_at)
    _attach_people(items)
    answers = _decide_answers(items, vocabulary)
    for item in items:
        _act(item)
    InboundMessage.objects.bulk_create(item.row for item in items)
    for gateway in sorted({item.row.gateway for item in items}):
        counts.add(gateway, Counter(_met(item.row for item in items if item.row.gateway == gateway)))
    if items:
        messages_received.send(sender=InboundMessage, ids=[item.row.pk for item in items])
    queue_many(rows=[_confirmation(item, text) for item, text in answers])
    return len(items)


def _met(rows: Iterable[InboundMessage]) -> Iterator[CollectorCount.What]:
    for row in rows:
        yield _COUNTED[row.meaning]
        if row.answer == Answer.HELD:
            yield CollectorCount.What.HELD


def _item(message: Received, vocabulary: Vocabulary) -> _Item:
    keyword = (
        None if message.is_call or not message.sender.startswith("+") else vocabulary.keyword(message.text)
    )
    meaning = Meaning.CALL if message.is_call else Meaning(keyword.action) if keyword else Meaning.TEXT
    row = InboundMessage(
        gateway=message.gateway, file_name=message.file_name, fingerprint=message.fingerprint,
        sender=message.sender, text=message.text, headers=dict(message.headers), meaning=meaning,
        keyword=keyword.word if keyword else "", sent_at=message.sent_at, received_at=message.received_at,
    )  # fmt: skip
    return _Item(row, keyword)


def _only_new(items: Iterable[_Item]) -> list[_Item]:
    by_fingerprint = {item.row.fingerprint: item for item in items}
    known = InboundMessage.objects.filter(fingerprint__in=list(by_fingerprint)).values_list(
        "fingerprint", flat=True
    )
    for fingerprint in known:
        del by_fingerprint[fingerprint]
    return list(by_fingerprint.values())


def _attach_people(items: Sequence[_Item]) -> None:
    """Of several people with one number, the longest known."""
    having = Address.objects.filter(kind=Address.Kind.MSISDN, value__in={item.row.sender for item in items})
    known: dict[str, _Person] = {}
    for value, contact_id, language in having.order_by(
        "inactive", "contact__created_at", "contact"
    ).values_list("value", "contact_id", "contact__language"):
        known.setdefault(value, _Person(contact_id, language))
    for item in items:
        if person := known.get(item.row.sender):
            item.row.contact_id, item.language = person


def _decide_answers(items: Sequence[_Item], vocabulary: Vocabulary) -> list[tuple[_Item, str]]:
    guard = LoopGuard([item.row for item in items if item.keyword])
    answers = []
    for item in items:
        text = _answer(item, vocabulary)
        if text and guard.admits(item.row, text):
            item.row.answer = Answer.SENT
            answers.append((item, text))
        elif text:
            item.row.answer = Answer.HELD
            logger.warning(
                "gateway %s: inbound message %s is not answered: more than %d of the same in five minutes",
                item.row.gateway, item.row.pk, settings.SMS_LOOP_LIMIT,
            )  # fmt: skip
    return answers


def _answer(item: _Item, vocabulary: Vocabulary) -> str:
    """Empty where nothing is to be said: no keyword, or an opt-in of somebody never heard of."""
    if item.keyword is None or (item.keyword.action == Action.START and item.row.contact_id is None):
        return ""
    return vocabulary.answer(item.keyword, item.language)


def _act(item: _Item) -> None:
    if item.keyword is None:
        return
    address = (Address.Kind.MSISDN, item.row.sender)
    programme = item.keyword.programme
    if item.keyword.action == Action.STOP:
        kind = OptOut.Kind.UNSUBSCRIBE if programme else OptOut.Kind.STOP
        reason = f"sent {item.keyword.word}"
        outs = opt_out(kind=kind, source="sms", address=address, programme=programme, reason=reason)
        if item.row.contact_id is None and outs:
            item.row.contact_id = outs[0].contact_id
    elif item.keyword.action == Action.START:
        opt_in(source="sms", address=address, programme=programme)


def _confirmation(item: _Item, text: str) -> NewDelivery:
    return NewDelivery(
        source=SOURCE, cause=item.row.pk, slot_key=SLOT_KEY, contact=item.row.contact_id,
        address=item.row.sender, text=text, gateway=item.row.gateway, priority=Delivery.Priority.REPLY,
        despite_opt_out=item.row.meaning == Meaning.STOP,
    )  # fmt: skip
