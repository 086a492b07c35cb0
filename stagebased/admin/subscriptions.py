"""Who is on which programme, found by number or identity."""

from __future__ import annotations

from collections.abc import Iterable
from typing import Any
from uuid import UUID

from django.contrib import admin, messages
from django.db.models import OuterRef, Q, QuerySet, Subquery
from django.http import HttpRequest
from django.utils.html import format_html, format_html_join
from django.utils.safestring import SafeString

from accounts.adminbase import ModelAdmin, action, display
from accounts.models import User
from contacts.admin import people_matching
from contacts.models import Address, Contact
from outbox.models import Delivery
from stagebased.errors import ProgrammeError
from stagebased.forms import SubscriptionForm
from stagebased.models import Subscription
from stagebased.operations import stopping, subscribe, waiting
from stagebased.operations.audit import Author
from stagebased.operations.send import send_now
from stagebased.steps import QUEUED

#: Deliveries shown on a subscription's page, and subscriptions sent to by one action.
MOST_SHOWN, MOST_SENT = 30, 100
_FIELDS = SubscriptionForm.Meta.fields
_RECORD = [
    "id",
    "last_slot_at",
    "hub_request_id",
    "continues",
    "created_at",
    "created_by",
    "updated_at",
    "updated_by",
]


_ROW = "<tr>" + 4 * '<td style="padding-right: 18px">{}</td>' + "</tr>"


class StateFilter(admin.SimpleListFilter):
    title = "state"
    parameter_name = "state"
    states = {
        "running": ("Running", Q(active=True, completed=False, process_status=0)),
        "paused": ("Paused", Q(active=False, stopped="paused")),
        "opted_out": ("Opted out", Q(active=False, stopped="opt_out")),
        "completed": ("Completed", Q(completed=True)),
        "stuck": ("Not ready", Q(active=True, completed=False) & ~Q(process_status=0)),
    }

    def lookups(self, request: HttpRequest, model_admin: Any) -> list[tuple[str, str]]:
        return [(key, label) for key, (label, _) in self.states.items()]

    def queryset(self, request: HttpRequest, queryset: QuerySet[Subscription]) -> QuerySet[Subscription]:
        chosen = self.states.get(self.value() or "")
        return queryset.filter(chosen[1]) if chosen else queryset


@admin.register(Subscription)
class SubscriptionAdmin(ModelAdmin):
    form = SubscriptionForm
    list_display = [
        "person", "number", "message_set", "next_message", "language", "state", "schedule", "created_at",
    ]  # fmt: skip
    list_display_links = ["person", "number"]
    list_filter = [StateFilter, "messageset", "schedule", "created_at"]
    list_select_related = ["contact", "messageset", "schedule"]
    search_fields = ["pk"]
    search_help_text = "An identity, a number or its beginning, part of a name, or a subscription's id."
    ordering = ["-created_at", "-pk"]
    autocomplete_fields = ["contact", "messageset", "schedule"]
    readonly_fields = ["state", "history", *_RECORD]
    fieldsets = [
        (None, {"fields": [*_FIELDS, "state"]}),
        ("Deliveries", {"fields": ["history"]}),
        ("Record", {"fields": _RECORD, "classes": ["collapse"]}),
    ]
    actions = ["pause", "resume", "send_next_message"]

    def get_queryset(self, request: HttpRequest) -> QuerySet[Subscription]:
        numbers = Address.objects.filter(
            contact=OuterRef("contact"), kind=Address.Kind.MSISDN, inactive=False
        )
        best = numbers.order_by("-is_default", "created_at", "pk").values("value")[:1]
        return super().get_queryset(request).annotate(best_number=Subquery(best))

    def get_search_results(
        self, request: HttpRequest, queryset: QuerySet[Subscription], search_term: str
    ) -> tuple[QuerySet[Subscription], bool]:
        term = search_term.strip().replace("\x00", "")
        return (queryset.filter(_matching(term)) if term else queryset), False

    @display(description="Person")
    def person(self, subscription: Subscription) -> str:
        return str(subscription.contact)

    @display(description="Number")
    def number(self, subscription: Any) -> str:
        return subscription.best_number or "—"

    @display(description="Message set")
    def message_set(self, subscription: Subscription) -> str:
        return str(subscription.messageset)

    @display(description="Next message")
    def next_message(self, subscription: Subscription) -> int:
        return subscription.next_sequence_number

    @display(description="Language")
    def language(self, subscription: Subscription) -> str:
        return subscription.lang

    @display(description="State")
    def state(self, subscription: Subscription) -> str:
        if subscription.completed:
            return "completed"
        if not subscription.active:
            return subscription.get_stopped_display() if subscription.stopped else "inactive"
        return "running" if subscription.process_status == 0 else f"not ready ({subscription.process_status})"

    @display(description="Latest deliveries")
    def history(self, subscription: Subscription) -> SafeString:
        """What became of each due slot, the latest first."""
        rows = Delivery.objects.filter(cause=subscription.pk, source=waiting.SOURCE)
        latest = rows.order_by("-created_at", "-pk")[:MOST_SHOWN]
        lines = format_html_join("", _ROW, map(_line, latest))
        if not lines:
            return SafeString("—")
        return format_html(
            '<table style="border-collapse: separate; border-spacing: 0 6px; text-align: left">'
            "<tr><th>When</th><th>State</th><th>Why</th><th>Text</th></tr>{}</table>",
            lines,
        )

    # --- saving: through the operations -----------------------------------------------

    def save_model(self, request: HttpRequest, obj: Subscription, form: Any, change: bool) -> None:
        names = form.changed_data if change else _FIELDS
        fields = {_column(name): getattr(obj, _column(name)) for name in names}
        if change:
            subscribe.change_subscription(subscription_id=obj.pk, fields=fields, by=_author(request))
        else:
            obj.pk = subscribe.subscribe(fields=fields, by=_author(request)).pk

    def delete_model(self, request: HttpRequest, obj: Subscription) -> None:
        subscribe.delete_subscription(subscription_id=obj.pk)

    def delete_queryset(self, request: HttpRequest, queryset: Iterable[Subscription]) -> None:
        for subscription in queryset:
            subscribe.delete_subscription(subscription_id=subscription.pk)

    # --- actions ----------------------------------------------------------------------

    @action(description="Pause", permissions=["change"])
    def pause(self, request: HttpRequest, queryset: QuerySet[Subscription]) -> None:
        done = stopping.pause(subscription_ids=_ids(queryset), author=Author("admin", _author(request)))
        self.message_user(request, f"{done} subscriptions paused.", messages.SUCCESS)

    @action(description="Resume", permissions=["change"])
    def resume(self, request: HttpRequest, queryset: QuerySet[Subscription]) -> None:
        done = stopping.resume(subscription_ids=_ids(queryset), author=Author("admin", _author(request)))
        self.message_user(request, f"{done} subscriptions resumed.", messages.SUCCESS)

    @action(description="Send the next message now", permissions=["change"])
    def send_next_message(self, request: HttpRequest, queryset: QuerySet[Subscription]) -> None:
        sent = sum(self._send(request, key) for key in _ids(queryset)[:MOST_SENT])
        self.message_user(request, f"{sent} messages queued.", messages.SUCCESS if sent else messages.INFO)

    def _send(self, request: HttpRequest, key: UUID) -> bool:
        try:
            step = send_now(subscription_id=key)
        except ProgrammeError as error:
            self.message_user(request, f"{key}: {error}", messages.ERROR)
            return False
        if step.state != QUEUED:
            self.message_user(request, f"{key}: {step.detail or step.reason}", messages.ERROR)
        return step.state == QUEUED


def _column(name: str) -> str:
    return f"{name}_id" if name in ("contact", "messageset", "schedule") else name


def _matching(term: str) -> Q:
    found = Q(contact__in=Contact.objects.filter(people_matching(term)).values("pk"))
    try:
        return found | Q(pk=UUID(term))
    except ValueError:
        return found


def _line(delivery: Delivery) -> tuple[str, str, str, str]:
    why = delivery.detail or delivery.reason or "—"
    return f"{delivery.created_at:%Y-%m-%d %H:%M}", delivery.get_state_display(), why, delivery.text[:80]


def _ids(queryset: QuerySet[Subscription]) -> list[UUID]:
    return list(queryset.order_by().values_list("pk", flat=True))


def _author(request: HttpRequest) -> User | None:
    return request.user if isinstance(request.user, User) else None
