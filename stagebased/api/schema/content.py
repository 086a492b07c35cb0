"""Schedules, message sets, messages and files."""

from __future__ import annotations

from typing import Any

from accounts.api.openapi import Answer, Operation, describe
from accounts.api.openapi.pages import PAGING, page_of
from accounts.api.openapi.shapes import (
    INSTANT,
    KEY,
    URL,
    UUID,
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
from stagebased.api import filters, inputs
from stagebased.api.schema.dialect import PROGRAMMES, Kind, operations_on, record_id
from stagebased.api.views import content as views
from stagebased.models import MessageSet

_CLOCK = string(pattern=r"^\d\d:\d\d:\d\d(\.\d+)?$")
_SPAN = string(pattern=r"^([0-9]+ )?[0-9]{2}:[0-9]{2}:[0-9]{2}(\.[0-9]+)?$")
_TIMES = {"created_at": "2026-03-02T08:15:00Z", "updated_at": "2026-03-02T08:15:00Z"}
LANGUAGE = string(maxLength=6)

SCHEDULE_SENT: dict[str, Any] = {
    "minute": "0",
    "hour": "9",
    "day_of_week": "1,4",
    "day_of_month": "*",
    "month_of_year": "*",
    "timezone": "Africa/Johannesburg",
}
_CRON = {name: string(maxLength=64) for name in tuple(SCHEDULE_SENT)[:5]}
SCHEDULE = named(
    "Schedule",
    record(
        {
            "id": KEY,
            **_CRON,
            "timezone": told(string(), "Where the five cron fields are read."),
            "in_contact_timezone": told(boolean(), "Read them in each person's own zone, where it is known."),
        }
    ),
)
SCHEDULES = Kind(
    "Schedule",
    "Schedules",
    "schedule",
    "schedules, by id",
    SCHEDULE,
    {"id": 1, **SCHEDULE_SENT, "in_contact_timezone": False},
    inputs.ScheduleInput,
    SCHEDULE_SENT,
    filters.ScheduleFilters,
)

_SET_SENT: dict[str, Any] = {
    "short_name": "prebirth.mother.1",
    "label": "Pregnancy, twice a week",
    "content_type": "text",
    "notes": "Reviewed in March.",
    "next_set": None,
    "default_schedule": 1,
    "fall_back": True,
    "default_language": "eng_ZA",
    "not_before": "08:00:00",
    "not_after": "19:00:00",
}
MESSAGE_SET = named(
    "MessageSet",
    record(
        {
            "id": KEY,
            "short_name": string(maxLength=100),
            "label": string(maxLength=100),
            "content_type": choice(*MessageSet.ContentType.values),
            "notes": nullable(string()),
            "next_set": told(nullable(KEY), "What follows when somebody has had the last message."),
            "default_schedule": KEY,
            "created_at": INSTANT,
            "updated_at": INSTANT,
            "channel": told(string(), "By which messages go out: `sms`, `notice`, `voicemail`, …"),
            "gateway": told(string(), "Which of the channel's gateways; empty: the channel chooses."),
            "fall_back": told(
                boolean(), "Whether another language is sent when a message is missing in one."
            ),
            "default_language": LANGUAGE,
            "not_before": told(nullable(_CLOCK), "Messages wait until this local time."),
            "not_after": told(nullable(_CLOCK), "From this local time on messages wait until the next day."),
            "grace": told(nullable(_SPAN), "How late a message may still be sent."),
            "catch_up": told(
                choice(*MessageSet.CatchUp.values), "What is sent of several slots that were missed."
            ),
            "spacing": told(_SPAN, "How far apart they are, where each is sent."),
            "spread": told(nullable(_SPAN), "Over how long the messages of one slot go out."),
            "starts_after": told(
                nullable(integer()), "Days from somebody's date to the first message; null: no date counts."
            ),
            "stop_after_failures": told(
                nullable(integer(minimum=1)), "Failed messages in a row that stop a subscription."
            ),
            "fallback_languages": told(array(LANGUAGE), "Tried in this order before the default language."),
            "repeats": told(boolean(), "The sets that follow may lead back to this one."),
            "one_active": told(boolean(), "Nobody can run on it more than once at the same time."),
            "state": told(
                choice(*MessageSet.State.values),
                "In preparation (`draft`) nobody can be on it, and nothing is sent.",
            ),
        }
    ),
)
_SET_RULES = {
    "grace": None,
    "catch_up": "latest",
    "spacing": "01:00:00",
    "spread": None,
    "starts_after": None,
    "stop_after_failures": None,
    "fallback_languages": ["zul_ZA"],
    "repeats": False,
    "one_active": False,
    "state": "active",
}
_SET = {"id": 1, **_SET_SENT, **_TIMES, "channel": "sms", "gateway": "", **_SET_RULES}
MESSAGE_SETS = Kind(
    "MessageSet",
    "MessageSets",
    "message set",
    "message sets, by id",
    MESSAGE_SET,
    _SET,
    inputs.MessageSetInput,
    _SET_SENT,
    filters.MessageSetFilters,
)

_FILE = {"id": 1, "content": "https://switchboard.example.org/media/content/9f86d081884c7d65.mp3"}
FILE = named(
    "BinaryContent",
    record({"id": KEY, "content": told(URL, "Served without a log-in to whoever has the address.")}),
)
FILES = Kind(
    "BinaryContent",
    "BinaryContents",
    "file",
    "uploaded files, by id",
    FILE,
    _FILE,
    inputs.BinaryContentInput,
    {"content": "(the bytes of an audio file or picture)"},
    filters.BinaryContentFilters,
    media=("multipart/form-data",),
)

_MESSAGE_SENT: dict[str, Any] = {
    "messageset": 1,
    "sequence_number": 1,
    "lang": "eng_ZA",
    "metadata": {"reviewed_by": "editor"},
    "text_content": "Welcome! Drink enough water today.",
    "binary_content": None,
}
_MESSAGE_FIELDS = {
    "id": KEY,
    "messageset": KEY,
    "sequence_number": integer(minimum=1),
    "lang": LANGUAGE,
    "metadata": mapping(),
    "text_content": nullable(string()),
    "binary_content": nullable(KEY),
    "created_at": INSTANT,
    "updated_at": INSTANT,
}
MESSAGE = named("ProgrammeMessage", record(_MESSAGE_FIELDS))
WRITTEN_OUT = named("ProgrammeMessageWithFile", record({**_MESSAGE_FIELDS, "binary_content": nullable(FILE)}))
_MESSAGE = {"id": 1, **_MESSAGE_SENT, **_TIMES}
MESSAGES = Kind(
    "ProgrammeMessage",
    "ProgrammeMessages",
    "message",
    "messages of all sets, by id",
    MESSAGE,
    _MESSAGE,
    inputs.MessageInput,
    _MESSAGE_SENT,
    filters.MessageFilters,
)

_REVISION = {
    "id": "01905a3c-6a1e-7c3b-9f43-0d5b6a1c2e4f",
    "edition": 7,
    "sequence_number": 1,
    "lang": "eng_ZA",
    "text_content": "Welcome! Drink enough water.",
    "file": "",
    "metadata": {},
    "published_at": "2026-03-02T08:15:00Z",
}
REVISION = named(
    "Revision",
    record(
        {
            "id": told(UUID, "What deliveries name that carried it."),
            "edition": told(integer(minimum=0), "The set's edition that it came with."),
            "sequence_number": told(integer(minimum=0), "Its place at that time."),
            "lang": LANGUAGE,
            "text_content": string(),
            "file": told(string(), "The name under which its file is stored."),
            "metadata": mapping(),
            "published_at": INSTANT,
        }
    ),
)

_WELCOME_SENT: dict[str, Any] = {
    "messageset": 1,
    "lang": "eng_ZA",
    "text_content": "Welcome to the programme! Reply STOP to leave it.",
    "binary_content": None,
}
WELCOMES = Kind(
    "Welcome",
    "Welcomes",
    "welcome message",
    "what people who join a set get at once, by id",
    named(
        "Welcome",
        record(
            {
                "id": KEY,
                "messageset": KEY,
                "lang": LANGUAGE,
                "text_content": string(),
                "binary_content": nullable(KEY),
            }
        ),
    ),
    {"id": 1, **_WELCOME_SENT},
    inputs.WelcomeInput,
    _WELCOME_SENT,
    filters.WelcomeFilters,
)

describe(views.ScheduleViewSet, PROGRAMMES, **operations_on(SCHEDULES))
describe(
    views.MessageSetViewSet,
    PROGRAMMES,
    **operations_on(MESSAGE_SETS),
    messages=Operation(
        "listMessagesOfSet",
        "The messages of a set in all languages",
        {200: page_of("ProgrammeMessagePage", MESSAGE, _MESSAGE, "In the order in which they are sent.")},
        parameters=(record_id(MESSAGE_SETS), *PAGING),
        refusals=(404,),
    ),
)
describe(
    views.MessageViewSet,
    PROGRAMMES,
    **operations_on(MESSAGES),
    expanded=Operation(
        "getProgrammeMessageContent",
        "A message with its file written out",
        {
            200: Answer(
                "The message.", WRITTEN_OUT, {**_MESSAGE, "text_content": None, "binary_content": _FILE}
            )
        },
        parameters=(record_id(MESSAGES),),
        refusals=(404,),
    ),
    revisions=Operation(
        "listRevisions",
        "What a message has said since it was first published",
        {200: page_of("RevisionPage", REVISION, _REVISION, "The newest first. None is ever changed.")},
        parameters=(record_id(MESSAGES), *PAGING),
        refusals=(404,),
    ),
)
describe(views.WelcomeViewSet, PROGRAMMES, **operations_on(WELCOMES))
describe(views.BinaryContentViewSet, PROGRAMMES, **operations_on(FILES))
describe(
    views.MessageSetLanguages,
    PROGRAMMES,
    get=Operation(
        "getMessageSetLanguages",
        "The languages that each set has messages in",
        {
            200: Answer(
                "Languages by the set's id, of every set.",
                mapping(array(LANGUAGE), propertyNames={"pattern": "^[0-9]+$"}),
                {"1": ["eng_ZA", "zul_ZA"], "2": []},
            )
        },
    ),
)
