"""Sending one text to many numbers for a caller."""

from __future__ import annotations

import json
import logging
import uuid
from collections import Counter
from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field, replace
from datetime import datetime
from typing import Any
from uuid import UUID

from django.db import Error as DatabaseError
from django.db import connection, transaction
from django.utils import timezone

from accounts.models import User
from contacts.models import Address
from contacts.numbers import InvalidNumber
from outbox import channels, sets
from outbox.channels import Refusal
from outbox.express import Lane, open_lane
from outbox.models import Delivery
from outbox.operations import NewDelivery, queue_many
from smsbridge.models import GatewayAccount
from smsbridge.sending import SOURCE, repeats
from smsbridge.sending.numbers import Answer, Judge, read_number
from smsbridge.sending.quotas import Quotas
from smsbridge.sending.rights import Rights, locked_rights_of
from smsbridge.sending.sequences import Runs
from smsbridge.spool.codec import SENDER

log = logging.getLogger(__name__)


class NotAllowed(Exception):
    """The account may not send at all, or not so; nothing was stored."""


class Unsendable(Exception):
    """The text or an option can never go out; nothing was stored. The message is for people."""


@dataclass(frozen=True, kw_only=True)
class Order:
    """What a caller wants sent.

    ``mobiles`` as the caller writes them; ``options`` are those of the SMS
    channel (queue, flash, report, validity in minutes); ``key`` makes a
    repeat of the request recognisable.
    """

    mobiles: Sequence[str]
    text: str
    options: Mapping[str, Any] = field(default_factory=dict)
    urgent: bool = False
    send_at: datetime | None = None
    despite_opt_out: bool = False
    key: str = ""


@dataclass(frozen=True)
class Outcome:
    """What became of one number: the message's id, or None where there is none, and what to tell."""

    id: UUID | None
    answer: str


@dataclass(frozen=True)
class Sent:
    """What became of an order: an outcome for each of its numbers, in order. ``queue`` may be empty.

    ``repeated``: it came before with its key, and these are the outcomes of then.
    """

    outcomes: list[Outcome]
    parts: int
    queue: str
    repeated: bool


def send(*, user: User, order: Order) -> Sent:
    """Queue a message for each number that the caller may send to, and hand them over if the spool is well.

    One number in two spellings is one message. What cannot be handed over
    now waits in the outbox. The same order with the same key again gives the
    same outcomes. Raises NotAllowed, Unsendable, repeats.Different.
    """
    lane = open_lane(channels.channel("sms").default_gateway)
    with transaction.atomic():
        rights = locked_rights_of(user)
        ready = _with_defaults(order, rights)
        parts = _parts(ready)
        outcomes, repeated = _once(rights, order, ready, parts, lane)
    _hand_over(lane)
    return Sent(outcomes, parts, ready.options.get("queue") or "", repeated)


def _check_may_send(rights: Rights, order: Order) -> None:
    if not rights.may_use:
        raise NotAllowed("this account may not use the SMS interface")
    if rights.account is not None and rights.account.stopped_at is not None:
        raise NotAllowed(f"this account was stopped: {rights.account.stop_reason or 'by an administrator'}")
    if order.despite_opt_out and not rights.may_override_opt_out:
        raise NotAllowed("this account may not override opt-outs")


def _with_defaults(order: Order, rights: Rights) -> Order:
    options = {name: value for name, value in order.options.items() if value is not None}
    if not options.get("queue"):
        options.pop("queue", None)
        options |= {"queue": rights.queue} if rights.queue else {}
    name = rights.user.get_username()
    # A name that a header cannot hold is left out of the file; who sent it stands in the delivery.
    options |= {"from": name} if SENDER.fullmatch(name) else {}
    return replace(order, options=options)


def _parts(order: Order) -> int:
    found = channels.channel("sms").examine(order.text, dict(order.options))
    if isinstance(found, Refusal):
        raise Unsendable(found.detail or found.code)
    return found


def _once(rights: Rights, order: Order, ready: Order, parts: int, lane: Lane) -> tuple[list[Outcome], bool]:
    """The outcomes; a repeat's are those of the first time, and marked so. The account's row is locked.

    ``order`` is what the caller said, which a repeat is compared by; ``ready`` has the defaults in it.
    """
    request = repeats.id_of(rights.user, order.key) if order.key else None
    earlier = repeats.outcome_of(request, order) if request else None
    if earlier is not None:
        return [Outcome(*pair) for pair in earlier], True
    _check_may_send(rights, order)
    # Never made of the key: a key that was forgotten may come again, with a message of its own.
    outcomes = _queue(rights, ready, parts, uuid.uuid4(), lane)
    if request:
        repeats.remember(rights.user, request, order, [(one.id, one.answer) for one in outcomes])
    return outcomes, False


def _queue(rights: Rights, order: Order, parts: int, cause: UUID, lane: Lane) -> list[Outcome]:
    quotas = Quotas(rights, day=timezone.now().date())
    answers, numbers = _judged(rights, order, parts, quotas)
    going = [msisdn for msisdn, answer in answers.items() if answer is Answer.OK]
    # The first spelling stays with the message, for whoever asks about it later.
    spelt = {msisdn: text for text, msisdn in reversed(numbers.items())}
    wishes = _wishes(rights, order, cause, {msisdn: spelt[msisdn] for msisdn in going})
    queued = queue_many(rows=wishes, claimant=lane)
    rows = {row.address: row for row, _ in queued}
    for msisdn, row in rows.items():
        if row.state == Delivery.State.SKIPPED:
            answers[msisdn] = Answer.OPTED_OUT
            quotas.give_back(msisdn, parts)
    quotas.store()
    _tell(rights, answers)
    return [_outcome(numbers.get(text), answers, rows) for text in order.mobiles]


def _outcome(msisdn: str | None, answers: Mapping[str, Answer], rows: Mapping[str, Delivery]) -> Outcome:
    if msisdn is None:
        return Outcome(None, Answer.INVALID)
    return Outcome(rows[msisdn].pk if msisdn in rows else None, answers[msisdn])


def _judged(
    rights: Rights, order: Order, parts: int, quotas: Quotas
) -> tuple[dict[str, Answer], dict[str, str]]:
    """An answer for each E.164 number, and the number for each spelling that is one."""
    numbers = _numbers(order.mobiles)
    judge, runs = Judge.of(rights), _runs(rights)
    answers: dict[str, Answer] = {}
    for msisdn in numbers.values():
        if msisdn not in answers:
            answers[msisdn] = _answer(msisdn, parts, judge, runs, quotas)
    _store_runs(rights, runs, stopped=Answer.SEQUENCE in answers.values())
    return answers, numbers


def _answer(msisdn: str, parts: int, judge: Judge, runs: Runs, quotas: Quotas) -> Answer:
    answer = judge(msisdn)
    if answer is not Answer.OK:
        return answer
    return Answer.SEQUENCE if runs.completes_run(msisdn) else quotas.take(msisdn, parts)


def _numbers(mobiles: Sequence[str]) -> dict[str, str]:
    found: dict[str, str] = {}
    for text in mobiles:
        try:
            found[text] = read_number(text)
        except InvalidNumber:
            continue
    return found


def _runs(rights: Rights) -> Runs:
    recent = rights.account.recent if rights.account is not None else []
    return Runs(recent, limit=rights.sequence_limit, now=timezone.now().timestamp())


def _store_runs(rights: Rights, runs: Runs, *, stopped: bool) -> None:
    with connection.cursor() as cursor:
        cursor.execute(_REMEMBER, [json.dumps(runs.remembered()), rights.user.pk])
    if stopped:
        log.warning("SMS interface: account %s was stopped for consecutive numbers", rights.user.pk)
        GatewayAccount.objects.filter(user=rights.user).update(
            stopped_at=timezone.now(), stop_reason="it sent to consecutive numbers"
        )


_REMEMBER = "UPDATE smsbridge_gatewayaccount SET recent = %s WHERE user_id = %s"


def _wishes(rights: Rights, order: Order, cause: UUID, spelt: Mapping[str, str]) -> list[NewDelivery]:
    people = _people(spelt)
    priority = Delivery.Priority.HIGH if order.urgent else Delivery.Priority.NORMAL
    return [
        NewDelivery(
            source=SOURCE, cause=cause, slot_key=msisdn, address=msisdn, text=order.text,
            contact=people.get(msisdn), created_by=rights.user.pk, priority=priority,
            options={**order.options, "to": text}, not_before=order.send_at,
            despite_opt_out=order.despite_opt_out,
        )
        for msisdn, text in spelt.items()
    ]  # fmt: skip


def _people(numbers: Mapping[str, str]) -> dict[str, UUID]:
    """Whose the numbers are, where that is one person; among several nobody is picked."""
    given = sets.records([(number,) for number in numbers], number="text")
    pairs = sets.fetch(_WHOSE.format(given=given.sql), given.params)
    times = Counter(value for value, _ in pairs)
    return {value: sets.id_from(contact) for value, contact in pairs if times[value] == 1}


_WHOSE = f"""
SELECT a.value, CAST(a.contact_id AS text)
  FROM {{given}} AS given JOIN contacts_address a ON a.value = given.number
 WHERE a.kind = '{Address.Kind.MSISDN.value}'"""  # noqa: S608 - a constant


def _tell(rights: Rights, answers: Mapping[str, Answer]) -> None:
    """A line about what was denied, for whoever looks for misuse; no numbers."""
    denied = Counter(str(answer) for answer in answers.values() if answer is not Answer.OK)
    if denied:
        log.warning("SMS interface: account %s, denied: %s", rights.user.pk, dict(denied))


def _hand_over(lane: Lane) -> None:
    """The deliveries are committed: whatever goes wrong now, workers will take them up."""
    try:
        lane.hand_over()
    except DatabaseError as error:
        log.warning("SMS interface: left to the workers (%s)", type(error).__name__)
