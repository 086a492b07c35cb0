"""A message to one's own phone, to see it there before others get it."""

from __future__ import annotations

from dataclasses import replace
from datetime import timedelta
from uuid import uuid4

from django.db import transaction
from django.utils import timezone

from accounts.models import User
from contacts.models import Address, Contact
from contacts.numbers import InvalidNumber, parse_msisdn
from contacts.operations import Profile, best_address, create_contact, set_default_address
from outbox import wake
from outbox.channels import channel, channel_names
from outbox.models import Delivery
from outbox.operations import Refused as NotSendable
from outbox.operations import queue
from stagebased import programmes
from stagebased.errors import Refused, UnknownMessageSet
from stagebased.models import WELCOME
from stagebased.steps import QUEUED, Programme, Step, greeting, message

SOURCE = "trial"
#: Trials of one person within an hour: enough to look at a programme, too few to send with.
PER_HOUR = 20
#: The kind of address of channels that reach accounts.
ACCOUNT = "account"


def as_written(message_set_id: int) -> Programme:
    """The set as it will be sent once its drafts are published and it is active. Raises UnknownMessageSet."""
    found = programmes.load([message_set_id], greetings=True, drafts=True).get(message_set_id)
    if found is None:
        raise UnknownMessageSet(f"There is no message set {message_set_id}.")
    return replace(found, active=True)


def stage_of(programme: Programme, number: int, lang: str) -> Step:
    """What somebody who reads ``lang`` gets at that stage; 0 is the welcome."""
    return message(programme, number, lang) if number != WELCOME else greeting(programme, 1, lang)


def own_address(*, user: User, channel_name: str) -> str | None:
    """Where a trial reaches the account's owner by that channel; None: nowhere yet."""
    if channel_name not in channel_names():
        return None
    kind = channel(channel_name).address_kind
    if kind == ACCOUNT:
        return str(user.pk)
    contact = Contact.objects.filter(user=user).first()
    return None if contact is None else best_address(contact_id=contact.pk, kind=kind)


@transaction.atomic
def set_own_number(*, user: User, number: str) -> str:
    """Take down the number of the account's owner, as that of the person they are here. Raises Refused."""
    try:
        msisdn = parse_msisdn("".join(number.split()))
    except InvalidNumber as error:
        raise Refused({"number": [error.message]}) from None
    contact = Contact.objects.select_for_update().filter(user=user).first()
    if contact is None:
        name = user.get_full_name() or user.get_username()
        contact = create_contact(profile=Profile(name=name[:200], user_id=user.pk), user=user)
    set_default_address(contact_id=contact.pk, kind=Address.Kind.MSISDN, value=msisdn)
    return msisdn


@transaction.atomic
def send_trial(*, message_set_id: int, number: int, lang: str, user: User) -> Delivery:
    """Send a stage, as it is written now, to the account's owner and to nobody else.

    Not a word of it reaches subscribers, and nobody's position changes. Raises
    Refused: nothing can be sent there, no address is known, or too many trials.
    """
    programme = as_written(message_set_id)
    known = number in programme.messages or (number == WELCOME and bool(programme.greetings))
    step = stage_of(programme, number, lang) if known else None
    if step is None or step.state != QUEUED:
        raise Refused({"number": [step.detail if step else "There is no such stage."]})
    address = own_address(user=user, channel_name=step.channel)
    if address is None:
        raise Refused({"number": ["It is not known how to reach you by this channel."]})
    contact = Contact.objects.select_for_update().filter(user=user).first()
    if contact is not None and _of_late(contact) >= PER_HOUR:
        raise Refused({"number": [f"That were {PER_HOUR} trials within an hour: wait a while."]})
    delivery = _queue(step, address, contact, user)
    wake.nudge()
    return delivery


def _of_late(contact: Contact) -> int:
    since = timezone.now() - timedelta(hours=1)
    return Delivery.objects.filter(contact=contact, source=SOURCE, created_at__gt=since).count()


def _queue(step: Step, address: str, contact: Contact | None, user: User) -> Delivery:
    try:
        delivery, _ = queue(
            source=SOURCE,
            cause=uuid4(),
            slot_key=f"{step.number} {step.lang}",
            address=address,
            text=step.text,
            channel=step.channel,
            gateway=step.gateway,
            contact=contact,
            created_by=user.pk,
            options=dict(step.options),
            priority=Delivery.Priority.HIGH,
        )
    except NotSendable as refusal:
        raise Refused({"number": [refusal.detail or refusal.code]}) from None
    return delivery
