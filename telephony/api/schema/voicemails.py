"""Mailboxes."""

from __future__ import annotations

from typing import Any

from accounts.api.openapi import Answer, Body, Operation, Parameter, describe
from accounts.api.openapi.shapes import Shape, choice, named, record, string, told
from telephony.api import voicemails as views
from telephony.api.schema.dialect import (
    ETAG,
    IF_MATCH,
    KEY,
    LOCATION,
    READING,
    TELEPHONY,
    flag,
    list_of,
    listing,
    text,
)

_FLAGS = ("attach", "skipcheckpass", "deleteaftersend")
VOICEMAIL = named(
    "Voicemail",
    record(
        {
            "id": KEY,
            "uniqueid": told(KEY, "The same as `id`."),
            "email": string(),
            "fullname": string(),
            "mailbox": string(pattern="^[0-9]+$"),
            "password": string(),
            **{name: choice(0, 1) for name in _FLAGS},
        }
    ),
)
_OWN = "Ignored on creation; on a change it must be the record's own."
_SENT_FIELDS: dict[str, Shape] = {
    "id": {"description": _OWN},
    "uniqueid": {"description": _OWN},
    "email": text(80),
    "fullname": text(80),
    "mailbox": told(string(pattern="^[0-9]{1,40}$"), "Its number: leading zeros count."),
    "password": text(80),
    **{name: flag() for name in _FLAGS},
}
_NEW = named(
    "NewVoicemail",
    record(
        _SENT_FIELDS,
        optional=tuple(name for name in _SENT_FIELDS if name != "mailbox"),
        additionalProperties=False,
    ),
)
_CHANGE = named(
    "VoicemailChange", record(_SENT_FIELDS, optional=tuple(_SENT_FIELDS), additionalProperties=False)
)
_VOICEMAIL: dict[str, Any] = {
    "id": 1,
    "uniqueid": 1,
    "email": "alice@example.org",
    "fullname": "Alice Kruger",
    "mailbox": "1001",
    "password": "4711",
    "attach": 1,
    "skipcheckpass": 0,
    "deleteaftersend": 0,
}
_SENT = {"mailbox": "1001", "fullname": "Alice Kruger", "email": "alice@example.org", "attach": 1}
BY_ID = Parameter("key", "The mailbox's id.", KEY, 1, "path")

describe(
    views.VoicemailList,
    TELEPHONY,
    get=Operation(
        "listVoicemails",
        "List mailboxes",
        {200: list_of("VoicemailList", VOICEMAIL, _VOICEMAIL)},
        parameters=listing(views.ORDERED),
        refusals=(400, *READING),
    ),
    post=Operation(
        "createVoicemail",
        "Add a mailbox",
        {201: Answer("The new mailbox.", VOICEMAIL, _VOICEMAIL, headers=LOCATION)},
        Body(_NEW, _SENT),
    ),
)
describe(
    views.VoicemailDetail,
    TELEPHONY,
    get=Operation(
        "getVoicemail",
        "Read a mailbox",
        {200: Answer("The mailbox.", VOICEMAIL, _VOICEMAIL, headers=ETAG)},
        parameters=(BY_ID,),
        refusals=(404, *READING),
    ),
    put=Operation(
        "changeVoicemail",
        "Change a mailbox",
        {200: Answer("Changed. Without a body.", headers=LOCATION)},
        Body(_CHANGE, {"password": "1234"}),
        (BY_ID, IF_MATCH),
        (404, 412),
        "Only what is sent changes.",
    ),
    delete=Operation(
        "deleteVoicemail",
        "Delete a mailbox",
        {200: Answer("It is gone; its users stay without one. Without a body.")},
        parameters=(BY_ID, IF_MATCH),
        refusals=(404, 412),
    ),
)
