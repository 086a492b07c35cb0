"""Schedules, message sets, messages and files, for people who write programmes."""

from __future__ import annotations

from collections.abc import Callable, Iterable
from typing import Any

from cron_descriptor import FormatException, Options, get_description
from django.contrib import admin, messages
from django.db.models import Count, Model, QuerySet
from django.http import HttpRequest
from django.utils.text import Truncator
from django.utils.timezone import now

from accounts.adminbase import ModelAdmin, TabularInline, display
from outbox.channels import Refusal, channel, channel_names
from stagebased.calendar import BadCronField, next_slots
from stagebased.errors import InUse
from stagebased.forms import FileForm, MessageForm, MessageSetForm, ScheduleForm
from stagebased.models import BinaryContent, Message, MessageSet, Schedule
from stagebased.operations import content
from stagebased.slots import cron_of, own_zone


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
    list_display = ["__str__", "in_words", "timezone", "in_contact_timezone", "next_due"]
    list_filter = ["timezone", "in_contact_timezone"]
    search_fields = ["minute", "hour", "timezone"]
    readonly_fields = ["in_words", "next_due", "planned_until", "created_at", "updated_at"]
    is_used = staticmethod(content.schedule_is_used)

    def remove(self, record: Schedule) -> None:
        content.delete_schedule(schedule=record)

    @display(description="In words")
    def in_words(self, schedule: Schedule) -> str:
        options = Options()
        options.use_24hour_time_format = True
        try:
            return str(get_description(cron_of(schedule).expression, options))
        except (BadCronField, FormatException):
            return "never"

    @display(description="Next due")
    def next_due(self, schedule: Schedule) -> str:
        try:
            slots = next_slots(cron_of(schedule), own_zone(schedule), now(), 1)
        except BadCronField:
            return "never"
        return f"{slots[0].astimezone(own_zone(schedule)):%a %d %b %Y, %H:%M %Z}" if slots else "never"

    def save_model(self, request: HttpRequest, obj: Schedule, form: Any, change: bool) -> None:
        content.save_schedule(schedule=obj, changed=form.changed_data if change else None)


class MessageInline(TabularInline):
    """The set's messages, twenty to a page: a long programme has thousands."""

    model = Message
    form = MessageForm
    fields = ["sequence_number", "lang", "text_content", "binary_content"]
    autocomplete_fields = ["binary_content"]
    ordering = ["sequence_number", "lang"]
    per_page = 20


@admin.register(MessageSet)
class MessageSetAdmin(ContentAdmin):
    form = MessageSetForm
    list_display = ["short_name", "label", "content_type", "channel", "default_schedule", "next_set", "size"]
    list_filter = ["content_type", "channel", "fall_back"]
    list_select_related = ["default_schedule", "next_set"]
    search_fields = ["short_name", "label"]
    autocomplete_fields = ["default_schedule", "next_set"]
    readonly_fields = ["created_at", "updated_at"]
    inlines = [MessageInline]
    is_used = staticmethod(content.message_set_is_used)
    fieldsets = [
        (None, {"fields": ["short_name", "label", "content_type", "notes"]}),
        ("When", {"fields": ["default_schedule", "next_set", "not_before", "not_after", "grace"]}),
        ("How", {"fields": ["channel", "gateway", "fall_back", "default_language"]}),
        ("History", {"fields": ["created_at", "updated_at"]}),
    ]

    def remove(self, record: MessageSet) -> None:
        content.delete_message_set(message_set=record)

    def get_queryset(self, request: HttpRequest) -> QuerySet[MessageSet]:
        return super().get_queryset(request).annotate(message_count=Count("messages"))

    @display(description="Messages", ordering="message_count")
    def size(self, message_set: Any) -> int:
        return message_set.message_count

    def save_model(self, request: HttpRequest, obj: MessageSet, form: Any, change: bool) -> None:
        content.save_message_set(message_set=obj, changed=form.changed_data if change else None)

    def save_formset(self, request: HttpRequest, form: Any, formset: Any, change: bool) -> None:
        # Also notes what is new, changed and removed, for the page's history.
        formset.save(commit=False)
        for message in formset.deleted_objects:
            content.delete_message(message=message)
        for message in formset.new_objects:
            content.save_message(message=message)
        for message, changed in formset.changed_objects:
            content.save_message(message=message, changed=changed)


@admin.register(Message)
class MessageAdmin(ContentAdmin):
    form = MessageForm
    list_display = ["message_set", "number", "language", "beginning", "parts", "binary_content"]
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
        content.save_message(message=obj, changed=form.changed_data if change else None)


@admin.register(BinaryContent)
class BinaryContentAdmin(ContentAdmin):
    form = FileForm
    list_display = ["__str__", "content_type", "size", "created_at", "message_count"]
    list_filter = ["content_type"]
    search_fields = ["content", "sha256"]
    readonly_fields = ["content_type", "size", "sha256", "created_at"]
    is_used = staticmethod(lambda record: record.messages.exists())

    def remove(self, record: BinaryContent) -> None:
        content.delete_file(record=record)

    def get_queryset(self, request: HttpRequest) -> QuerySet[BinaryContent]:
        return super().get_queryset(request).annotate(messages_using=Count("messages"))

    @display(description="Messages", ordering="messages_using")
    def message_count(self, record: Any) -> int:
        return record.messages_using

    def save_model(self, request: HttpRequest, obj: BinaryContent, form: Any, change: bool) -> None:
        if "content" in form.changed_data:
            content.store_file(upload=form.cleaned_data["content"], record=obj)
