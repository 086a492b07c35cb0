"""User objects, and the two pages of a member that are no service."""

from __future__ import annotations

from datetime import UTC, datetime
from typing import Any

from django.http import HttpRequest, HttpResponse
from django.utils.html import escape

from accounts.models import User
from hospitality.api import formats, wire
from hospitality.api.bodies import Arguments, row_id
from hospitality.api.refusals import Refusal, denied
from hospitality.api.service import Call, Service
from hospitality.models import Feedback
from hospitality.selectors import members

_PAGE_KEYS = (
    "name", "uid", "fullname", "login", "access", "created", "street", "city", "province", "postal_code",
    "country", "mobilephone", "comments", "preferred_notice", "maxcyclists", "notcurrentlyavailable", "bed",
    "bikeshop", "campground", "food", "kitchenuse", "laundry", "lawnspace", "motel", "sag", "shower",
    "storage", "latitude", "longitude", "languagesspoken", "URL",
)  # fmt: skip


def own_object(request: HttpRequest, user: User) -> wire.Shape:
    """The user object that a log-in answers: with the log-in's own moment as a number."""
    counts = members.feedback_counts([user.pk])[user.pk]
    shape = wire.user_object(wire.Pictures(request), user, viewer=user, counts=counts)
    return shape | {"login": int(shape["login"]), "privatemsg_disabled": False}


class UserObject(Service):
    """``GET user/<uid>``. That there is no such user is told before anything else."""

    method = "GET"
    members_only = False

    def act(self, call: Call, **kwargs: Any) -> Any:
        user = _account(kwargs["uid"])
        _visible(call, user)
        counts = members.feedback_counts([user.pk])[user.pk]
        return wire.user_object(wire.Pictures(call.request), user, viewer=call.me.user, counts=counts)


def _account(uid: str) -> User:
    key = row_id(uid)
    user = members.account(key) if key else None
    if user is None or not hasattr(user, "member"):
        raise Refusal(404, f"There is no user with ID {escape(uid[:40])}.")
    return user


def _visible(call: Call, user: User) -> None:
    """A blocked account, or one not validated, is seen by its owner only."""
    if call.me.pk != user.pk and not (user.is_active and wire.profile_of(user).validated):
        raise denied(call.me.user.get_username())


class Page(Service):
    """A page outside the services: JSON whatever Accept says, for logged-in members."""

    method = "GET"

    def answers_in(self, request: HttpRequest, suffix: str | None) -> str:
        return formats.JSON_TYPE

    def answered(self, call: Call, content: Any, media: str) -> HttpResponse:
        return super().answered(call, content, f"{media}; charset=utf-8")


class UserPage(Page):
    """``GET /user/<uid>/json``: the first apps' way to a profile. The picture is a text here."""

    def act(self, call: Call, **kwargs: Any) -> Any:
        user = _account(kwargs["uid"])
        _visible(call, user)
        shape = wire.user_object(wire.Pictures(call.request), user, viewer=call.me.user)
        picture = shape["picture"]
        old = {name: shape[name] for name in _PAGE_KEYS}
        rest = {name: value for name, value in shape.items() if isinstance(value, str)}
        return {"users": [{"user": {**old, **rest, "picture": picture["url"] if picture else ""}}]}


class Recommendations(Page):
    """``GET /user/<uid>/json_recommendations``: the feedback about a member.

    ``?by=author`` lists what the member wrote instead.
    """

    def act(self, call: Call, **kwargs: Any) -> Any:
        key = row_id(kwargs["uid"])
        rows: Any = []
        if key:
            rows = members.feedback_by(key) if _by_author(call.args) else members.feedback_about(key)
        return {"recommendations": [{"recommendation": recommendation(row)} for row in rows]}


def _by_author(args: Arguments) -> bool:
    return bool(args.get("by") == "author")


def recommendation(row: Feedback) -> wire.Shape:
    """One feedback, each field under both spellings that apps read; the month as a number of its middle."""
    fields = {
        "field_guest_or_host": row.relation,
        "field_rating": row.rating,
        "field_hosting_date": month_seconds(row),
    }
    return {
        "nid": str(row.pk),
        "uid": str(row.author_id),
        "name": row.author.get_username(),
        "fullname": wire.shown_name(wire.profile_of(row.author).fullname, row.author.get_username()),
        "uid_1": str(row.about_id),
        "name_1": row.about.get_username(),
        "body": row.body,
        **fields,
        **{f"{name}_value": value for name, value in fields.items()},
    }


def month_seconds(row: Feedback) -> int:
    """Noon of the 15th, so that no time zone shows the neighbouring month."""
    month = row.hosting_month
    return int(datetime(month.year, month.month, 15, 12, tzinfo=UTC).timestamp())
