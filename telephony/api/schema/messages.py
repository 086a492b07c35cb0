"""The recordings in a mailbox."""

from __future__ import annotations

from typing import Any

from accounts.api.openapi import Answer, Body, Operation, Parameter, describe
from accounts.api.openapi.shapes import UUID, choice, integer, named, nullable, record, string, told
from telephony.api import messages as views
from telephony.api.schema.dialect import LOCATION, READING, TELEPHONY, list_of, listing
from telephony.api.schema.voicemails import BY_ID
from telephony.models import VoicemailMessage

_FOLDER = choice(*VoicemailMessage.Folder.values)
MESSAGE = named(
    "VoicemailMessage",
    record(
        {
            "id": UUID,
            "folder": _FOLDER,
            "caller_id_name": nullable(string()),
            "caller_id_num": nullable(string()),
            "duration": told(integer(minimum=0), "Seconds."),
            "timestamp": told(integer(), "Seconds since 1970 UTC."),
            "size": told(integer(minimum=0), "Bytes."),
        }
    ),
)
_ID = "0b1f1c9a-0a8f-4c57-8b0e-3d1f5a1f2c11"
_MESSAGE: dict[str, Any] = {
    "id": _ID,
    "folder": "new",
    "caller_id_name": "Bob",
    "caller_id_num": "+27820001002",
    "duration": 12,
    "timestamp": 1772439300,
    "size": 192044,
}
_ONE = (BY_ID, Parameter("message_key", "The message's id.", UUID, _ID, "path"))
_AUDIO = string(format="binary")

describe(
    views.MessageList,
    TELEPHONY,
    get=Operation(
        "listVoicemailMessages",
        "List the messages in a mailbox, the newest first",
        {200: list_of("VoicemailMessageList", MESSAGE, _MESSAGE)},
        parameters=(
            BY_ID,
            Parameter("_folder", "Only those in this folder.", _FOLDER, "new"),
            *listing(views.ORDERED),
        ),
        refusals=(400, 404, *READING),
    ),
    post=Operation(
        "storeVoicemailMessage",
        "Put a recording into a mailbox",
        {201: Answer("The new message.", MESSAGE, _MESSAGE, headers=LOCATION)},
        Body(_AUDIO, "(the bytes of a WAV file: PCM, mono, 16 bits, 8000 or 16000 Hz)", media=("audio/wav",)),
        (
            BY_ID,
            Parameter("folder", "Where it goes.", _FOLDER, "new"),
            Parameter("caller_id_name", "Who called.", string(maxLength=160), "Bob"),
            Parameter("caller_id_num", "From which number.", string(maxLength=64), "+27820001002"),
        ),
        (404, 409),
    ),
)
describe(
    views.MessageDetail,
    TELEPHONY,
    get=Operation(
        "getVoicemailMessage",
        "Read what is known of a message",
        {200: Answer("The message.", MESSAGE, _MESSAGE)},
        parameters=_ONE,
        refusals=(404, *READING),
    ),
    put=Operation(
        "moveVoicemailMessage",
        "Move a message, which is also how it is marked as heard",
        {200: Answer("The message.", MESSAGE, {**_MESSAGE, "folder": "old"})},
        Body(record({"folder": _FOLDER}, additionalProperties=False), {"folder": "old"}),
        _ONE,
        (404, 409),
    ),
    delete=Operation(
        "deleteVoicemailMessage",
        "Delete a message",
        {200: Answer("It is gone. Without a body.")},
        parameters=_ONE,
        refusals=(404,),
    ),
)
describe(
    views.MessageRecording,
    TELEPHONY,
    get=Operation(
        "getVoicemailRecording",
        "Listen to a message",
        {
            200: Answer("The WAV file.", _AUDIO, media=("audio/wav",), headers={"Accept-Ranges": string()}),
            206: Answer(
                "The part asked for.", _AUDIO, media=("audio/wav",), headers={"Content-Range": string()}
            ),
            416: Answer("The file ends before. Without a body.", headers={"Content-Range": string()}),
        },
        parameters=(*_ONE, Parameter("Range", "One range of bytes.", string(), "bytes=0-1023", "header")),
        refusals=(404,),
        text="Listening changes nothing.",
    ),
)
