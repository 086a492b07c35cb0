"""What members say about each other."""

from __future__ import annotations

from datetime import date, datetime, timedelta
from typing import Any

from django.conf import settings
from django.db import transaction
from django.utils import timezone

from accounts.models import User
from hospitality.errors import InvalidFeedback
from hospitality.models import Feedback
from hospitality.operations.mail import announce

_EARLIEST = 1990
#: How far clocks in the east are ahead: a month has begun there before it has in UTC.
_EAST = timedelta(hours=14)


@transaction.atomic
def give_feedback(
    *, author: User, about: User | None, body: str, relation: str, rating: str, year: int | None,
    month: int | None,
) -> Feedback:  # fmt: skip
    """Publish feedback about a member. Without year and month it is about the present month.

    Raises InvalidFeedback, whose problems are keyed by this function's arguments.
    """
    now = timezone.now()
    year, month = (now.year, now.month) if year is month is None else (year, month)
    problems = {
        **_about(author, about),
        **_words(body),
        **_choice("relation", relation, Feedback.Relation.values, "Guest or host"),
        **_choice("rating", rating, Feedback.Rating.values, "Rating"),
        **_month(year, month, now),
    }
    if problems or about is None or not year or not month:
        raise InvalidFeedback(problems)
    made = Feedback.objects.create(
        author=author, about=about, body=body, relation=relation, rating=rating,
        hosting_month=date(year, month, 1),
    )  # fmt: skip
    announce(made)
    return made


def _about(author: User, about: User | None) -> dict[str, str]:
    member: Any = getattr(about, "member", None)
    if about is None or not about.is_active or member is None or not member.validated:
        return {"about": "Member: there is no such member."}
    return {"about": "You cannot give feedback about yourself."} if about.pk == author.pk else {}


def _words(body: str) -> dict[str, str]:
    least = settings.HOSPITALITY_FEEDBACK_WORDS
    if not body.strip():
        return {"body": "Feedback field is required."}
    if len(body.split()) < least:
        return {"body": f"The body of your feedback is too short. You need at least {least} words."}
    return {}


def _choice(name: str, value: str, choices: list[str], label: str) -> dict[str, str]:
    if not value:
        return {name: f"{label} field is required."}
    return {} if value in choices else {name: f"{label}: an illegal choice has been made."}


def _month(year: int | None, month: int | None, now: datetime) -> dict[str, str]:
    if not year or not month or not 1 <= month <= 12 or year < _EARLIEST:
        return {"month": "The hosting date is invalid."}
    latest = now + _EAST
    future = (year, month) > (latest.year, latest.month)
    return {"month": "The hosting date is in the future."} if future else {}
