"""Telephone users."""

from __future__ import annotations

from typing import Any

from accounts.api.openapi import Answer, Body, Operation, Parameter, describe
from accounts.api.openapi.shapes import (
    UUID,
    Shape,
    array,
    choice,
    integer,
    named,
    nullable,
    record,
    string,
)
from telephony.api import users as views
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
    whole,
)

_SHOWN_WHOLE = ("cti_profile_id", "voicemailid", "agentid", "entityid")
_TEXTS = {
    "firstname": 128,
    "lastname": 128,
    "callerid": 160,
    "username": 64,
    "password": 64,
    "musiconhold": 128,
    "outcallerid": 80,
    "mobilephonenumber": 128,
    "userfield": 128,
    "timezone": 128,
    "language": 20,
    "description": 10_000,
    "email": 128,
}
USER = named(
    "TelephonyUser",
    record(
        {
            "id": KEY,
            **{name: string() for name in _TEXTS},
            "enableclient": choice(0, 1),
            **{name: nullable(integer(minimum=0)) for name in _SHOWN_WHOLE},
            "identity": nullable(UUID),
        }
    ),
)
_SENT_FIELDS: dict[str, Shape] = {
    "id": {"description": "Ignored on creation; on a change it must be the record's own."},
    **{name: text(most) for name, most in _TEXTS.items()},
    "enableclient": flag(),
    **{name: whole() for name in (*_SHOWN_WHOLE, "ctiprofileid")},
}
_FIRSTNAME = string(minLength=1, maxLength=128)
_NEW = named(
    "NewTelephonyUser",
    record(
        {**_SENT_FIELDS, "firstname": _FIRSTNAME},
        optional=tuple(name for name in _SENT_FIELDS if name != "firstname"),
        additionalProperties=False,
    ),
)
_CHANGE = named(
    "TelephonyUserChange",
    record(
        {**_SENT_FIELDS, "firstname": _FIRSTNAME}, optional=tuple(_SENT_FIELDS), additionalProperties=False
    ),
)
_SENT = {"firstname": "Alice", "lastname": "Kruger", "mobilephonenumber": "+27820001001", "voicemailid": 1}
_USER: dict[str, Any] = {
    "id": 1,
    "firstname": "Alice",
    "lastname": "Kruger",
    "callerid": "Alice Kruger",
    "username": "",
    "password": "",
    "enableclient": 0,
    "musiconhold": "default",
    "outcallerid": "default",
    "mobilephonenumber": "+27820001001",
    "userfield": "",
    "timezone": "",
    "language": "",
    "description": "",
    "email": "",
    "cti_profile_id": None,
    "voicemailid": 1,
    "agentid": None,
    "entityid": 1,
    "identity": None,
}
_BY_ID = (Parameter("key", "The user's id.", KEY, 1, "path"),)
_TABLE = "firstname,lastname,mobilephonenumber\nAlice,Kruger,+27820001001\n"
_REPORT = named(
    "TelephonyImportReport",
    record(
        {
            "rows": integer(minimum=0),
            "created": array(KEY),
            "errors": array(record({"row": integer(), "column": string(), "reason": string()})),
        }
    ),
)
_LINKED = record({"identity": UUID})

describe(
    views.UserList,
    TELEPHONY,
    get=Operation(
        "listTelephonyUsers",
        "List telephone users",
        {200: list_of("TelephonyUserList", USER, _USER)},
        parameters=listing(views.ORDERED),
        refusals=(400, *READING),
    ),
    post=Operation(
        "createTelephonyUser",
        "Add a telephone user",
        {201: Answer("The new user.", USER, _USER, headers=LOCATION)},
        Body(_NEW, _SENT),
    ),
)
describe(
    views.UserDetail,
    TELEPHONY,
    get=Operation(
        "getTelephonyUser",
        "Read a telephone user",
        {200: Answer("The user.", USER, _USER, headers=ETAG)},
        parameters=_BY_ID,
        refusals=(404, *READING),
    ),
    put=Operation(
        "changeTelephonyUser",
        "Change a telephone user",
        {200: Answer("Changed. Without a body.", headers=LOCATION)},
        Body(_CHANGE, {"mobilephonenumber": "+27820001002"}),
        (*_BY_ID, IF_MATCH),
        (404, 412),
        "Only what is sent changes.",
    ),
    delete=Operation(
        "deleteTelephonyUser",
        "Delete a telephone user",
        {200: Answer("It is gone. Without a body.")},
        parameters=(
            *_BY_ID,
            IF_MATCH,
            Parameter("deleteVoicemail", "Given, whatever its value: the mailbox goes too.", string(), ""),
        ),
        refusals=(404, 412),
    ),
)
describe(
    views.UserContact,
    TELEPHONY,
    put=Operation(
        "linkTelephonyUser",
        "Say which person a telephone user is",
        {200: Answer("The person.", _LINKED, {"identity": "8646b7bc-b511-4965-a90b-e1145e398703"})},
        Body(
            record({"identity": nullable(UUID)}, optional=("identity",), additionalProperties=False),
            {"identity": "8646b7bc-b511-4965-a90b-e1145e398703"},
        ),
        _BY_ID,
        (404,),
        "`{}` goes by mobile number and e-mail. The user's mailbox becomes an address of the person.",
    ),
    delete=Operation(
        "unlinkTelephonyUser",
        "Say that a telephone user is no known person",
        {200: Answer("Unlinked; the person stays. Without a body.")},
        parameters=_BY_ID,
        refusals=(404,),
    ),
)
describe(
    views.UserImport,
    TELEPHONY,
    post=Operation(
        "importTelephonyUsers",
        "Add the users of a table, all or none",
        {
            200: Answer("What an import would do.", _REPORT, {"rows": 1, "created": [], "errors": []}),
            201: Answer("Done.", _REPORT, {"rows": 1, "created": [7], "errors": []}),
            400: Answer(
                "Nothing was stored: every error with its row and column, or a list of texts for what is no "
                "table.",
                {"anyOf": [_REPORT, {"$ref": "#/components/schemas/TelephonyErrors"}]},
                {
                    "rows": 1,
                    "created": [],
                    "errors": [{"row": 2, "column": "voicemailid", "reason": "This value cannot be used."}],
                },
            ),
        },
        Body(string(), _TABLE, media=("text/csv",)),
        (Parameter("_dry_run", "Given, whatever its value: only look.", string(), ""),),
    ),
)
describe(
    views.UserExport,
    TELEPHONY,
    get=Operation(
        "exportTelephonyUsers",
        "All users as a table that the import reads again",
        {200: Answer("Without passwords.", string(), _TABLE, media=("text/csv",))},
    ),
)
