"""SMS in the admin site: what came in, which words mean what, what the network reported."""

from __future__ import annotations

from collections.abc import Iterable
from typing import Any
from uuid import UUID

from django import forms
from django.conf import settings
from django.contrib import admin, messages
from django.db import models
from django.db.models import Q, QuerySet
from django.http import HttpRequest
from django.urls import NoReverseMatch, reverse
from django.utils.html import format_html, format_html_join
from django.utils.safestring import SafeString
from django.utils.text import Truncator

from accounts.adminbase import (
    ModelAdmin,
    ReadOnlyModelAdmin,
    Select,
    TabularInline,
    Textarea,
    action,
    display,
)
from accounts.wording import counted
from contacts import programmes
from contacts.numbers import InvalidNumber, parse_msisdn
from outbox.models import Delivery
from smsbridge.inbound.loops import SOURCE
from smsbridge.models import (
    CollectorCount,
    GatewayAccount,
    InboundMessage,
    Keyword,
    KeywordAnswer,
    PartReference,
    SegmentCount,
    StatusReport,
)
from smsbridge.spool import alphabet


class GatewayFilter(admin.SimpleListFilter):
    """By the gateways of the settings: nobody has to read the whole table for their names."""

    title = "gateway"
    parameter_name = "gateway"

    def lookups(self, request: HttpRequest, model_admin: Any) -> list[tuple[str, str]]:
        return [(name, name) for name in settings.SMS_GATEWAYS]

    def queryset(self, request: HttpRequest, queryset: QuerySet[Any]) -> QuerySet[Any]:
        return queryset.filter(gateway=self.value()) if self.value() else queryset


class SearchByDigits:
    """For tables that keep numbers as smsd writes them (international, without +): finds whole numbers."""

    search_fields = ["number"]
    search_help_text = "A whole number with its country code."

    def get_search_results(
        self, request: HttpRequest, queryset: QuerySet[Any], search_term: str
    ) -> tuple[QuerySet[Any], bool]:
        digits = "".join(char for char in search_term if "0" <= char <= "9")
        return (queryset.filter(number=digits) if search_term.strip() else queryset), False


def delivery_link(delivery: UUID, text: str) -> SafeString | str:
    try:
        url = reverse("admin:outbox_delivery_change", args=[delivery])
    except NoReverseMatch:
        return text
    return format_html('<a href="{}">{}</a>', url, text)


@admin.register(InboundMessage)
class InboundMessageAdmin(ReadOnlyModelAdmin):
    list_display = ["received_at", "sender", "contact", "beginning", "meaning", "answer", "gateway"]
    list_filter = ["meaning", "answer", GatewayFilter, "received_at"]
    list_select_related = ["contact"]
    search_fields = ["sender", "text"]
    search_help_text = "A number, the beginning of a sender, or words of the message."
    fields = [
        ("sender", "contact"), "text", ("meaning", "keyword"), ("answer", "answers"),
        ("received_at", "sent_at"), ("gateway", "file_name"), "file_headers",
    ]  # fmt: skip
    readonly_fields = ["answers", "file_headers"]

    def get_search_results(
        self, request: HttpRequest, queryset: QuerySet[InboundMessage], search_term: str
    ) -> tuple[QuerySet[InboundMessage], bool]:
        term = search_term.strip().replace("\x00", "")
        try:
            return queryset.filter(sender__startswith=parse_msisdn(term)), False
        except InvalidNumber:
            return queryset.filter(Q(sender__istartswith=term) | Q(text__icontains=term)), False

    @display(description="message")
    def beginning(self, message: InboundMessage) -> str:
        return Truncator(message.text).chars(80)

    @display(description="sent in answer")
    def answers(self, message: InboundMessage) -> SafeString | str:
        rows = Delivery.objects.filter(cause=message.pk, source=SOURCE).only("text", "state")
        return _lines((delivery_link(row.pk, row.get_state_display()), row.text) for row in rows) or "—"

    @display(description="headers of the file")
    def file_headers(self, message: InboundMessage) -> SafeString | str:
        return _lines(message.headers.items()) or "—"


def _lines(pairs: Iterable[tuple[object, object]]) -> SafeString:
    return format_html_join(SafeString("<br>"), "{}: {}", pairs)


class KeywordForm(forms.ModelForm):
    """The programme is chosen, not typed: a word for one that does not exist would do nothing."""

    class Meta:
        model = Keyword
        fields = ["word", "action", "programme", "language", "confirmation"]
        widgets = {"confirmation": Textarea(attrs={"rows": 3})}

    def __init__(self, *args: Any, **options: Any) -> None:
        super().__init__(*args, **options)
        names = {*programmes.known(), self.instance.programme} - {""}
        chooser = Select(choices=[("", "everything"), *((name, name) for name in sorted(names))])
        if "programme" in self.fields:
            self.fields["programme"].widget = chooser


class KeywordAnswerInline(TabularInline):
    """What is sent back to people of other languages."""

    model = KeywordAnswer
    fields = ["language", "text"]
    extra = 1
    show_change_link = False
    verbose_name = "answer in another language"
    verbose_name_plural = "Answers to people of other languages"


@admin.register(Keyword)
class KeywordAdmin(ModelAdmin):
    form = KeywordForm
    list_display = ["word", "action", "about", "language", "confirmation", "in_languages", "parts"]
    list_filter = ["action", "language", "programme"]
    search_fields = ["word", "confirmation", "answers__text"]
    inlines = [KeywordAnswerInline]
    actions = ["share_confirmation"]

    def get_queryset(self, request: HttpRequest) -> QuerySet[Keyword]:
        return super().get_queryset(request).prefetch_related("answers")

    @display(description="programme", empty_value="everything")
    def about(self, keyword: Keyword) -> str | None:
        return keyword.programme or None

    @display(description="also in", empty_value="—")
    def in_languages(self, keyword: Keyword) -> str | None:
        return ", ".join(answer.language for answer in keyword.answers.all()) or None

    @display(description="SMS parts", empty_value="—")
    def parts(self, keyword: Keyword) -> int | None:
        return alphabet.segment(keyword.confirmation).count if keyword.confirmation else None

    @action(description="Give its confirmation to all words that mean the same", permissions=["change"])
    def share_confirmation(self, request: HttpRequest, queryset: QuerySet[Keyword]) -> None:
        """The same: of the same action, programme and language."""
        given = 0
        for keyword in queryset:
            alike = Keyword.objects.filter(
                action=keyword.action, programme=keyword.programme, language=keyword.language
            )
            given += alike.exclude(pk=keyword.pk).update(confirmation=keyword.confirmation)
        self.message_user(request, f"A new confirmation for {counted(given, 'word')}.", messages.SUCCESS)


class MatchedFilter(admin.SimpleListFilter):
    title = "message"
    parameter_name = "matched"

    def lookups(self, request: HttpRequest, model_admin: Any) -> list[tuple[str, str]]:
        return [("yes", "found"), ("no", "not found")]

    def queryset(self, request: HttpRequest, queryset: QuerySet[Any]) -> QuerySet[Any]:
        if self.value() not in ("yes", "no"):
            return queryset
        return queryset.filter(matched__isnull=self.value() == "no")


@admin.register(StatusReport)
class StatusReportAdmin(SearchByDigits, ReadOnlyModelAdmin):
    """Only the reports that came before their message was known; the others are with their parts."""

    list_display = ["received_at", "number", "reference", "status_text", "modem", "gateway", "delivery"]
    list_filter = [MatchedFilter, GatewayFilter, "received_at"]
    list_select_related = ["matched"]
    fields = [
        ("number", "reference"), ("status", "status_text"), ("discharged_at", "received_at"),
        ("modem", "gateway"), "delivery",
    ]  # fmt: skip
    readonly_fields = ["delivery"]

    @display(description="message")
    def delivery(self, report: StatusReport) -> SafeString | str:
        return delivery_link(report.matched.delivery_id, "found") if report.matched else "not found yet"


@admin.register(PartReference)
class PartReferenceAdmin(SearchByDigits, ReadOnlyModelAdmin):
    list_display = ["sent_at", "number", "reference", "modem", "status", "reported_at", "message"]
    list_filter = ["sent_at"]
    fields = [("number", "reference"), ("modem", "sent_at"), ("status", "reported_at"), "message"]
    readonly_fields = ["message"]

    @display(description="delivery")
    def message(self, part: PartReference) -> SafeString | str:
        return delivery_link(part.delivery_id, "Show it")


@admin.register(CollectorCount)
class CollectorCountAdmin(ReadOnlyModelAdmin):
    list_display = ["hour", "gateway", "what", "count"]
    list_filter = ["what", GatewayFilter]
    ordering = ["-hour", "gateway", "what"]


@admin.register(GatewayAccount)
class GatewayAccountAdmin(ModelAdmin):
    """Who may send what through the SMS interface; clearing "stopped at" lets an account send again."""

    list_display = ["user", "may_use", "is_admin", "daily_segments", "stopped_at", "stop_reason"]
    list_filter = ["may_use", "is_admin", ("stopped_at", admin.EmptyFieldListFilter)]
    list_select_related = ["user"]
    search_fields = ["user__username"]
    autocomplete_fields = ["user"]
    fields = [
        "user", "may_use", ("is_admin", "may_override_opt_out"), ("queue", "list_limit"), "whitelist",
        "countries", ("daily_segments", "sequence_limit"), "prefix_quotas", "stopped_at", "stop_reason",
        "set_for_all",
    ]  # fmt: skip

    def get_readonly_fields(self, request: HttpRequest, obj: Any = None) -> list[str]:
        # The row is the account's for good, and only the mighty make others so.
        fixed = ["set_for_all", "user"] if obj else ["set_for_all"]
        return fixed if request.user.is_superuser else [*fixed, "is_admin", "may_override_opt_out"]

    def formfield_for_dbfield(self, db_field: Any, request: HttpRequest, **kwargs: Any) -> Any:
        if isinstance(db_field, models.JSONField):
            kwargs |= {"widget": Textarea(attrs={"rows": 2})}
        field = super().formfield_for_dbfield(db_field, request, **kwargs)
        if db_field.name == "may_use":
            field.widget.choices = [("unknown", "As in the settings"), ("true", "Yes"), ("false", "No")]
        return field

    @display(description="in the settings")
    def set_for_all(self, account: GatewayAccount) -> SafeString:
        """What counts where the account's own field is empty."""
        name = account.user.get_username() if account.user_id else ""
        shown = {
            "SMS_API_ACCESS": settings.SMS_API_ACCESS,
            "SMS_ADMIN_ACCOUNTS": ", ".join(settings.SMS_ADMIN_ACCOUNTS),
            "SMS_DEFAULT_QUEUE": settings.SMS_DEFAULT_QUEUE,
            "SMS_LIST_LIMIT": settings.SMS_LIST_LIMIT,
            "SMS_USER_WHITELIST": settings.SMS_USER_WHITELIST.get(name, "anywhere"),
            "SMS_COUNTRIES": ", ".join(settings.SMS_COUNTRIES) or "all",
            "SMS_DAILY_SEGMENTS": settings.SMS_DAILY_SEGMENTS or "no limit",
            "SMS_PREFIX_QUOTAS": ", ".join(f"{at}={most}" for at, most in settings.SMS_PREFIX_QUOTAS.items()),
            "SMS_SEQUENCE_LIMIT": settings.SMS_SEQUENCE_LIMIT,
            "SMS_API_OVERRIDE_OPT_OUT": settings.SMS_API_OVERRIDE_OPT_OUT,
        }
        rows = ((setting, "—" if value == "" else str(value)) for setting, value in shown.items())
        return format_html_join("", "<div>{}: <strong>{}</strong></div>", rows)

    def save_model(self, request: HttpRequest, obj: GatewayAccount, form: Any, change: bool) -> None:
        if "stopped_at" in form.changed_data and obj.stopped_at is None:
            # Else the next number would complete the same run again.
            obj.recent, obj.stop_reason = [], ""
        super().save_model(request, obj, form, change)


@admin.register(SegmentCount)
class SegmentCountAdmin(ReadOnlyModelAdmin):
    list_display = ["day", "scope", "segments"]
    list_filter = ["day"]
    search_fields = ["scope"]
