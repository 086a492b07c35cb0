"""Who is on which message set: beginning, changing and ending subscriptions."""

from __future__ import annotations

from collections.abc import Mapping
from datetime import date
from typing import Any
from uuid import UUID

from django.db import IntegrityError, transaction
from django.db.models import Case, Exists, F, OuterRef, Q, Value, When
from django.utils import timezone

from accounts.models import User
from accounts.prepared import Parameter, Prepared, PreparedInsert
from contacts.numbers import InvalidNumber, parse_msisdn
from contacts.operations import ensure_contact, get_or_create_contact
from stagebased.errors import Refused, UnknownSubscription
from stagebased.models import MessageSet, Schedule, Subscription, Welcome, counted_anew
from stagebased.operations.audit import Author
from stagebased.operations.content.sets import IN_PREPARATION, unknown_key
from stagebased.operations.dates import correct_date, forget_date, realign, settle
from stagebased.operations.rivals import refusal
from stagebased.operations.send import greet
from stagebased.operations.waiting import cancel_waiting

Stopped = Subscription.Stopped
#: Who was stopped for another reason (an opt-out) stays so: only that reason's end starts them again.
_PAUSED_IF_ACTIVE = Case(When(active=True, then=Value(Stopped.PAUSED)), default=F("stopped"))

_INSERT = PreparedInsert(Subscription)
_BY_REQUEST = Prepared(
    lambda: (
        Subscription.objects.filter(
            hub_request_id=Parameter("request_id", Subscription._meta.get_field("hub_request_id"))
        )
        .order_by()
        .values_list("contact_id")
    )
)
_PROGRAMME = Prepared(
    lambda: (
        MessageSet.objects.filter(pk=Parameter("messageset", MessageSet._meta.pk))
        .order_by()
        .values_list(
            Exists(Schedule.objects.filter(pk=Parameter("schedule", Schedule._meta.pk))),
            Exists(Welcome.objects.filter(messageset=OuterRef("pk"))),
            "one_active",
            "state",
        )
    )
)


def subscribe(*, fields: Mapping[str, Any], by: User | None = None) -> Subscription:
    """Begin a subscription. ``fields`` are the model's, checked for shape.

    ``contact_id`` need not be known: the person is then recorded without an
    address, so that the first due slot ends as a failure that somebody can
    see and mend. Raises Refused for an unknown message set or schedule, a set
    in preparation, and a set on which the person is already if nobody may be
    on it twice.
    """
    subscription = Subscription(**fields, created_by=by, updated_by=by)
    return _begin(subscription, msisdn=None, by=by)


def subscribe_for_hub(
    *, request_id: str | None, fields: Mapping[str, Any], msisdn: str | None = None, by: User | None = None
) -> Subscription | None:
    """Begin what a hub asks for: once per ``request_id``; None when it has been done before.

    Without ``initial_sequence_number`` the subscription began where it goes
    on. ``msisdn`` (E.164) becomes one of the person's numbers. However often
    and however many at once ask with one ``request_id``, one subscription
    comes of it: the column is unique. Raises Refused, besides what ``subscribe`` does,
    where it was used for somebody else: that is another request, which must not be lost.
    """
    subscription = Subscription(**fields, hub_request_id=request_id, created_by=by, updated_by=by)
    if "initial_sequence_number" not in fields:
        subscription.initial_sequence_number = subscription.next_sequence_number
    try:
        return None if _is_done(request_id, subscription) else _begin(subscription, msisdn=msisdn, by=by)
    except IntegrityError:
        if _is_done(request_id, subscription):
            return None
        raise


def _is_done(request_id: str | None, wanted: Subscription) -> bool:
    for (contact_id,) in _BY_REQUEST.rows(request_id=request_id) if request_id is not None else ():
        if contact_id != wanted.contact_id:
            raise Refused({"id": ["This id was used for the request of another identity."]})
        return True
    return False


def _begin(subscription: Subscription, *, msisdn: str | None, by: User | None) -> Subscription:
    welcomes, subscription.exclusive = _check_programme(subscription.messageset_id, subscription.schedule_id)
    if subscription.anchor_date is not None:
        settle(subscription, anchor_date=subscription.anchor_date, now=timezone.now())
    try:
        with transaction.atomic():
            _know_person(subscription, msisdn, by)
            _INSERT(subscription)
            if welcomes or subscription.anchor_date is not None:
                greet(subscription_ids=[subscription.pk])
    except IntegrityError:
        # Perhaps the set or the schedule has just been removed, or the person is there already.
        _check_programme(subscription.messageset_id, subscription.schedule_id)
        if subscription.exclusive:
            _check_alone(subscription.contact_id, subscription.messageset_id, subscription.pk)
        raise
    return subscription


def _know_person(subscription: Subscription, msisdn: str | None, by: User | None) -> None:
    identity, language = subscription.contact_id, subscription.lang
    if msisdn is None:
        ensure_contact(identity=identity, language=language, user=by)
    else:
        get_or_create_contact(identity=identity, msisdn=msisdn, language=language, user=by)


def _check_programme(messageset_id: int, schedule_id: int) -> tuple[bool, bool]:
    """Whether the set welcomes newcomers, and whether nobody may be on it twice.

    Raise Refused unless both exist and the set is active; one statement while they do.
    """
    found = _PROGRAMME.rows(messageset=messageset_id, schedule=schedule_id)
    if not found or not found[0][0]:
        _check_references({"messageset_id": messageset_id, "schedule_id": schedule_id})
        return False, False
    _, welcomes, one_active, state = found[0]
    if state == MessageSet.State.DRAFT:
        raise Refused({"messageset": [IN_PREPARATION]})
    return bool(welcomes), bool(one_active)


def _check_alone(contact_id: UUID, messageset_id: int, but: UUID) -> None:
    if found := refusal(contact_id, messageset_id, but):
        raise found


def _check_references(fields: Mapping[str, Any]) -> None:
    """Raise Refused for each of set and schedule that is given and does not exist."""
    looked: list[tuple[str, type[MessageSet] | type[Schedule]]]
    looked = [("messageset", MessageSet), ("schedule", Schedule)]
    errors = {
        name: [unknown_key(fields[f"{name}_id"])]
        for name, model in looked
        if f"{name}_id" in fields and not model._default_manager.filter(pk=fields[f"{name}_id"]).exists()
    }
    if errors:
        raise Refused(errors)


def change_subscription(*, subscription_id: UUID, fields: Mapping[str, Any], by: User | None = None) -> None:
    """Write these fields and no others, so that a send that advances the position meanwhile is kept.

    A subscription that is made inactive or completed has its waiting messages
    cancelled: after a loss nothing of the old programme may go out. A changed
    ``anchor_date`` moves it to where it then belongs (``dates.correct_date``),
    None lets it go on by itself. Raises UnknownSubscription and Refused.
    """
    _check_references(fields)
    values = {**fields, **_of_new_set(fields), "updated_at": timezone.now(), "updated_by": by}
    dated, anchor = "anchor_date" in values, values.pop("anchor_date", None)
    try:
        with transaction.atomic():
            if "contact_id" in fields:
                ensure_contact(identity=fields["contact_id"], user=by)
            _change(subscription_id, values)
            if dated:
                _follow_date(subscription_id, anchor, Author(user=by))
    except IntegrityError:
        _check_references(fields)
        _check_change(subscription_id, fields)
        raise


def _of_new_set(fields: Mapping[str, Any]) -> dict[str, Any]:
    """What follows from another set. Raises Refused for one in preparation."""
    if "messageset_id" not in fields:
        return {}
    found = MessageSet.objects.filter(pk=fields["messageset_id"]).values_list("one_active", "state").first()
    if found and found[1] == MessageSet.State.DRAFT:
        raise Refused({"messageset": [IN_PREPARATION]})
    return {"exclusive": bool(found and found[0])}


def _check_change(subscription_id: UUID, fields: Mapping[str, Any]) -> None:
    """Raise Refused where the change would have the person run on a set for a second time."""
    rows = Subscription.objects.filter(pk=subscription_id).values_list("contact_id", "messageset_id")
    for contact_id, messageset_id in rows:
        _check_alone(
            fields.get("contact_id", contact_id), fields.get("messageset_id", messageset_id), subscription_id
        )


def _change(subscription_id: UUID, values: dict[str, Any]) -> None:
    ends = values.get("active") is False or values.get("completed") is True
    if "active" in values:
        values["stopped"] = Stopped.NO if values["active"] else _PAUSED_IF_ACTIVE
        values["paused_until"] = None
    wanted = Subscription.objects.filter(pk=subscription_id)
    if moved := _moved_by(values):
        wanted.filter(moved).update(**counted_anew(values["updated_at"], values.get("next_sequence_number")))
    if "messageset_id" in values or "next_sequence_number" in values:
        values["detour"] = None
    if "messageset_id" in values:
        # The date that was followed spoke of another chain.
        wanted.exclude(messageset=values["messageset_id"]).update(anchor_date=None, anchor_set=None)
    if not wanted.update(**values):
        raise UnknownSubscription(f"There is no subscription {subscription_id}.")
    if ends:
        cancel_waiting([subscription_id])
    elif values.get("active"):
        realign(subscription_ids=[subscription_id], now=values["updated_at"])


def _moved_by(values: Mapping[str, Any]) -> Q:
    """Those that these values put elsewhere, or on again: empty where they could move none."""
    moved = Q(active=False) if values.get("active") else Q()
    for name in ("messageset_id", "schedule_id", "next_sequence_number"):
        if name in values:
            moved |= ~Q(**{name: values[name]})
    return moved


def _follow_date(subscription_id: UUID, anchor: date | None, author: Author) -> None:
    if anchor is None:
        forget_date(subscription_id=subscription_id, author=author)
    else:
        correct_date(subscription_id=subscription_id, anchor_date=anchor, author=author)


def delete_subscription(*, subscription_id: UUID) -> None:
    """Remove a subscription and cancel what waits for it. Its deliveries stay as history."""
    with transaction.atomic():
        deleted, _ = Subscription.objects.filter(pk=subscription_id).delete()
        if not deleted:
            raise UnknownSubscription(f"There is no subscription {subscription_id}.")
        cancel_waiting([subscription_id])


def number_for_hub(metadata: Mapping[str, Any] | None) -> str | None:
    """The number that a hub's request carries for the person, in E.164 form.

    Read from ``msisdn``, or from the addresses as identity stores write them
    (``{"addresses": {"msisdn": {"+27…": {"default": true}}}}``: the default
    one, else the first). Raises Refused under ``metadata``.
    """
    if not metadata:
        return None
    text = metadata.get("msisdn") or _first_address(metadata.get("addresses"))
    if text is None:
        return None
    if not isinstance(text, str):
        raise Refused({"metadata": ["msisdn: Not a valid string."]})
    try:
        return parse_msisdn(text.strip())
    except InvalidNumber as error:
        raise Refused({"metadata": [f"msisdn: {error.message}"]}) from None


def _first_address(addresses: object) -> object:
    if addresses is None:
        return None
    numbers = addresses.get("msisdn") if isinstance(addresses, dict) else None
    if not isinstance(numbers, dict):
        raise Refused({"metadata": ['addresses: Write {"msisdn": {number: {}}}.']})
    marked = [number for number, about in numbers.items() if isinstance(about, dict) and about.get("default")]
    return next(iter(marked or numbers), None)
