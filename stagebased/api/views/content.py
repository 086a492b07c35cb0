"""Schedules, message sets, messages and files."""

from __future__ import annotations

from collections import defaultdict
from collections.abc import Collection
from typing import Any

from django.db.models import QuerySet
from rest_framework.decorators import action
from rest_framework.request import Request
from rest_framework.response import Response

from stagebased.api import filters, inputs, outputs
from stagebased.api.views.base import DialectView, RecordViewSet
from stagebased.models import BinaryContent, Message, MessageSet, Revision, Schedule, Welcome
from stagebased.operations import content


class ScheduleViewSet(RecordViewSet[Schedule]):
    shape = inputs.SCHEDULE
    filters = filters.ScheduleFilters

    def rows(self) -> QuerySet[Schedule]:
        return Schedule.objects.order_by("id")

    def represent(self, record: Schedule) -> dict[str, Any]:
        return outputs.schedule(record)

    def save(self, record: Schedule, changed: Collection[str] | None) -> Schedule:
        return content.save_schedule(schedule=record, changed=changed)

    def remove(self, record: Schedule) -> None:
        content.delete_schedule(schedule=record)


class MessageSetViewSet(RecordViewSet[MessageSet]):
    shape = inputs.MESSAGE_SET
    filters = filters.MessageSetFilters

    def rows(self) -> QuerySet[MessageSet]:
        return MessageSet.objects.order_by("id")

    def represent(self, record: MessageSet) -> dict[str, Any]:
        return outputs.message_set(record)

    def save(self, record: MessageSet, changed: Collection[str] | None) -> MessageSet:
        return content.save_message_set(message_set=record, changed=changed)

    def remove(self, record: MessageSet) -> None:
        content.delete_message_set(message_set=record)

    @action(detail=True)
    def messages(self, request: Request, pk: str) -> Response:
        """The set's messages in all languages, in the order they are sent."""
        rows = Message.objects.filter(messageset=self.record(pk)).order_by("sequence_number", "lang", "id")
        return MessageViewSet(request=request).page_of(rows)


class MessageViewSet(RecordViewSet[Message]):
    shape = inputs.MESSAGE
    filters = filters.MessageFilters

    def rows(self) -> QuerySet[Message]:
        return Message.objects.order_by("id")

    def represent(self, record: Message) -> dict[str, Any]:
        return outputs.message(record)

    def save(self, record: Message, changed: Collection[str] | None) -> Message:
        return content.save_message(message=record, changed=changed, by=self.caller)

    def remove(self, record: Message) -> None:
        content.delete_message(message=record)

    @action(detail=True, url_path="content")
    def expanded(self, request: Request, pk: str) -> Response:
        """The message with its file written out."""
        record = self.record(pk)
        body = outputs.message(record)
        if record.binary_content is not None:
            body["binary_content"] = outputs.binary_content(record.binary_content, root_of(request))
        return Response(body)

    @action(detail=True)
    def revisions(self, request: Request, pk: str) -> Response:
        """What the message has said since it was first published, newest first."""
        rows = Revision.objects.filter(message=self.record(pk)).order_by("-id")
        paginator = self.paginator_class()
        page = paginator.paginate_queryset(rows, request, self)
        return paginator.get_paginated_response([outputs.revision(record) for record in page])


class WelcomeViewSet(RecordViewSet[Welcome]):
    """What somebody who joins a set gets at once."""

    shape = inputs.WELCOME
    filters = filters.WelcomeFilters

    def rows(self) -> QuerySet[Welcome]:
        return Welcome.objects.order_by("id")

    def represent(self, record: Welcome) -> dict[str, Any]:
        return outputs.welcome(record)

    def save(self, record: Welcome, changed: Collection[str] | None) -> Welcome:
        return content.save_welcome(welcome=record, changed=changed, by=self.caller)

    def remove(self, record: Welcome) -> None:
        content.delete_welcome(welcome=record)


class BinaryContentViewSet(RecordViewSet[BinaryContent]):
    """Uploads, as the multipart field ``content``."""

    shape = inputs.BINARY_CONTENT
    filters = filters.BinaryContentFilters

    def rows(self) -> QuerySet[BinaryContent]:
        return BinaryContent.objects.filter(replaced_at=None).order_by("id")

    def represent(self, record: BinaryContent) -> dict[str, Any]:
        return outputs.binary_content(record, root_of(self.request))

    def create(self, request: Request) -> Response:
        upload = self.shape.whole(request.data)["content"]
        return self.created(content.store_file(upload=upload))

    def _changed(self, record: BinaryContent, fields: dict[str, Any]) -> Response:
        if "content" in fields:
            record = content.store_file(upload=fields["content"], record=record)
        return Response(self.represent(record))

    def remove(self, record: BinaryContent) -> None:
        content.delete_file(record=record)


class MessageSetLanguages(DialectView):
    def get(self, request: Request) -> Response:
        """``{"<set id>": [languages in order]}`` of every set, also those without messages."""
        found: defaultdict[str, list[str]] = defaultdict(list)
        languages = MessageSet.objects.order_by("id", "messages__lang").values_list("id", "messages__lang")
        for set_id, language in languages.distinct():
            found[str(set_id)] += [language] if language is not None else []
        return Response(found)


def root_of(request: Request) -> str:
    """The absolute URL of the host that was asked, without a last slash."""
    return request.build_absolute_uri("/").rstrip("/")
