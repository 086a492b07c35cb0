"""SMS in the admin site: what came in, which words mean what, what the network reported."""

from __future__ import annotations

from collections.abc import Iterable
from typing import Any
from uuid import UUID

from django.conf import settings
from django.contrib import admin
from django.db.models import Q, QuerySet
from django.http import HttpRequest
from django.urls import NoReverseMatch, reverse
from django.utils.html import format_html, format_html_join
from django.utils.safestring import SafeString
from django.utils.text import Truncator

from accounts.adminbase import ModelAdmin, ReadOnlyModelAdmin, display
from contacts.numbers import InvalidNumber, parse_msisdn
from outbox.models import Delivery
from smsbridge.inbound.loops import SOURCE
from smsbridge.models import (
    CollectorCount,
    GatewayAccount,
    InboundMessage,
    Keyword,
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


@admin.register(Keyword)
class KeywordAdmin(ModelAdmin):
    list_display = ["word", "action", "about", "language", "confirmation", "parts"]
    list_filter = ["action", "language", "programme"]
    search_fields = ["word", "confirmation"]
    fields = ["word", "action", "programme", "language", "confirmation"]

    @display(description="programme", empty_value="everything")
    def about(self, keyword: Keyword) -> str | None:
        return keyword.programme or None

    @display(description="SMS parts", empty_value="—")
    def parts(self, keyword: Keyword) -> int | None:
        return alphabet.segment(keyword.confirmation).count if keyword.confirmation else None


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
        return delivery_link(part.delivery_id, str(part.delivery_id))


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
        "user", ("may_use", "is_admin", "may_override_opt_out"), "queue", "whitelist", "countries",
        ("daily_segments", "sequence_limit"), "prefix_quotas", ("stopped_at", "stop_reason"),
    ]  # fmt: skip

    def get_readonly_fields(self, request: HttpRequest, obj: Any = None) -> list[str]:
        # The row is the account's for good, and only the mighty make others so.
        fixed = ["user"] if obj else []
        return fixed if request.user.is_superuser else [*fixed, "is_admin", "may_override_opt_out"]

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
