"""Giving feedback: ``POST node`` in the shapes of two generations of the network's server."""

from __future__ import annotations

import re
from typing import Any

from django.urls import reverse
from django.utils.html import escape

from accounts.models import User
from hospitality.api.refusals import Refusal, denied
from hospitality.api.service import Call, Service
from hospitality.api.users import recommendation
from hospitality.errors import InvalidFeedback
from hospitality.operations.feedback import give_feedback
from hospitality.operations.visits import account_by_username
from hospitality.selectors import members

_UID = re.compile(r"(?P<name>.*?)\s*\[uid:(?P<uid>[0-9]{1,18})\]\s*\Z", re.DOTALL)
#: Where forms have their fields; the errors name them so.
_PATHS = {
    "about": "field_member_i_trust][und][0][uid",
    "body": "body][und][0][value",
    "relation": "field_guest_or_host][und",
    "rating": "field_rating][und",
    "month": "field_hosting_date][und][0][value",
}


class CreateNode(Service):
    """The only kind of node is feedback about a member."""

    def act(self, call: Call, **kwargs: Any) -> Any:
        node = call.args.get("node")
        node = node if isinstance(node, dict) else call.args
        kind = _leaf(node.get("type"))
        if not kind:
            raise Refusal(406, "Node type is required")
        if kind != "trust_referral":
            raise denied(call.me.user.get_username())
        try:
            made = give_feedback(author=call.me.user, **_fields(node))
        except InvalidFeedback as invalid:
            errors = {_PATHS[name]: escape(problem) for name, problem in invalid.problems.items()}
            raise Refusal(406, str(invalid), body={"form_errors": errors}) from None
        uri = call.request.build_absolute_uri(reverse("hospitality-node", args=[made.pk]))
        return {"nid": str(made.pk), "uri": uri}


class Node(Service):
    """``GET node/<nid>``: the address that creating feedback answers."""

    method = "GET"

    def act(self, call: Call, **kwargs: Any) -> Any:
        found = members.one_feedback(int(kwargs["nid"]))
        if found is None:
            raise Refusal(404, f"Node {kwargs['nid']} could not be found")
        return recommendation(found)


def _fields(node: dict[str, Any]) -> dict[str, Any]:
    when = _dict(_inner(node.get("field_hosting_date"), "value"))
    rating = _leaf(node.get("field_rating"))
    return {
        "about": _member(_leaf(node.get("field_member_i_trust"))),
        "body": _leaf(node.get("body")),
        "relation": _leaf(node.get("field_guest_or_host")),
        # The network's page misspells it, and apps were written by that page.
        "rating": "Positive" if rating == "Postive" else rating,
        "year": _number(when.get("year")),
        "month": _number(when.get("month")),
    }


def _leaf(value: Any) -> str:
    """The text at the end of however many levels of one entry: ``{"und": {"0": {"value": text}}}``."""
    while isinstance(value, dict | list) and value:
        value = value[0] if isinstance(value, list) else next(iter(value.values()))
    return str(value).strip() if isinstance(value, str | int | float) else ""


def _inner(value: Any, name: str) -> Any:
    """What is called ``name`` below levels of one entry."""
    while isinstance(value, dict | list) and value:
        if isinstance(value, dict) and name in value:
            return value[name]
        value = value[0] if isinstance(value, list) else next(iter(value.values()))
    return None


def _dict(value: Any) -> dict[str, Any]:
    return value if isinstance(value, dict) else {}


def _number(value: Any) -> int | None:
    """The number, 0 for what is none, None for nothing given."""
    if value is None or value == "":
        return None
    text = str(value).strip()
    return int(text) if text.isascii() and text.isdigit() and len(text) < 5 else 0


def _member(name: str) -> User | None:
    """A user name, or one with its id behind it, which then counts."""
    named = _UID.fullmatch(name)
    return members.account(int(named["uid"])) if named else account_by_username(name)
