"""Views of conversations, for entities whose content is ``Threaded``."""

from __future__ import annotations

from functools import partial
from typing import Any

from rest_framework import serializers, status
from rest_framework.exceptions import NotFound
from rest_framework.request import Request
from rest_framework.response import Response

from sendables import operations
from sendables.api.base import EntityView
from sendables.api.errors import refuse
from sendables.api.fields import content_fields
from sendables.api.paging import cut, link_header, page_size, position
from sendables.api.send import Answer, RepeatableView
from sendables.api.serializers import EntitySerializer
from sendables.api.shapes import Row, participant_columns, time_writer, wire_time
from sendables.selectors import ThreadSummary, messages_of, one_seen, threads
from sendables.selectors.audience import named
from sendables.selectors.keyset import Order


class ReplySerializer(EntitySerializer):
    """The content's own fields; whom it goes to is the conversation's matter."""

    def get_fields(self) -> dict[str, serializers.Field]:
        return content_fields(self.kind)


class ReplyView(RepeatableView):
    """Answers one message; see ``operations.reply`` for who gets it."""

    view_name = "REPLY"

    def post(self, request: Request, key: Any, **kwargs: Any) -> Response:
        body = ReplySerializer(data=request.data, context=self.serializer_context())
        body.is_valid(raise_exception=True)
        told, headers = self.perform(request, partial(self.reply, key, dict(body.validated_data)))
        answer = {**body.to_representation(body.validated_data), **told}
        return Response(answer, status=status.HTTP_201_CREATED, headers=headers)

    def reply(self, key: Any, fields: dict[str, Any]) -> Answer:
        sent = operations.reply(entity_name=self.entity_name, sender=self.user, key=key, fields=fields)
        self.call_back(sent, fields)
        key_name = self.kind.settings.PARTICIPANT_KEY_NAME
        people = named(sent.reached).order_by("pk").values_list(key_name, flat=True)
        return {self.recipients_field: list(people)}


class ThreadView(EntityView):
    """The conversation that one message belongs to, oldest first; 404 unless the caller has the message."""

    view_name = "THREAD"

    def get(self, request: Request, key: Any, **kwargs: Any) -> Response:
        found = one_seen(self.kind, self.user, key)
        if found is None:
            raise NotFound
        order = Order(self.kind.content_model, ["sent_on", "pk"], last="pk")
        rows = messages_of(self.kind, self.user, found.thread_id)
        page = cut(request, self.kind.settings, rows, order, self.columns())
        render = self.renderer(found.thread_id)
        return Response([render(row) for row in page.rows], headers=link_header(request, page.next))

    def columns(self) -> list[str]:
        settings = self.kind.settings
        people = [f"sender__{column}" for column in participant_columns(self.kind)]
        own = [*settings.SENT_FIELD_NAMES, *settings.OPTIONAL_FIELD_NAMES]
        return ["pk", settings.SENDABLE_KEY_NAME, "sent_on", "unread", "sender_id", *people, *own]

    def renderer(self, thread: int) -> Any:
        columns, shown = self.columns(), participant_columns(self.kind)
        key_name, write_time = self.kind.settings.SENDABLE_KEY_NAME, time_writer()
        own_at = 5 + len(shown)
        own = columns[own_at:]

        def render(row: Row) -> dict[str, Any]:
            sender = dict(zip(shown, row[5:own_at], strict=True)) if row[4] is not None else None
            item = {
                key_name: row[1],
                "thread_id": thread,
                "sent_on": write_time(row[2]),
                "is_read": not row[3],
            }
            return {**item, "sender": sender, **dict(zip(own, row[own_at:], strict=False))}

        return render


class ThreadListView(EntityView):
    """The caller's conversations, latest first: ``?box=all|current|inbox|sent|archived``."""

    view_name = "THREADS"

    def get(self, request: Request, **kwargs: Any) -> Response:
        box: Any = request.query_params.get("box", "all")
        if box not in ("all", "current", "inbox", "sent", "archived"):
            raise refuse("box", "Write all, current, inbox, sent or archived.")
        size, start = page_size(request, self.kind.settings), position(request)
        found = threads(self.kind, self.user, box=box, limit=size + 1, offset=start)
        following = str(start + size) if len(found) > size else None
        return Response([shown(each) for each in found[:size]], headers=link_header(request, following))


def shown(summary: ThreadSummary) -> dict[str, Any]:
    return {
        "thread_id": summary.thread,
        "subject": summary.subject,
        "count": summary.count,
        "unread_count": summary.unread,
        "started_on": wire_time(summary.started_on),
        "latest_on": wire_time(summary.latest_on),
        "participants": [{"id": key, "username": name} for key, name in summary.people],
    }
