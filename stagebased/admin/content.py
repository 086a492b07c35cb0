"""Schedules, message sets, messages and files, for people who write programmes."""

from __future__ import annotations

from collections.abc import Callable, Iterable
from typing import Any, cast

from django.contrib import admin, messages
from django.db.models import Count, Model, OuterRef, QuerySet, Subquery
from django.http import HttpRequest
from django.template.defaultfilters import filesizeformat
from django.utils.text import Truncator
from django.utils.timezone import now

from accounts.adminbase import ModelAdmin, display
from accounts.models import User
from outbox.channels import Refusal, channel, channel_names
from stagebased.calendar import BadCronField, next_slots
from stagebased.errors import InUse
from stagebased.forms import FileForm, MessageForm, MessageSetForm, ScheduleForm
from stagebased.models import BinaryContent, Draft, Message, MessageSet, Schedule
from stagebased.operations import content
from stagebased.pages.mixin import EditorPagesMixin
from stagebased.slots import cron_of, own_zone
from stagebased.wording import in_words


class ContentAdmin(ModelAdmin):
    """Removes records one by one through their operation, and says which are still in use.

    The framework would first load every row that refers to a record, which
    for a schedule may be a million subscriptions.
    """

    is_used: Callable[[Any], bool] = staticmethod(lambda record: False)
    remove: Callable[[Any], None]

    def get_deleted_objects(self, objs: Iterable[Any], request: HttpRequest) -> Any:
        records = list(objs)
        named = [f"{self.opts.verbose_name}: {record}" for record in records]
        protected = [f"{record} is in use" for record in records if self.is_used(record)]
        allowed = set() if self.has_delete_permission(request) else {str(self.opts.verbose_name)}
        return named, {str(self.opts.verbose_name_plural): len(records)}, allowed, protected

    def delete_model(self, request: HttpRequest, obj: Model) -> None:
        self.delete_queryset(request, [obj])

    def delete_queryset(self, request: HttpRequest, queryset: Iterable[Model]) -> None:
        for record in queryset:
            try:
                self.remove(record)
            except InUse as error:
                self.message_user(request, f"{record}: {error}", messages.ERROR)


@admin.register(Schedule)
class ScheduleAdmin(ContentAdmin):
    form = ScheduleForm
    list_display = ["in_words", "fields_of_cron", "timezone", "in_contact_timezone", "next_due"]
    list_filter = ["timezone", "in_contact_timezone"]
    search_fields = ["minute", "hour", "timezone"]
    readonly_fields = ["in_words", "next_due", "planned_until", "created_at", "updated_at"]
    is_used = staticmethod(content.schedule_is_used)

    def get_readonly_fields(self, request: HttpRequest, obj: Schedule | None = None) -> Any:
        # Of one that is not there yet they would speak of the form's defaults.
        return self.readonly_fields if obj else []

    def remove(self, record: Schedule) -> None:
        content.delete_schedule(schedule=record)

    @display(description="In cron's words")
    def fields_of_cron(self, schedule: Schedule) -> str:
        return schedule.cron

    @display(description="When")
    def in_words(self, schedule: Schedule) -> str:
        return in_words(schedule)

    @display(description="Next due")
    def next_due(self, schedule: Schedule) -> str:
        try:
            slots = next_slots(cron_of(schedule), own_zone(schedule), now(), 1)
        except BadCronField:
            return "never"
        return f"{slots[0].astimezone(own_zone(schedule)):%a %d %b %Y, %H:%M %Z}" if slots else "never"

    def save_model(self, request: HttpRequest, obj: Schedule, form: Any, change: bool) -> None:
        content.save_schedule(schedule=obj, changed=form.changed_data if change else None)


@admin.register(MessageSet)
class MessageSetAdmin(EditorPagesMixin, ContentAdmin):
    form = MessageSetForm
    list_display = [
        "short_name", "label", "shown_state", "channel", "due", "next_set", "size", "unpublished",
    ]  # fmt: skip
    list_filter = ["state", "content_type", "channel", "fall_back"]
    list_select_related = ["default_schedule", "next_set"]
    search_fields = ["short_name", "label"]
    autocomplete_fields = ["default_schedule", "next_set"]
    readonly_fields = ["created_at", "updated_at"]
    is_used = staticmethod(content.message_set_is_used)

    class Media:
        # For the tabs above the settings.
        css = {"all": ["stagebased/editors.css"]}

    fieldsets = [
        (None, {"fields": ["short_name", "label", "content_type", "notes"]}),
        ("When", {"fields": [
            "default_schedule", ("next_set", "repeats"), "starts_after", ("not_before", "not_after"),
            "spread",
        ]}),
        ("After an outage", {"fields": ["catch_up", "grace", "spacing"]}),
        ("How", {"fields": [
            ("channel", "gateway"), "fall_back", ("fallback_languages", "default_language"),
            "stop_after_failures", "one_active",
        ]}),
        ("History", {"fields": ["created_at", "updated_at"]}),
    ]  # fmt: skip

    def remove(self, record: MessageSet) -> None:
        content.delete_message_set(message_set=record)

    def get_queryset(self, request: HttpRequest) -> QuerySet[MessageSet]:
        drafts = Draft.objects.filter(messageset=OuterRef("pk")).order_by().values("messageset")
        return (
            super()
            .get_queryset(request)
            .annotate(
                message_count=Count("messages"),
                draft_count=Subquery(drafts.annotate(n=Count("pk")).values("n")),
            )
        )

    @display(description="State", ordering="state", label={"active": "success", "draft": "warning"})
    def shown_state(self, message_set: MessageSet) -> tuple[str, str]:
        return message_set.state, message_set.get_state_display()

    @display(description="Due")
    def due(self, message_set: MessageSet) -> str:
        return in_words(message_set.default_schedule)

    @display(description="Messages", ordering="message_count")
    def size(self, message_set: Any) -> int:
        return message_set.message_count

    @display(description="Drafts", ordering="draft_count")
    def unpublished(self, message_set: Any) -> str:
        return str(message_set.draft_count or "—")

    def save_model(self, request: HttpRequest, obj: MessageSet, form: Any, change: bool) -> None:
        if not change:
            # Somebody is about to write it: nobody is put on it before it is complete.
            obj.state = MessageSet.State.DRAFT
        content.save_message_set(message_set=obj, changed=form.changed_data if change else None)


@admin.register(Message)
class MessageAdmin(ContentAdmin):
    form = MessageForm
    list_display = ["message_set", "number", "language", "beginning", "parts", "file"]
    list_display_links = ["number", "beginning"]
    list_filter = ["messageset", "lang"]
    list_select_related = ["messageset", "binary_content"]
    search_fields = ["text_content", "messageset__short_name"]
    autocomplete_fields = ["messageset", "binary_content"]
    readonly_fields = ["parts", "created_at", "updated_at"]

    def remove(self, record: Message) -> None:
        content.delete_message(message=record)

    @display(description="Message set", ordering="messageset__short_name")
    def message_set(self, message: Message) -> str:
        return str(message.messageset)

    @display(description="Number", ordering="sequence_number")
    def number(self, message: Message) -> int:
        return message.sequence_number

    @display(description="Language", ordering="lang")
    def language(self, message: Message) -> str:
        return message.lang

    @display(description="Text")
    def beginning(self, message: Message) -> str:
        return Truncator(message.text_content or "—").chars(60)

    @display(description="File")
    def file(self, message: Message) -> str | None:
        return str(message.binary_content) if message.binary_content else None

    @display(description="SMS parts")
    def parts(self, message: Message) -> str:
        """What sending it costs, or why it cannot be sent."""
        if not message.text_content or message.messageset_id is None:
            return "—"
        name = message.messageset.channel
        if name not in channel_names():
            return f"no channel {name}"
        found = channel(name).examine(message.text_content, {})
        return (found.detail or found.code) if isinstance(found, Refusal) else str(found)

    def save_model(self, request: HttpRequest, obj: Message, form: Any, change: bool) -> None:
        changed = form.changed_data if change else None
        content.save_message(message=obj, changed=changed, by=cast(User, request.user))


@admin.register(BinaryContent)
class BinaryContentAdmin(ContentAdmin):
    form = FileForm
    list_display = ["file", "content_type", "bytes", "created_at", "message_count"]
    list_filter = ["content_type"]
    search_fields = ["content", "sha256"]
    readonly_fields = ["content_type", "bytes", "checksum", "created_at"]
    is_used = staticmethod(content.file_is_used)

    def remove(self, record: BinaryContent) -> None:
        content.delete_file(record=record)

    def get_queryset(self, request: HttpRequest) -> QuerySet[BinaryContent]:
        kept = super().get_queryset(request).filter(replaced_at=None)
        return kept.annotate(messages_using=Count("messages"))

    @display(description="File", ordering="content")
    def file(self, record: BinaryContent) -> str:
        return str(record)

    @display(description="Size", ordering="size")
    def bytes(self, record: BinaryContent) -> str | None:
        return filesizeformat(record.size) if record.size else None

    @display(description="Checksum (SHA-256)")
    def checksum(self, record: BinaryContent) -> str | None:
        return record.sha256 or None

    @display(description="Messages", ordering="messages_using")
    def message_count(self, record: Any) -> int:
        return record.messages_using

    def save_model(self, request: HttpRequest, obj: BinaryContent, form: Any, change: bool) -> None:
        if "content" in form.changed_data:
            content.store_file(upload=form.cleaned_data["content"], record=obj)
