"""Forms of the admin site. Their rules are those of the operations: editors and API callers meet the same."""

from __future__ import annotations

from collections.abc import Iterable
from typing import Any

from django import forms
from django.db.models import Model
from django.urls import reverse

from accounts.adminbase import Select
from outbox.channels import channel, channel_names
from stagebased.errors import Refused
from stagebased.models import BinaryContent, Message, MessageSet, Schedule, Subscription
from stagebased.operations import content, dates


class RuledForm(forms.ModelForm):
    """A form whose finished record also has to pass the check of its operation."""

    def check(self, record: Any) -> None:
        """Raise Refused when the record breaks a rule."""
        raise NotImplementedError

    def _post_clean(self) -> None:
        super()._post_clean()  # type: ignore[misc] # the framework's own hook, which its stubs leave out
        if not self.errors and self.has_changed():
            self._apply_rules(self.instance)

    def _apply_rules(self, record: Model) -> None:
        try:
            self.check(record)
        except Refused as refusal:
            for field, texts in refusal.errors.items():
                self.add_error(field if field in self.fields else None, texts)


class ScheduleForm(RuledForm):
    def check(self, record: Any) -> None:
        content.check_schedule(record)

    class Meta:
        model = Schedule
        fields = [
            "minute",
            "hour",
            "day_of_month",
            "month_of_year",
            "day_of_week",
            "timezone",
            "in_contact_timezone",
        ]
        help_texts = {
            "minute": "0 to 59. In all five: * for each, 0,30 for some, 8-17 for a span, */2 for every 2nd.",
            "hour": "0 to 23.",
            "timezone": "E.g. Africa/Johannesburg.",
        }


class MessageSetForm(RuledForm):
    def __init__(self, *args: Any, **options: Any) -> None:
        super().__init__(*args, **options)
        gateways = dict.fromkeys(gateway for name in channel_names() for gateway in channel(name).gateways())
        self._choose_among("channel", channel_names())
        self._choose_among("gateway", ["", *gateways])

    def _choose_among(self, name: str, there_are: Iterable[str]) -> None:
        """Offer what this installation has; what a record says stays on offer, and the rules judge it."""
        # Whoever only looks has no fields.
        if field := self.fields.get(name):
            kept = getattr(self.instance, name)
            offered = list(dict.fromkeys([*there_are, kept]))
            field.widget = Select(choices=[(one, one or "the channel's usual one") for one in offered])

    def check(self, record: Any) -> None:
        content.check_message_set(record)

    class Meta:
        model = MessageSet
        fields = [
            "short_name",
            "label",
            "content_type",
            "notes",
            "default_schedule",
            "next_set",
            "channel",
            "gateway",
            "fall_back",
            "fallback_languages",
            "default_language",
            "not_before",
            "not_after",
            "grace",
            "catch_up",
            "spacing",
            "spread",
            "starts_after",
            "stop_after_failures",
            "repeats",
            "one_active",
        ]
        labels = {
            "starts_after": "Starts after (days)",
            "stop_after_failures": "Stop after failures",
        }
        help_texts = {
            "grace": "How late a message may still be sent, as HH:MM:SS; empty: as the installation has it.",
            "spacing": "Time between messages that are caught up one for each slot, as HH:MM:SS.",
            "spread": "A slot's messages go out evenly over this time, as HH:MM:SS; empty: all at once.",
        }


class MessageForm(RuledForm):
    class Media:
        css = {"all": ["stagebased/editors.css"]}
        js = [forms.Script("stagebased/counter.js", defer=True)]

    def check(self, record: Any) -> None:
        content.check_message(record)

    class Meta:
        model = Message
        fields = ["messageset", "sequence_number", "lang", "text_content", "binary_content", "metadata"]
        labels = {
            "messageset": "Message set",
            "sequence_number": "Number",
            "lang": "Language",
            "text_content": "Text",
            "binary_content": "File",
        }

    def __init__(self, *args: Any, **options: Any) -> None:
        super().__init__(*args, **options)
        # Whoever only looks has no fields.
        if text := self.fields.get("text_content"):
            url = reverse("admin:stagebased_count")
            text.widget.attrs |= {"data-counter-url": url, "data-counter-from": "#id_messageset", "rows": 3}


class FileForm(forms.ModelForm):
    class Meta:
        model = BinaryContent
        fields = ["content"]
        labels = {"content": "File"}

    def clean_content(self) -> Any:
        upload = self.cleaned_data["content"]
        if "content" in self.changed_data:
            try:
                content.check_file(upload)
            except Refused as refusal:
                raise forms.ValidationError(refusal.errors["content"]) from None
        return upload


class SubscriptionForm(RuledForm):
    def check(self, record: Any) -> None:
        if record.anchor_date and "anchor_date" in self.changed_data:
            if "messageset" in self.changed_data:
                # Its date spoke of another chain; this one speaks of the new set.
                record.anchor_set = None
            dates.check_date(record, anchor_date=record.anchor_date)

    class Meta:
        model = Subscription
        fields = [
            "contact", "messageset", "schedule", "lang", "next_sequence_number", "initial_sequence_number",
            "anchor_date", "active", "completed", "process_status", "metadata",
        ]  # fmt: skip
        labels = {
            "contact": "Person",
            "messageset": "Message set",
            "lang": "Language",
            "next_sequence_number": "Next message",
            "initial_sequence_number": "Began with message",
            "anchor_date": "Counted from",
        }
        help_texts = {
            "contact": "Found by identity, number or name.",
            "anchor_date": "Due date or birth: the position follows it. Empty: it goes on by itself.",
            "process_status": "0: ready. Anything else keeps it from being sent to.",
            "metadata": "What the hub knows besides, as an object.",
        }

    def clean_next_sequence_number(self) -> int:
        return _position(self.cleaned_data["next_sequence_number"])

    def clean_initial_sequence_number(self) -> int:
        return _position(self.cleaned_data["initial_sequence_number"])

    def clean_metadata(self) -> dict[str, Any] | None:
        metadata = self.cleaned_data["metadata"]
        if metadata is not None and not isinstance(metadata, dict):
            raise forms.ValidationError("Write an object: names and values between braces.")
        return metadata


def _position(number: int) -> int:
    if number < 1:
        raise forms.ValidationError("Positions begin at 1.")
    return number
