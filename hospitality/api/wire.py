"""Members as the apps read them.

Nearly everything is a string, numbers and flags too, and no text is null:
the apps were written against a server whose database gave strings, and each
of them breaks on something else. Source: the network's page about its
services, and what its apps read.
"""

from __future__ import annotations

from collections.abc import Mapping
from datetime import datetime
from typing import Any

from django.http import HttpRequest
from django.urls import reverse

from accounts.models import User
from hospitality.models import Member, Picture
from hospitality.pictures import SIZES
from hospitality.selectors.hosts import Host

Shape = dict[str, Any]
_TEXTS_BEFORE = (
    "fullname", "fax_number", "mobilephone", "workphone", "homephone", "preferred_notice", "motel",
    "campground", "bikeshop", "comments", "languagesspoken",
)  # fmt: skip
FLAGS = (
    "notcurrentlyavailable", "storage", "shower", "kitchenuse", "lawnspace", "sag", "bed", "laundry", "food",
    "hide_donation_status", "email_opt_out",
)  # fmt: skip
_MOMENTS = (
    "becomeavailable", "set_unavailable_timestamp", "set_available_timestamp", "last_unavailability_pester",
)  # fmt: skip
_ADDRESS = ("street", "additional", "city", "province", "postal_code", "country")
_WITHHELD = ("street", "additional", "postal_code")
_IMAGES = [(f"profile_image_{size}", size) for size in SIZES]


def seconds(moment: datetime | None) -> str:
    """Unix seconds; "0" for never."""
    return str(int(moment.timestamp())) if moment else "0"


def flag(value: bool) -> str:
    return "1" if value else "0"


def degrees(value: float | None) -> str:
    return f"{value or 0:.6f}"


def shown_name(fullname: str, username: str) -> str:
    """The user name of somebody without a full name: an app gives up a profile where it is empty."""
    return fullname or username


def profile_of(user: User) -> Member:
    """The account's profile; an empty one for an account that is no member."""
    return getattr(user, "member", None) or Member(user=user)


class Pictures:
    """Where this site has its pictures; worked out once for all of an answer."""

    def __init__(self, request: HttpRequest) -> None:
        address = request.build_absolute_uri(reverse("hospitality-picture", args=["KEY", "SIZE"]))
        self._start, _, rest = address.partition("KEY")
        self._middle, _, self._end = rest.partition("SIZE")

    def url(self, key: str, size: str) -> str:
        return f"{self._start}{key}{self._middle}{size}{self._end}"

    def images(self, key: str | None) -> Shape:
        """Addresses of all sizes; empty without a picture."""
        return {name: self.url(key, size) if key else "" for name, size in _IMAGES}


def user_object(
    pictures: Pictures, user: User, *, viewer: User, counts: Mapping[str, int] | None = None
) -> Shape:
    """The network's user object as ``viewer`` may see it."""
    member = profile_of(user)
    picture = picture_of(member)
    return {
        **_account(user, member),
        "picture": _picture(pictures, picture) if picture else None,
        **{name: getattr(member, name) for name in _TEXTS_BEFORE},
        "fullname": shown_name(member.fullname, user.get_username()),
        "URL": member.url,
        "maxcyclists": str(member.maxcyclists),
        **{name: flag(getattr(member, name)) for name in FLAGS},
        **{name: seconds(getattr(member, name)) for name in _MOMENTS},
        **place(member, viewer),
        "comment_notify_settings": _notifications(member),
        **pictures.images(picture.key if picture else None),
        "feedback_counts": {rating.lower(): str(number) for rating, number in (counts or {}).items()},
    }


def _account(user: User, member: Member) -> Shape:
    return {
        "uid": str(user.pk),
        "name": user.get_username(),
        "theme": member.theme,
        "signature_format": str(member.signature_format),
        "created": seconds(user.date_joined),
        "access": seconds(member.seen_at or user.last_login),
        "login": seconds(user.last_login),
        "status": flag(user.is_active),
        "timezone": member.timezone,
        "language": member.language,
    }


def place(member: Member, viewer: User) -> Shape:
    """Where a member lives. Of somebody who is not available others learn the surroundings only."""
    hidden = member.notcurrentlyavailable and member.pk != viewer.pk
    address = {name: getattr(member, name) for name in _ADDRESS}
    if hidden:
        address |= dict.fromkeys(_WITHHELD, "")
    digits = 1 if hidden else 6
    return {
        **address,
        "latitude": degrees(round(member.latitude or 0, digits)),
        "longitude": degrees(round(member.longitude or 0, digits)),
        "source": str(member.source),
    }


def _notifications(member: Member) -> Shape:
    return {
        "uid": str(member.pk),
        "node_notify": flag(member.node_notify),
        "comment_notify": flag(member.comment_notify),
    }


def picture_of(member: Member) -> Picture | None:
    return getattr(member, "picture", None) if member.pk else None


def _picture(pictures: Pictures, picture: Picture) -> Shape:
    name = f"picture-{picture.member_id}.jpg"
    return {
        "fid": str(picture.pk),
        "uid": str(picture.member_id),
        "filename": name,
        "uri": f"public://pictures/{name}",
        "filemime": "image/jpeg",
        "filesize": str(picture.filesize),
        "status": "1",
        "timestamp": seconds(picture.uploaded_at),
        "url": pictures.url(picture.key, "original"),
    }


def host(pictures: Pictures, found: Host) -> Shape:
    """A host of the search by place: fewer keys than a user, and the picture is a number.

    Only available members are found so, and nothing is withheld of them.
    """
    latitude, longitude = degrees(found.latitude), degrees(found.longitude)
    return {
        "uid": str(found.pk),
        "created": seconds(found.joined_at),
        "access": seconds(found.seen_at or found.logged_in_at),
        "login": seconds(found.logged_in_at),
        "name": found.username,
        "fullname": shown_name(found.fullname, found.username),
        "street": found.street,
        "city": found.city,
        "province": found.province,
        "postal_code": found.postal_code,
        "country": found.country,
        "latitude": latitude,
        "longitude": longitude,
        "source": str(found.source),
        "picture": str(found.picture or 0),
        "notcurrentlyavailable": "0",
        "distance": f"{found.away * 60:.6f}",
        "position": f"{latitude},{longitude}",
        **pictures.images(found.picture_key),
    }
