"""Private messages, which are the messages of everybody's inbox in the network's own words."""

from __future__ import annotations

import hashlib
import json
from collections.abc import Callable
from datetime import timedelta
from typing import Any

from hospitality.api.bodies import Arguments, count, row_id, says_no, text
from hospitality.api.refusals import Refusal, missing, placeholder
from hospitality.api.service import Call, Resource, Service
from hospitality.api.wire import Shape, flag, seconds, shown_name
from hospitality.errors import NotSent, UnknownMessage
from hospitality.operations import messages as operations
from hospitality.selectors import threads
from sendables.entities import entity
from sendables.models import Message
from sendables.operations import KeyReused
from sendables.operations.repeats import KEY, once

_ALL = 10**9
_BOXES = {"inbox": "inbox", "sent": "sent", "archived": "archived"}
_FOREIGN = "This user has no access to thread (no messages found)"


class Send(Service):
    """A new conversation, or, with ``thread_id``, an answer."""

    def act(self, call: Call, **kwargs: Any) -> Any:
        args = call.args
        if text(args, "thread_id").strip():
            return _reply(call)
        names = text(args, "recipients").split(",")
        return _once(
            call,
            lambda: operations.send(
                sender=call.me.user, names=names, subject=text(args, "subject"), body=text(args, "body")
            ),
        )


class Reply(Service):
    def act(self, call: Call, **kwargs: Any) -> Any:
        if not text(call.args, "thread_id").strip():
            raise Refusal(400, operations.NO_RECIPIENTS)
        return _reply(call)


def _reply(call: Call) -> Any:
    named = text(call.args, "thread_id")
    body, thread = text(call.args, "body"), row_id(named) or 0
    try:
        return _once(call, lambda: operations.reply(sender=call.me.user, thread=thread, body=body))
    except UnknownMessage:
        message = f"Thread {placeholder(named[:40])} not found, unable to answer"
        raise Refusal(400, message) from None


def _once(call: Call, send: Callable[[], Message]) -> Any:
    """``[true]`` and nothing else, as apps compare it; newer ones find the ids in headers.

    With an ``Idempotency-Key`` the same request again sends nothing more.
    """
    key = call.request.headers.get("Idempotency-Key")
    try:
        if key is None:
            call.headers |= _ids(send())
            return True
        if not KEY.fullmatch(key):
            raise Refusal(400, "The Idempotency-Key must be 1 to 255 visible ASCII characters.")
        told = [text(call.args, name) for name in ("thread_id", "recipients", "subject", "body")]
        ids, replayed = once(
            user=call.me.user,
            key=key,
            fingerprint=hashlib.sha256(json.dumps(told).encode()).hexdigest(),
            keep_for=timedelta(hours=entity(threads.ENTITY).settings.IDEMPOTENCY_HOURS),
            do=lambda: _ids(send()),
        )
    except NotSent as refused:
        raise Refusal(400, str(refused)) from None
    except KeyReused:
        raise Refusal(400, "This Idempotency-Key was used for a different request.") from None
    call.headers |= ids | ({"Idempotency-Replayed": "true"} if replayed else {})
    return True


def _ids(message: Message) -> dict[str, str]:
    return {"X-Thread-Id": str(message.thread_id), "X-Message-Id": str(message.pk)}


class UnreadCount(Service):
    """How many conversations have something unread, as text."""

    def act(self, call: Call, **kwargs: Any) -> Any:
        return str(threads.unread(call.me.user))


class Threads(Service):
    """The caller's conversations, the latest first; all of them unless a limit is named.

    An archived one is shown in ``type=archived`` only (and in ``sent``), until its next message.
    """

    box = "current"

    def act(self, call: Call, **kwargs: Any) -> Any:
        found = threads.page(
            call.me.user,
            box=_BOXES.get(text(call.args, "type"), self.box),
            limit=count(call.args, "limit", default=_ALL, most=_ALL),
            offset=count(call.args, "offset", default=0, most=_ALL),
        )
        return [_thread(summary) for summary in found]


class Inbox(Threads):
    method = "GET"
    box = "inbox"


def _thread(summary: threads.Summary) -> Shape:
    return {
        "thread_id": str(summary.thread),
        "subject": summary.subject,
        "last_updated": seconds(summary.latest_on),
        "thread_started": seconds(summary.started_on),
        "is_new": str(summary.unread),
        "count": str(summary.count),
        "has_tokens": "0",
        "participants": [_participant(person) for person in summary.people],
    }


def _participant(person: threads.Person) -> Shape:
    return {"uid": str(person.uid), "name": person.name, "fullname": shown_name(person.fullname, person.name)}


class GetThread(Service):
    """One conversation, oldest message first. Reading it does not mark it as read."""

    required = ("thread_id",)

    def act(self, call: Call, **kwargs: Any) -> Any:
        thread = row_id(text(call.args, "thread_id"))
        if thread is None:
            raise Refusal(400, "Invalid parameters passed.")
        return _conversation(call, thread)


class OneThread(Service):
    """The conversation of that id, or the one that has the message of that id."""

    method = "GET"

    def act(self, call: Call, **kwargs: Any) -> Any:
        key = row_id(kwargs["key"])
        thread = threads.containing(call.me.user, key) if key else None
        if thread is None:
            raise Refusal(403, _FOREIGN)
        return _conversation(call, thread)


def _conversation(call: Call, thread: int) -> Shape:
    found = threads.conversation(
        call.me.user,
        thread,
        limit=count(call.args, "limit", default=_ALL, most=_ALL),
        offset=count(call.args, "offset", default=0, most=_ALL),
    )
    if found is None:
        raise Refusal(403, _FOREIGN)
    return {
        "pmtid": thread,
        "subject": found.subject,
        "participants": [_participant(person) for person in found.people],
        "messages": [_message(message) for message in found.messages],
    }


def _message(message: Any) -> Shape:
    return {
        "mid": str(message.pk),
        "author": str(message.sender_id or 0),
        "timestamp": seconds(message.sent_on),
        "body": message.content,
        "is_new": flag(message.unread),
    }


class MarkThreadRead(Service):
    """``status`` 1: unread. A foreign conversation is none of the caller's: nothing happens."""

    required = ("thread_id",)

    def act(self, call: Call, **kwargs: Any) -> Any:
        thread = row_id(text(call.args, "thread_id"))
        if thread is not None:
            read = text(call.args, "status").strip().lower() in ("", "0", "false")
            operations.mark(reader=call.me.user, thread=thread, read=read)
        return True


class DeleteThread(Service):
    """For the caller only."""

    required = ("thread_id",)

    def act(self, call: Call, **kwargs: Any) -> Any:
        if not operations.delete(person=call.me.user, thread=_thread_id(call.args)):
            raise Refusal(403, _FOREIGN)
        return True


class ArchiveThread(Service):
    """``status`` 0: back to the others. Archiving marks as read; see ``operations.archive``."""

    required = ("thread_id",)

    def act(self, call: Call, **kwargs: Any) -> Any:
        away = not says_no(call.args, "status")
        try:
            operations.archive(person=call.me.user, thread=_thread_id(call.args), away=away)
        except UnknownMessage:
            raise Refusal(403, _FOREIGN) from None
        return True


def _thread_id(args: Arguments) -> int:
    thread = row_id(text(args, "thread_id"))
    if thread is None:
        raise Refusal(400, "Invalid parameters passed.")
    return thread


class BlockMember(Service):
    """``status`` 0: no longer."""

    required = ("username",)

    def act(self, call: Call, **kwargs: Any) -> Any:
        blocked = not says_no(call.args, "status")
        name = text(call.args, "username")
        if not name.strip():
            raise missing("username")
        if not operations.block(member=call.me.user, name=name, blocked=blocked):
            raise Refusal(404, f"There is no user named {placeholder(name[:150])}.")
        return True


class ReportMessage(Service):
    """A message that the caller received, with a reason for the administrators."""

    required = ("mid",)

    def act(self, call: Call, **kwargs: Any) -> Any:
        key = row_id(text(call.args, "mid"))
        if key is None:
            raise Refusal(400, "Invalid parameters passed.")
        try:
            operations.report(reporter=call.me.user, message=key, reason=text(call.args, "reason"))
        except UnknownMessage:
            raise Refusal(403, "This user has no access to this message") from None
        return True


class Messages(Resource):
    services = {"GET": Inbox, "POST": Send}
