"""Logging in, members and their feedback, pictures."""

from __future__ import annotations

from typing import Any

from accounts.api.openapi import Answer, Body, Operation, Parameter, describe
from accounts.api.openapi.refusals import json_refusal
from accounts.api.openapi.shapes import (
    URL,
    Shape,
    array,
    boolean,
    choice,
    integer,
    mapping,
    named,
    nullable,
    record,
    string,
    told,
)
from hospitality.api import account, feedback, pictures, users, wire
from hospitality.api.schema.dialect import (
    DONE,
    FEEDBACK_REFUSAL,
    HOSPITALITY,
    JSON,
    answer,
    describe_service,
    form,
    service,
)
from hospitality.pictures import ALL_SIZES, SIZES

_SECONDS = string(pattern="^-?[0-9]+$")
_NUMBER = string(pattern="^[0-9]+$")
_FLAG = choice("0", "1")
_DEGREES = string(pattern=r"^-?[0-9]+\.[0-9]{6}$")
_ACCOUNT: dict[str, Shape] = {
    "uid": _NUMBER,
    "name": string(),
    "theme": string(),
    "signature_format": _NUMBER,
    **dict.fromkeys(("created", "access", "login"), _SECONDS),
    "status": _FLAG,
    "timezone": string(),
    "language": string(),
}
_PLACE: dict[str, Shape] = {
    **dict.fromkeys(wire._ADDRESS, string()),
    "latitude": _DEGREES,
    "longitude": _DEGREES,
    "source": string(),
}
_PICTURE = record(
    {
        **dict.fromkeys(("fid", "uid", "filesize"), _NUMBER),
        **dict.fromkeys(("filename", "uri", "filemime", "status"), string()),
        "timestamp": _SECONDS,
        "url": URL,
    }
)
_IMAGES = dict.fromkeys(
    (f"profile_image_{size}" for size in SIZES), told(string(), "Empty without a picture.")
)
_USER_FIELDS: dict[str, Shape] = {
    **_ACCOUNT,
    "picture": nullable(_PICTURE),
    **dict.fromkeys(wire._TEXTS_BEFORE, string()),
    "URL": string(),
    "maxcyclists": _NUMBER,
    **dict.fromkeys(wire.FLAGS, _FLAG),
    **dict.fromkeys(wire._MOMENTS, _SECONDS),
    **_PLACE,
    "comment_notify_settings": record({"uid": string(), "node_notify": _FLAG, "comment_notify": _FLAG}),
    **_IMAGES,
    "feedback_counts": told(mapping(_NUMBER), "By rating, in small letters."),
}
MEMBER = named("HospitalityMember", record(_USER_FIELDS))
_OWN = named(
    "HospitalityOwnAccount",
    record({**_USER_FIELDS, "login": integer(), "privatemsg_disabled": boolean(const=False)}),
)
HOST = named(
    "HospitalityHost",
    record(
        {
            **{name: _ACCOUNT[name] for name in ("uid", "created", "access", "login", "name")},
            "fullname": string(),
            **{name: shape for name, shape in _PLACE.items() if name != "additional"},
            "picture": told(_NUMBER, "The picture's id; 0 without one."),
            "notcurrentlyavailable": _FLAG,
            "distance": told(string(), "From the centre, in nautical miles."),
            "position": told(string(), "Latitude and longitude with a comma between."),
            **_IMAGES,
        }
    ),
)
_EXAMPLE: dict[str, Any] = {
    "uid": "2",
    "name": "alice",
    "theme": "",
    "signature_format": "0",
    "created": "1772439300",
    "access": "1772439300",
    "login": "1772439300",
    "status": "1",
    "timezone": "Europe/Berlin",
    "language": "en",
    "picture": None,
    **dict.fromkeys(wire._TEXTS_BEFORE, ""),
    "fullname": "Alice Weber",
    "URL": "",
    "maxcyclists": "2",
    **dict.fromkeys(wire.FLAGS, "0"),
    **dict.fromkeys(wire._MOMENTS, "0"),
    **dict.fromkeys(wire._ADDRESS, ""),
    "city": "Berlin",
    "country": "de",
    "latitude": "52.520000",
    "longitude": "13.405000",
    "source": "5",
    "comment_notify_settings": {"uid": "2", "node_notify": "1", "comment_notify": "1"},
    **dict.fromkeys(_IMAGES, ""),
    "feedback_counts": {"positive": "3", "neutral": "0", "negative": "0"},
}
MEMBER_EXAMPLE = _EXAMPLE
HOST_EXAMPLE: dict[str, Any] = {
    **{name: _EXAMPLE[name] for name in ("uid", "created", "access", "login", "name", "fullname")},
    **{name: _EXAMPLE[name] for name in _PLACE if name != "additional"},
    "picture": "0",
    "notcurrentlyavailable": "0",
    "distance": "1.250000",
    "position": "52.520000,13.405000",
    **dict.fromkeys(_IMAGES, ""),
}
BY_UID = Parameter("uid", "The member's id.", string(), "2", "path")
_TOKEN = "4b2a76b9719d911017c592c1f1b1f1a1e1d1c1b1a19"  # noqa: S105 - an example

describe(
    account.session_token,
    HOSPITALITY,
    get=Operation(
        "getSessionToken",
        "The session's CSRF token as bare text",
        {200: Answer("The token, whatever `Accept` says.", string(), _TOKEN, media=("text/plain",))},
        text="Without a session it is of no use.",
        security=[],
    ),
)
describe_service(
    account.UserToken,
    "getSessionTokenObject",
    "The session's CSRF token as an object",
    answer("The token.", record({"token": string()}), {"token": _TOKEN}),
)
describe_service(
    account.Login,
    "logInToApp",
    "Log in",
    answer(
        "The session, whose cookie is set, and the caller's own account.",
        named(
            "HospitalitySession",
            record({"sessid": string(), "session_name": string(), "token": string(), "user": _OWN}),
        ),
        {
            "sessid": "k3v0h8n1x2c4b5m6q7w8e9r0t1y2u3i4",
            "session_name": "SSESS8f14e45fceea167a5a36dedd4bea2543",
            "token": _TOKEN,
            "user": {**_EXAMPLE, "login": 1772439300, "privatemsg_disabled": False},
        },
    ),
    form(
        {"username": "alice", "password": "correct horse battery staple"},
        username=string(),
        password=string(),
    ),
    refusals=(403,),
)
describe_service(account.Logout, "logOutOfApp", "Log out", DONE)
describe_service(
    users.UserObject,
    "getMember",
    "A member",
    answer("The member, as the caller may see it.", MEMBER, _EXAMPLE),
    parameters=(BY_UID,),
    refusals=(403, 404),
)

_PAGE = named("HospitalityMemberPage", record({"users": array(record({"user": mapping(string())}))}))
_FEEDBACK_FIELDS = {
    "field_guest_or_host": string(),
    "field_rating": string(),
    "field_hosting_date": integer(),
}
FEEDBACK = named(
    "HospitalityFeedback",
    record(
        {
            "nid": _NUMBER,
            "uid": _NUMBER,
            **dict.fromkeys(("name", "fullname"), string()),
            "uid_1": _NUMBER,
            **dict.fromkeys(("name_1", "body"), string()),
            **_FEEDBACK_FIELDS,
            **{f"{name}_value": shape for name, shape in _FEEDBACK_FIELDS.items()},
        }
    ),
)
_FEEDBACK: dict[str, Any] = {
    "nid": "1",
    "uid": "3",
    "name": "bob",
    "fullname": "Bob Kruger",
    "uid_1": "2",
    "name_1": "alice",
    "body": "A very kind host, and great soup.",
    "field_guest_or_host": "Guest",
    "field_rating": "Positive",
    "field_hosting_date": 1563192000,
    "field_guest_or_host_value": "Guest",
    "field_rating_value": "Positive",
    "field_hosting_date_value": 1563192000,
}


def _page(view: Any, name: str, summary: str, shape: Shape, example: Any, *more: Parameter) -> None:
    answers = {200: Answer("In JSON, whatever `Accept` says.", shape, example, media=JSON)}
    told_of = service(view, name, summary, answers, parameters=(BY_UID, *more), refusals=(404,))
    describe(view, HOSPITALITY, get=told_of)


_page(
    users.UserPage,
    "getMemberPage",
    "A member, as the first apps read it",
    _PAGE,
    {"users": [{"user": {"uid": "2", "name": "alice", "fullname": "Alice Weber", "picture": ""}}]},
)
_page(
    users.Recommendations,
    "listFeedback",
    "The feedback about a member",
    named(
        "HospitalityFeedbackList", record({"recommendations": array(record({"recommendation": FEEDBACK}))})
    ),
    {"recommendations": [{"recommendation": _FEEDBACK}]},
    Parameter("by", "`author`: what the member wrote instead.", choice("author"), "author"),
)
_NODE = {
    "type": "trust_referral",
    "field_member_i_trust": {"und": [{"uid": "alice"}]},
    "body": {"und": [{"value": "A very kind host, and great soup."}]},
    "field_guest_or_host": {"und": "Guest"},
    "field_rating": {"und": "Positive"},
    "field_hosting_date": {"und": [{"value": {"year": 2019, "month": 7, "day": 15}}]},
}
describe_service(
    feedback.CreateNode,
    "giveFeedback",
    "Give feedback about a member",
    {
        **answer(
            "Where it is.",
            record({"nid": _NUMBER, "uri": URL}),
            {"nid": "1", "uri": "https://switchboard.example.org/services/rest/node/1"},
        ),
        406: FEEDBACK_REFUSAL,
    },
    Body(
        told(
            record({"node": mapping()}, additionalProperties=True),
            "In the shapes of two generations of the network's server; `node` may also be left out and its "
            "fields stand alone.",
        ),
        {"node": _NODE},
        ("application/json", "application/x-www-form-urlencoded"),
    ),
    refusals=(403,),
)
describe_service(
    feedback.Node,
    "getFeedback",
    "One feedback",
    answer("The feedback.", FEEDBACK, _FEEDBACK),
    parameters=(Parameter("nid", "Its id.", string(pattern="^[0-9]{1,19}$"), "1", "path"),),
    refusals=(404,),
)
describe(
    pictures.picture,
    HOSPITALITY,
    get=Operation(
        "getMemberPicture",
        "A member's picture",
        {
            200: Answer("Always a JPEG.", string(format="binary"), media=("image/jpeg",)),
            404: json_refusal(404),
        },
        parameters=(
            Parameter("key", "Its random key.", string(), "9f86d081884c7d659a2feaa0c55ad015", "path"),
            Parameter("size", "Its size.", choice(*ALL_SIZES), "original", "path"),
        ),
        text="Without a log-in, for whoever has the address.",
        security=[],
    ),
)
