"""What goes out, in the admin site: every delivery with its fate, and the gateways it goes through."""

from __future__ import annotations

from datetime import timedelta
from typing import Any
from uuid import UUID

from django.contrib import admin, messages
from django.db.models import Q, QuerySet
from django.http import HttpRequest
from django.urls import reverse
from django.utils import timezone
from django.utils.html import format_html
from django.utils.safestring import SafeString
from django.utils.text import Truncator

from accounts.adminbase import ModelAdmin, ReadOnlyModelAdmin, action, display
from contacts.admin import people_matching
from contacts.models import Contact
from contacts.numbers import InvalidNumber, parse_msisdn
from outbox import channels, operations
from outbox.models import Delivery, DeliveryCount, Gateway

State = Delivery.State
#: Reasons offered as filters are those of the latest days.
REASONS_OF = timedelta(days=30)
_COLOURS = {
    State.QUEUED: "info", State.CLAIMED: "info", State.HANDED: "info", State.SENT: "info",
    State.DELIVERED: "success", State.FAILED: "danger", State.EXPIRED: "warning", State.SKIPPED: "warning",
}  # fmt: skip


class _NamedFilter(admin.SimpleListFilter):
    """Filters a column by names known without reading the whole table."""

    parameter_name: str

    def queryset(self, request: HttpRequest, queryset: QuerySet[Any]) -> QuerySet[Any]:
        return queryset.filter(**{self.parameter_name: self.value()}) if self.value() else queryset


class ChannelFilter(_NamedFilter):
    title = "channel"
    parameter_name = "channel"

    def lookups(self, request: HttpRequest, model_admin: Any) -> list[tuple[str, str]]:
        return [(name, name) for name in channels.channel_names()]


class GatewayFilter(_NamedFilter):
    title = "gateway"
    parameter_name = "gateway"

    def lookups(self, request: HttpRequest, model_admin: Any) -> list[tuple[str, str]]:
        return [(name, name) for name in Gateway.objects.order_by("name").values_list("name", flat=True)]


class ReasonFilter(_NamedFilter):
    """Why deliveries ended short, as the hourly counts know it."""

    title = "reason"
    parameter_name = "reason"

    def lookups(self, request: HttpRequest, model_admin: Any) -> list[tuple[str, str]]:
        lately = DeliveryCount.objects.filter(hour__gte=timezone.now() - REASONS_OF).exclude(reason="")
        reasons = lately.order_by("reason").values_list("reason", flat=True).distinct()
        return [(reason, reason.replace("_", " ")) for reason in reasons]


@admin.register(Delivery)
class DeliveryAdmin(ReadOnlyModelAdmin):
    """Each message to each person; nothing is typed in here, but waiting ones can be stopped."""

    list_display = ["created_at", "person", "address", "beginning", "shown_state", "why", "gateway", "parts"]
    list_filter = ["state", ReasonFilter, ChannelFilter, GatewayFilter, "created_at"]
    list_select_related = ["contact"]
    # Ids are made in the order of time; the primary key's index serves any page.
    ordering = ["-pk"]
    sortable_by: list[str] = []
    search_fields = ["pk"]
    search_help_text = "A number, a person's name or identity, or the id of a delivery or of its cause."
    actions = ["stop", "send_again"]
    fieldsets = [
        (None, {"fields": ["shown_state", "why", ("person", "address"), "text", "parts"]}),
        ("When", {"fields": [
            ("created_at", "not_before"), ("claimed_at", "handed_at"), ("sent_at", "delivered_at"),
            ("ended_at", "expires_at", "closes_at"),
        ]}),
        ("How", {"fields": [
            ("channel", "gateway", "priority"), "options", ("despite_opt_out", "attempts"),
            ("source", "cause", "slot_key"), "created_by",
        ]}),
    ]  # fmt: skip
    readonly_fields = ["shown_state", "why", "person"]

    def get_search_results(
        self, request: HttpRequest, queryset: QuerySet[Delivery], search_term: str
    ) -> tuple[QuerySet[Delivery], bool]:
        term = search_term.strip().replace("\x00", "")
        return (queryset.filter(_matching(term)) if term else queryset), False

    @display(description="person", empty_value="—")
    def person(self, delivery: Delivery) -> SafeString | None:
        if delivery.contact is None:
            return None
        url = reverse("admin:contacts_contact_change", args=[delivery.contact_id])
        return format_html('<a href="{}">{}</a>', url, delivery.contact)

    @display(description="text")
    def beginning(self, delivery: Delivery) -> str:
        return Truncator(delivery.text).chars(60)

    @display(description="state", label=_COLOURS)
    def shown_state(self, delivery: Delivery) -> tuple[str, str]:
        return delivery.state, delivery.get_state_display()

    @display(description="why", empty_value="—")
    def why(self, delivery: Delivery) -> str | None:
        return delivery.detail or delivery.reason.replace("_", " ") or None

    # --- actions ----------------------------------------------------------------------

    def has_steer_permission(self, request: HttpRequest) -> bool:
        """The rows themselves are never edited; who might may stop and repeat them."""
        return bool(request.user.has_perm("outbox.change_delivery"))

    @action(description="Stop what has not gone out yet", permissions=["steer"])
    def stop(self, request: HttpRequest, queryset: QuerySet[Delivery]) -> None:
        stopped = operations.cancel(
            ids=_ids(queryset), reason="stopped_by_staff", detail=f"By {request.user}."
        )
        self.message_user(request, f"{len(stopped)} deliveries stopped.", _level(stopped))

    @action(description="Send again what failed, expired or was stopped", permissions=["steer"])
    def send_again(self, request: HttpRequest, queryset: QuerySet[Delivery]) -> None:
        made = operations.send_again(ids=_ids(queryset), created_by=request.user.pk)
        queued = [row for row in made if row.state == State.QUEUED]
        self.message_user(request, f"{len(queued)} deliveries queued again.", _level(queued))


def _ids(queryset: QuerySet[Delivery]) -> list[UUID]:
    return list(queryset.values_list("pk", flat=True))


def _level(changed: list[Any]) -> int:
    return messages.SUCCESS if changed else messages.INFO


def _matching(term: str) -> Q:
    """Through indexes only: by id, by person, by a number that nobody is known to have."""
    found = Q(contact__in=Contact.objects.filter(people_matching(term)).values("pk"))
    try:
        key = UUID(term)
    except ValueError:
        pass
    else:
        return found | Q(pk=key) | Q(cause=key)
    try:
        return found | Q(contact__isnull=True, address=parse_msisdn(term))
    except InvalidNumber:
        return found


@admin.register(Gateway)
class GatewayAdmin(ModelAdmin):
    """Slow a way out down, or stop it. Gateways themselves are named in the settings."""

    list_display = ["name", "channel", "paused", "rate_per_minute", "high_water", "trouble", "trouble_since"]
    list_filter = ["paused"]
    fields = ["name", "channel", "paused", "rate_per_minute", "high_water", "trouble", "trouble_since"]
    readonly_fields = ["name", "channel", "trouble", "trouble_since"]
    ordering = ["name"]

    def has_add_permission(self, request: HttpRequest, obj: Any = None) -> bool:
        return False

    def has_delete_permission(self, request: HttpRequest, obj: Any = None) -> bool:
        return False


@admin.register(DeliveryCount)
class DeliveryCountAdmin(ReadOnlyModelAdmin):
    """How many deliveries entered each state, hour by hour."""

    list_display = ["hour", "channel", "gateway", "state", "reason", "count"]
    list_filter = ["state", ChannelFilter, GatewayFilter, "hour"]
    ordering = ["-hour", "channel", "state"]
