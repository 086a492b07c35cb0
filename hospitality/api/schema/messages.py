"""Private messages."""

from __future__ import annotations

from typing import Any

from accounts.api.openapi import Parameter, describe
from accounts.api.openapi.shapes import Shape, array, choice, integer, named, record, string, told
from hospitality.api import messages
from hospitality.api.schema.dialect import (
    DONE,
    HOSPITALITY,
    WINDOW,
    answer,
    describe_service,
    form,
    service,
)
from sendables.api.schema.sending import IDEMPOTENCY, REPLAYED

_NUMBER = string(pattern="^[0-9]+$")
_SECONDS = string(pattern="^[0-9]+$")
_PERSON = record({"uid": _NUMBER, "name": string(), "fullname": string()})
_ALICE = {"uid": "2", "name": "alice", "fullname": "Alice Weber"}
_THREADS = array(
    named(
        "HospitalityThreadSummary",
        record(
            {
                "thread_id": _NUMBER,
                "subject": string(),
                "last_updated": _SECONDS,
                "thread_started": _SECONDS,
                "is_new": told(_NUMBER, "How many messages are unread."),
                "count": _NUMBER,
                "has_tokens": string(const="0"),
                "participants": array(_PERSON),
            }
        ),
    )
)
_THREAD_LIST: list[dict[str, Any]] = [
    {
        "thread_id": "1",
        "subject": "Two nights in July",
        "last_updated": "1772439300",
        "thread_started": "1772439300",
        "is_new": "1",
        "count": "2",
        "has_tokens": "0",
        "participants": [_ALICE],
    }
]
_CONVERSATION = answer(
    "The conversation, its oldest message first.",
    named(
        "HospitalityThread",
        record(
            {
                "pmtid": integer(minimum=1),
                "subject": string(),
                "participants": array(_PERSON),
                "messages": array(
                    record(
                        {
                            "mid": _NUMBER,
                            "author": _NUMBER,
                            "timestamp": _SECONDS,
                            "body": string(),
                            "is_new": choice("0", "1"),
                        }
                    )
                ),
            }
        ),
    ),
    {
        "pmtid": 1,
        "subject": "Two nights in July",
        "participants": [_ALICE],
        "messages": [
            {"mid": "1", "author": "2", "timestamp": "1772439300", "body": "May I stay?", "is_new": "1"}
        ],
    },
)
_SENT = answer(
    "`[true]`, and the ids in headers.",
    array({"const": True}, minItems=1, maxItems=1),
    [True],
    {"X-Thread-Id": _NUMBER, "X-Message-Id": _NUMBER, **REPLAYED},
)
_ID: Shape = told(integer(minimum=1), "The conversation's id.")
_STATUS: Shape = choice(0, 1)
_BOX = choice("inbox", "sent", "archived")
_THREAD = {"thread_id": 1}
_NEW = form(
    {"recipients": "alice", "subject": "Two nights in July", "body": "May I stay?"},
    recipients=told(string(), "User names with commas between."),
    subject=string(),
    body=string(),
    thread_id=told(integer(minimum=1), "An answer in that conversation instead."),
)
_WINDOW = tuple(Parameter(name, str(shape["description"]), shape, 0) for name, shape in WINDOW.items())
_LIST = answer("The latest first.", _THREADS, _THREAD_LIST)

describe(
    messages.Messages,
    HOSPITALITY,
    get=service(
        messages.Inbox,
        "listInbox",
        "The conversations in which one received something",
        _LIST,
        parameters=(Parameter("type", "Which ones instead.", _BOX, "inbox"), *_WINDOW),
    ),
    post=service(
        messages.Send,
        "sendPrivateMessageToResource",
        "Send a private message",
        _SENT,
        _NEW,
        parameters=(IDEMPOTENCY,),
    ),
)
describe_service(
    messages.Send,
    "sendPrivateMessage",
    "Send a private message",
    _SENT,
    _NEW,
    parameters=(IDEMPOTENCY,),
)
describe_service(
    messages.Reply,
    "answerPrivateMessage",
    "Answer in a conversation",
    _SENT,
    form({"thread_id": 1, "body": "You are welcome."}, thread_id=_ID, body=string()),
    parameters=(IDEMPOTENCY,),
)
describe_service(
    messages.UnreadCount,
    "countUnreadConversations",
    "How many conversations have something unread",
    answer("The count as a text.", array(_NUMBER, minItems=1, maxItems=1), ["1"]),
)
describe_service(
    messages.Threads, "listConversations", "One's conversations", _LIST, form({}, type=_BOX, **WINDOW)
)
describe_service(
    messages.GetThread,
    "getConversation",
    "One conversation",
    _CONVERSATION,
    form(_THREAD, thread_id=_ID, **WINDOW),
    text="Reading it does not mark it as read.",
)
describe_service(
    messages.OneThread,
    "getConversationById",
    "The conversation of that id, or the one that has the message of that id",
    _CONVERSATION,
    parameters=(Parameter("key", "Its id.", string(pattern="^[0-9]+$"), "1", "path"), *_WINDOW),
    refusals=(403,),
)
describe_service(
    messages.MarkThreadRead,
    "markConversation",
    "Mark a conversation as read, or as unread",
    DONE,
    form(_THREAD, thread_id=_ID, status=told(_STATUS, "1: unread.")),
)
describe_service(
    messages.DeleteThread,
    "deleteConversation",
    "Delete a conversation for oneself",
    DONE,
    form(_THREAD, thread_id=_ID),
)
describe_service(
    messages.ArchiveThread,
    "archiveConversation",
    "Put a conversation away, or back",
    DONE,
    form(_THREAD, thread_id=_ID, status=told(_STATUS, "0: back to the others.")),
)
describe_service(
    messages.BlockMember,
    "blockMember",
    "Block a member, or no longer",
    DONE,
    form({"username": "alice"}, username=string(), status=told(_STATUS, "0: no longer.")),
    refusals=(404,),
)
describe_service(
    messages.ReportMessage,
    "reportMessage",
    "Report a received message to the administrators",
    DONE,
    form({"mid": 1}, mid=told(integer(minimum=1), "The message's id."), reason=string()),
)
