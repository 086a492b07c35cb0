"""Inserting, moving and removing stages in the middle of a set that people are on.

The numbers of messages, drafts and subscriptions change in one transaction, so
nobody jumps over a message or hears one twice. Somebody's position is a border:
what is before it they have heard, what comes after they will hear, and it
stays between the same two messages. So who waits at the very place of an
insertion hears the new message next, and who is past it never does.

It locks in this order: the set's row, so that nobody else publishes there;
then the set's running subscriptions in the order of their ids, as the planner
and everybody else does who locks several. A batch of the planner that has some
of them is waited for; one that comes later waits, and then sees that the set
has a new edition and reads its numbers anew (``planner.batch.Shelf``).
"""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any, NamedTuple

from django.db import transaction
from django.db.models import Case, Expression, F, IntegerField, Max, Min, Model, Q, QuerySet, Value, When
from django.db.models.functions import Greatest

from accounts.models import User
from audit.models import Entry
from audit.operations import record, summed_up
from stagebased.errors import Refused
from stagebased.models import WELCOME, Draft, Message, MessageSet, Subscription
from stagebased.operations.content.drafts import MOST_NUMBER
from stagebased.operations.content.messages import NOTHING, text_problem
from stagebased.operations.content.revisions import Edition, begin_edition, write_all
from stagebased.operations.content.subscribers import hold_subscribers, pass_subscribers

_LABEL = MessageSet._meta.label_lower
_NO_SUCH = "There is no stage {number}."


class _Shift(NamedTuple):
    """Numbers from ``first`` to ``last`` become ``by`` larger."""

    first: int
    last: int
    by: int


@transaction.atomic
def insert_stage(
    *,
    message_set_id: int,
    at: int,
    texts: Mapping[str, str] | None = None,
    by: User | None = None,
) -> int:
    """Make room for a new stage before the one that has number ``at`` now; the set's new edition.

    ``texts`` by language are published there at once. Without them the number
    stays empty until a message or a draft is written for it; subscribers pass
    over it until it is published. Raises Refused and UnknownMessageSet.
    """
    edition = begin_edition(message_set_id, by)
    _check_insertion(message_set_id, at, texts or {})
    _renumber(message_set_id, [_Shift(at, MOST_NUMBER, +1)])
    hold_subscribers(message_set_id)
    _move_borders(message_set_id, after=at, by=+1)
    _publish(edition, at, texts or {})
    return edition.number


@transaction.atomic
def remove_stage(*, message_set_id: int, number: int, by: User | None = None) -> int:
    """Take a stage away in all languages, with its drafts, and close the gap; the set's new edition.

    Also one for which nothing is written yet. Who was to hear it next hears the
    one after it. Raises Refused where there is no such stage, and
    UnknownMessageSet.
    """
    edition = begin_edition(message_set_id, by)
    if not 1 <= number <= _largest(message_set_id):
        raise Refused({"sequence_number": [_NO_SUCH.format(number=number)]})
    for model in (Message, Draft):
        model._default_manager.filter(messageset=message_set_id, sequence_number=number).delete()
    _renumber(message_set_id, [_Shift(number + 1, MOST_NUMBER, -1)])
    hold_subscribers(message_set_id)
    _move_borders(message_set_id, after=number, by=-1)
    return edition.number


@transaction.atomic
def move_stage(*, message_set_id: int, number: int, to: int, by: User | None = None) -> int:
    """Give the stage ``number`` the place ``to``, and let those in between move up; the set's new edition.

    Who stands in between hears it once all the same: who has heard it passes
    over it at its new place, and who has not gets it next (``detours``). Raises
    Refused where there is no such stage, and UnknownMessageSet.
    """
    edition = begin_edition(message_set_id, by)
    _check_stage(message_set_id, number)
    _check_stage(message_set_id, to)
    if number == to:
        return edition.number
    rows = Message.objects.filter(messageset=message_set_id, sequence_number=number)
    key = rows.aggregate(first=Min("pk"))["first"]
    between = _Shift(number + 1, to, -1) if number < to else _Shift(to, number - 1, +1)
    _renumber(message_set_id, [_Shift(number, number, to - number), between])
    hold_subscribers(message_set_id)
    moved = pass_subscribers(message_set_id, number=number, to=to, key=key)
    _note(message_set_id, what="stage moved", at=number, to=to, subscriptions=moved)
    return edition.number


# --- the numbers of the content -------------------------------------------------------


def _check_insertion(message_set_id: int, at: int, texts: Mapping[str, str]) -> None:
    most = _largest(message_set_id) + 1
    problem = None if 1 <= at <= most else f"Choose a number from 1 to {most}."
    channel = MessageSet.objects.values_list("channel", flat=True).get(pk=message_set_id)
    errors = {f"{at} {lang}": _problem(text, channel) for lang, text in texts.items()}
    found = {place: [why] for place, why in {"sequence_number": problem, **errors}.items() if why}
    if found:
        raise Refused(found)


def _problem(text: str, channel: str) -> str | None:
    return text_problem(text, channel) if text.strip() else NOTHING


def _check_stage(message_set_id: int, number: int) -> None:
    if not any(
        model._default_manager.filter(messageset=message_set_id, sequence_number=number).exists()
        for model in (Message, Draft)
    ):
        raise Refused({"sequence_number": [_NO_SUCH.format(number=number)]})


def _largest(message_set_id: int) -> int:
    """The largest number in the set, drafts included."""
    largest = (
        model._default_manager.filter(messageset=message_set_id).aggregate(most=Max("sequence_number"))[
            "most"
        ]
        for model in (Message, Draft)
    )
    return max((number for number in largest if number is not None), default=0)


def _renumber(message_set_id: int, shifts: list[_Shift]) -> None:
    """Give messages and drafts their new numbers. Two statements for each of the two tables.

    By way of numbers that nobody has: a number that is taken, if only for the
    moment in which one statement goes from row to row, is refused.
    """
    away = _largest(message_set_id) + 1
    if 2 * away + 1 > MOST_NUMBER:
        raise Refused({"sequence_number": ["The set has numbers too large to be shifted."]})
    moving = Q()
    for shift in shifts:
        moving |= Q(sequence_number__range=(shift.first, shift.last))
    for model in (Message, Draft):
        rows: QuerySet[Model] = model._default_manager.filter(messageset=message_set_id)
        rows.filter(moving, sequence_number__gt=WELCOME).update(sequence_number=F("sequence_number") + away)
        rows.filter(sequence_number__gt=away).update(sequence_number=_back(shifts, away))


def _back(shifts: list[_Shift], away: int) -> Expression:
    cases = [
        When(
            sequence_number__range=(shift.first + away, min(shift.last, MOST_NUMBER - away) + away),
            then=F("sequence_number") - away + shift.by,
        )
        for shift in shifts
    ]
    return Case(*cases, output_field=IntegerField())


def _publish(edition: Edition, number: int, texts: Mapping[str, str]) -> None:
    made = [
        Message(messageset_id=edition.messageset_id, sequence_number=number, lang=lang, text_content=text)
        for lang, text in texts.items()
    ]
    write_all(made, [], edition)


# --- the positions of subscribers -----------------------------------------------------


def _move_borders(message_set_id: int, *, after: int, by: int) -> None:
    """Shift every position beyond the number ``after``. One statement, however many subscribers there are."""
    everybody = Subscription.objects.filter(messageset=message_set_id)
    # On a completed subscription stands the number of the last message, so its border is one further.
    nexts = Case(
        When(completed=False, next_sequence_number__gt=after, then=F("next_sequence_number") + by),
        When(
            completed=True,
            next_sequence_number__gte=after,
            then=Greatest(F("next_sequence_number") + by, Value(1)),
        ),
        default=F("next_sequence_number"),
    )
    passed = Q()
    for column in ("next_sequence_number", "initial_sequence_number", "counted_position"):
        passed |= Q(**{f"{column}__gte": after})
    with summed_up():
        moved = everybody.filter(passed).update(
            next_sequence_number=nexts,
            initial_sequence_number=_border_passed("initial_sequence_number", after, by),
            counted_position=_border_passed("counted_position", after, by),
        )
    what = "stage inserted" if by > 0 else "stage removed"
    _note(message_set_id, what=what, at=after, subscriptions=moved)


def _note(message_set_id: int, **facts: Any) -> None:
    record(Entry.Act.CHANGE, model=_LABEL, object_id=message_set_id, **facts)


def _border_passed(column: str, after: int, by: int) -> Case:
    """A position that somebody once had, moved along with what they have heard since."""
    beyond = Q(**{f"{column}__gt": after})
    if by > 0:
        # Who stood exactly there and has gone on since heard the message that is one further now.
        beyond |= Q(**{column: after}, next_sequence_number__gt=after)
    return Case(When(beyond, then=F(column) + by), default=F(column))
