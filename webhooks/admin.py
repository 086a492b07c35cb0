"""Endpoints and their events in the admin site."""

from __future__ import annotations

from collections.abc import Iterable
from datetime import datetime, timedelta
from typing import Any
from uuid import UUID

from django import forms
from django.contrib import admin, messages
from django.db.models import QuerySet
from django.http import HttpRequest, HttpResponse
from django.shortcuts import render
from django.utils import timezone
from unfold.widgets import UnfoldAdminCheckboxSelectMultipleWidget

from accounts.adminbase import ModelAdmin, ReadOnlyModelAdmin, action, display
from accounts.models import User
from accounts.wording import counted
from webhooks import operations
from webhooks.addresses import Forbidden, target
from webhooks.kinds import KINDS
from webhooks.models import Endpoint, Event

_CHOICES = [(kind, kind) for kind in KINDS if kind != "ping"]
#: How far back "what it has not taken" goes.
LATELY = timedelta(days=7)


class EndpointForm(forms.ModelForm):
    types = forms.MultipleChoiceField(
        label="Types of events",
        choices=_CHOICES,
        required=False,
        widget=UnfoldAdminCheckboxSelectMultipleWidget,
        help_text="None chosen: all. What each says stands in the document about webhooks.",
    )

    class Meta:
        model = Endpoint
        fields = ["url", "description", "types", "include_content"]

    def __init__(self, *args: Any, **kwargs: Any) -> None:
        super().__init__(*args, **kwargs)
        self.initial["types"] = self.instance.kinds

    def clean_url(self) -> str:
        try:
            target(self.cleaned_data["url"])
        except Forbidden as forbidden:
            raise forms.ValidationError(str(forbidden)) from None
        return str(self.cleaned_data["url"])

    def clean_types(self) -> str:
        return " ".join(sorted(self.cleaned_data["types"]))


@admin.register(Endpoint)
class EndpointAdmin(ModelAdmin):
    """An endpoint is registered here; its secret is on the page that follows, once."""

    form = EndpointForm
    list_display = ["__str__", "shown_state", "failures", "last_answer", "last_success_at"]
    list_filter = ["enabled"]
    readonly_fields = [
        "id", "state", "disabled_at", "failures", "failing_since", "last_answer", "last_success_at",
        "previous_until", "created_at", "created_by",
    ]  # fmt: skip
    actions = ["ping", "rotate_secret", "enable", "disable", "post_again"]

    def get_fields(self, request: HttpRequest, obj: Any = None) -> list[str]:
        own = list(EndpointForm.Meta.fields)
        return own if obj is None else [*own, *self.readonly_fields]

    def get_deleted_objects(self, objs: Iterable[Endpoint], request: HttpRequest) -> Any:
        """Its events go with it: they are nobody's records to keep, and may be millions to list."""
        named = [str(endpoint) for endpoint in objs]
        return named, {str(self.opts.verbose_name_plural): len(named)}, set(), []

    def delete_model(self, request: HttpRequest, obj: Endpoint) -> None:
        operations.remove(endpoint_id=obj.pk)

    def delete_queryset(self, request: HttpRequest, queryset: Iterable[Endpoint]) -> None:
        for endpoint in queryset:
            operations.remove(endpoint_id=endpoint.pk)

    @display(description="state", label={"enabled": "success", "failing": "warning", "disabled": "danger"})
    def shown_state(self, endpoint: Endpoint) -> tuple[str, str]:
        if not endpoint.enabled:
            return "disabled", f"disabled ({endpoint.disabled.replace('_', ' ')})"

        return ("failing", "failing") if endpoint.failures else ("enabled", "enabled")

    @display(description="state")
    def state(self, endpoint: Endpoint) -> str:
        """The same in words alone: a record's page knows no labels."""
        return self.shown_state(endpoint)[1].capitalize()

    def save_model(self, request: HttpRequest, obj: Endpoint, form: Any, change: bool) -> None:
        given = {name: form.cleaned_data[name] for name in ("url", "description", "include_content")}
        kinds = form.cleaned_data["types"].split()
        by = request.user if isinstance(request.user, User) else None
        if change:
            operations.change(endpoint_id=obj.pk, kinds=kinds, **given)
            return
        made, obj.issued_secret = operations.register(kinds=kinds, by=by, **given)
        obj.pk = made.pk

    def response_add(
        self, request: HttpRequest, obj: Any, post_url_continue: str | None = None
    ) -> HttpResponse:
        return self._secret_page(request, obj, obj.issued_secret)

    def _secret_page(self, request: HttpRequest, endpoint: Endpoint, secret: str) -> HttpResponse:
        # Shown in this answer only: a message would keep it in a cookie or a session.
        context = self.admin_site.each_context(request) | {
            "title": f"Secret of {endpoint}", "secret": secret, "opts": self.opts, "endpoint": endpoint,
        }  # fmt: skip
        return render(request, "webhooks/issued_secret.html", context)

    @action(description="Post a test event", permissions=["change"])
    def ping(self, request: HttpRequest, queryset: QuerySet[Endpoint]) -> None:
        for endpoint in queryset:
            try:
                operations.ping(endpoint_id=endpoint.pk)
            except operations.IsDisabled as disabled:
                self.message_user(request, f"{endpoint}: {disabled}", messages.ERROR)
            else:
                self.message_user(request, f"A test event is on its way to {endpoint}.")

    @action(description="Give it a new secret (the one before signs for another day)", permissions=["change"])
    def rotate_secret(self, request: HttpRequest, queryset: QuerySet[Endpoint]) -> HttpResponse | None:
        if queryset.count() != 1:
            self.message_user(request, "Choose one: its secret is shown once.", messages.ERROR)
            return None
        return self._secret_page(request, *operations.rotate_secret(endpoint_id=queryset.get().pk))

    @action(description="Enable", permissions=["change"])
    def enable(self, request: HttpRequest, queryset: QuerySet[Endpoint]) -> None:
        for endpoint in queryset:
            operations.enable(endpoint_id=endpoint.pk)
        self.message_user(request, "Enabled; what waits is posted now.")

    @action(description="Disable", permissions=["change"])
    def disable(self, request: HttpRequest, queryset: QuerySet[Endpoint]) -> None:
        for endpoint in queryset:
            operations.disable(endpoint_id=endpoint.pk)
        self.message_user(request, "Disabled.")

    @action(description="Post again what it has not taken in the last week", permissions=["change"])
    def post_again(self, request: HttpRequest, queryset: QuerySet[Endpoint]) -> None:
        since = timezone.now() - LATELY
        count = sum(operations.send_failed_again(endpoint_id=one.pk, since=since) for one in queryset)
        self.message_user(request, f"Posting {counted(count, 'event')} again.")


class KindFilter(admin.SimpleListFilter):
    title = "type"
    parameter_name = "type"

    def lookups(self, request: HttpRequest, model_admin: Any) -> list[tuple[str, str]]:
        return [(kind, kind) for kind in KINDS]

    def queryset(self, request: HttpRequest, queryset: QuerySet[Event]) -> QuerySet[Event]:
        return queryset.filter(type=self.value()) if self.value() else queryset


_COLOURS = {"waiting": "info", "taken": "success", "failed": "danger"}


@admin.register(Event)
class EventAdmin(ReadOnlyModelAdmin):
    """What was told, or is still to be told, to whom; any of it can be posted again."""

    list_display = ["occurred_at", "type", "endpoint", "shown_state", "attempts", "answer", "next_at"]
    list_filter = ["state", KindFilter, "endpoint", "occurred_at"]
    list_select_related = ["endpoint"]
    ordering = ["-pk"]
    sortable_by: list[str] = []
    search_fields = ["pk"]
    search_help_text = "The id of a delivery, subscription, message or contact."
    actions = ["post_again"]
    fields = [
        "type", "endpoint", "state", "object_id", "facts", "occurred_at", "attempts", "due_at",
        "posted_at", "answer", "origin",
    ]  # fmt: skip

    def get_search_results(
        self, request: HttpRequest, queryset: QuerySet[Event], search_term: str
    ) -> tuple[QuerySet[Event], bool]:
        try:
            found = queryset.filter(object_id=UUID(search_term.strip())) if search_term.strip() else queryset
        except ValueError:
            found = queryset.none()
        return found, False

    @display(description="state", label=_COLOURS)
    def shown_state(self, event: Event) -> tuple[str, str]:
        return event.state, event.get_state_display()

    @display(description="next", empty_value="—")
    def next_at(self, event: Event) -> datetime | None:
        return event.due_at if event.state == Event.State.WAITING else None

    def has_post_permission(self, request: HttpRequest) -> bool:
        return bool(request.user.has_perm("webhooks.change_endpoint"))

    @action(description="Post again", permissions=["post"])
    def post_again(self, request: HttpRequest, queryset: QuerySet[Event]) -> None:
        count = operations.send_again(event_ids=list(queryset.values_list("pk", flat=True)))
        self.message_user(request, f"Posting {counted(count, 'event')} again.")
