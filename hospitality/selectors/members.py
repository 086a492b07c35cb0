"""Members as they are shown to others."""

from __future__ import annotations

from collections import defaultdict
from collections.abc import Iterable

from django.db.models import Count, QuerySet

from accounts.models import User
from accounts.prepared import Parameter, Prepared, records
from hospitality.models import Feedback, Member, Picture


def profiles() -> QuerySet[Member]:
    """Members with their accounts and pictures."""
    return Member.objects.select_related("user", "picture")


def profiles_of(ids: Iterable[int]) -> dict[int, Member]:
    """By account id; in one statement."""
    return {member.pk: member for member in profiles().filter(pk__in=list(ids))}


#: Runs with every call.
_ACCOUNT = Prepared(
    lambda: (
        User.objects.filter(pk=Parameter("key", User._meta.pk)).select_related("member__picture").order_by()
    )
)


def account(user_id: int) -> User | None:
    """The account with its profile and picture."""
    for row in _ACCOUNT.rows(key=user_id):
        user, member, picture = records(row, User, Member, Picture)
        if member is None:
            User._meta.get_field("member").set_cached_value(user, None)
        else:
            member.user = user
            Member._meta.get_field("picture").set_cached_value(member, picture)
        return user
    return None


def full_names(ids: Iterable[int]) -> dict[int, str]:
    return dict(Member.objects.filter(pk__in=list(ids)).values_list("pk", "fullname"))


def feedback_counts(ids: Iterable[int]) -> dict[int, dict[str, int]]:
    """How much feedback of each rating there is about each of them."""
    shown = Feedback.objects.filter(about__in=list(ids), published=True).order_by()
    counts: dict[int, dict[str, int]] = defaultdict(lambda: dict.fromkeys(Feedback.Rating.values, 0))
    for about, rating, number in shown.values_list("about", "rating").annotate(Count("pk")):
        counts[about][rating] = number
    return counts


def feedback_about(user_id: int) -> QuerySet[Feedback]:
    """What is published about the account, newest first."""
    shown = Feedback.objects.filter(about=user_id, published=True)
    return shown.select_related("author__member", "about").order_by("-pk")


def feedback_by(user_id: int) -> QuerySet[Feedback]:
    """What the account wrote about others and is published, newest first."""
    shown = Feedback.objects.filter(author=user_id, published=True)
    return shown.select_related("author__member", "about").order_by("-pk")


def one_feedback(key: int) -> Feedback | None:
    """The published feedback of that id."""
    if key >= 2**63:
        return None
    return Feedback.objects.filter(pk=key, published=True).select_related("author__member", "about").first()
