"""Who is on which programme, found by number or identity."""

from __future__ import annotations

from collections.abc import Iterable
from typing import Any
from uuid import UUID

from django.contrib import admin, messages
from django.db.models import OuterRef, Q, QuerySet, Subquery
from django.http import HttpRequest, HttpResponse, HttpResponseRedirect
from django.shortcuts import render
from django.urls import reverse
from django.utils.formats import date_format
from django.utils.html import format_html, format_html_join
from django.utils.safestring import SafeString
from django.utils.text import Truncator
from django.utils.timezone import localtime

from accounts.adminbase import ModelAdmin, action, display
from accounts.models import User
from accounts.wording import counted
from contacts.admin import people_matching
from contacts.models import Address, Contact
from outbox.models import Delivery
from stagebased import bulk
from stagebased.errors import ProgrammeError, Refused
from stagebased.forms import SubscriptionForm
from stagebased.models import BulkChange, Subscription
from stagebased.operations import stopping, subscribe, waiting
from stagebased.operations.audit import Author
from stagebased.operations.send import send_now
from stagebased.operations.which import Which
from stagebased.steps import QUEUED
from stagebased.wording import in_words

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


_ROW = '<tr><td class="nowrap">{}</td>' + 3 * "<td>{}</td>" + "</tr>"


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
        "person", "number", "message_set", "next_message", "language", "state", "schedule_in_words",
        "created_at",
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
    actions = ["change_in_bulk", "pause", "resume", "send_next_message"]

    def get_queryset(self, request: HttpRequest) -> QuerySet[Subscription]:
        numbers = Address.objects.filter(
            contact=OuterRef("contact"), kind=Address.Kind.MSISDN, inactive=False
        )
        best = numbers.order_by("-is_default", "created_at", "pk").values("value")[:1]
        rows = super().get_queryset(request).select_related("contact", "messageset", "schedule")
        return rows.annotate(best_number=Subquery(best))

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

    @display(description="Schedule")
    def schedule_in_words(self, subscription: Subscription) -> str:
        return in_words(subscription.schedule)

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
            '<div class="in-record"><table>'
            "<tr><th>When</th><th>State</th><th>Why</th><th>Text</th></tr>{}</table></div>",
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

    @action(description="Change many, with progress", permissions=["change"])
    def change_in_bulk(self, request: HttpRequest, queryset: QuerySet[Subscription]) -> HttpResponse:
        """Ask what, write it down, and show how far it is."""
        kind, value, errors = request.POST.get("kind", ""), request.POST.get("value", "").strip(), []
        if kind in BulkChange.Kind.values:
            author = Author("admin", _author(request))
            try:
                made = bulk.order(
                    kind=kind,
                    value=value,
                    subscription_ids=_ids(queryset),
                    author=author,
                    people="people" in request.POST,
                )
                return HttpResponseRedirect(reverse("admin:stagebased_bulkchange_change", args=[made.pk]))
            except Refused as refusal:
                errors = [text for texts in refusal.errors.values() for text in texts]
        context = self.admin_site.each_context(request) | {
            "title": "Change many subscriptions",
            "kinds": BulkChange.Kind.choices,
            "kind": kind,
            "value": value,
            "people": "people" in request.POST,
            "errors": errors,
            "count": queryset.count(),
            "selected": request.POST.getlist("_selected_action"),
            "across": request.POST.get("select_across", "0"),
            "opts": self.opts,
        }
        return render(request, "stagebased/bulk_choose.html", context)

    @action(description="Pause", permissions=["change"])
    def pause(self, request: HttpRequest, queryset: QuerySet[Subscription]) -> None:
        which = Which(subscription_ids=_ids(queryset))
        done = stopping.pause(which=which, author=Author("admin", _author(request)))
        self.message_user(request, f"{counted(len(done), 'subscription')} paused.", messages.SUCCESS)

    @action(description="Resume", permissions=["change"])
    def resume(self, request: HttpRequest, queryset: QuerySet[Subscription]) -> None:
        which = Which(subscription_ids=_ids(queryset))
        done = stopping.resume(which=which, author=Author("admin", _author(request)))
        self.message_user(request, f"{counted(len(done), 'subscription')} resumed.", messages.SUCCESS)

    @action(description="Send the next message now", permissions=["change"])
    def send_next_message(self, request: HttpRequest, queryset: QuerySet[Subscription]) -> None:
        sent = sum(self._send(request, subscription) for subscription in queryset[:MOST_SENT])
        self.message_user(
            request, f"{counted(sent, 'message')} queued.", messages.SUCCESS if sent else messages.INFO
        )

    def _send(self, request: HttpRequest, subscription: Subscription) -> bool:
        try:
            step = send_now(subscription_id=subscription.pk)
        except ProgrammeError as error:
            self.message_user(request, f"{subscription}: {error}", messages.ERROR)
            return False
        if step.state != QUEUED:
            self.message_user(request, f"{subscription}: {step.detail or step.reason}", messages.ERROR)
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
    why = delivery.detail or delivery.reason.replace("_", " ") or "—"
    when = date_format(localtime(delivery.created_at), "DATETIME_FORMAT")
    return when, delivery.get_state_display(), why, Truncator(delivery.text).chars(80)


def _ids(queryset: QuerySet[Subscription]) -> list[UUID]:
    return list(queryset.order_by().values_list("pk", flat=True))


def _author(request: HttpRequest) -> User | None:
    return request.user if isinstance(request.user, User) else None
