"""Broadcasts in the admin site: write, count, send, watch, hold, stop."""

from __future__ import annotations

from collections.abc import Callable
from typing import Any

from django import forms
from django.contrib import admin, messages
from django.core.exceptions import PermissionDenied
from django.db.models import QuerySet
from django.http import HttpRequest, HttpResponse, HttpResponseRedirect
from django.shortcuts import get_object_or_404
from django.template.loader import render_to_string
from django.urls import URLPattern, path, reverse
from django.utils.safestring import SafeString
from django.views.decorators.http import require_POST

from accounts.adminbase import ModelAdmin, ReadOnlyModelAdmin, TabularInline, display
from broadcasts import operations
from broadcasts.errors import BroadcastError
from broadcasts.figures import cost, progress
from broadcasts.models import Broadcast, Recipient, Text

State = Broadcast.State
_COLOURS = {
    State.DRAFT: "info", State.PREPARING: "warning", State.READY: "info", State.SENDING: "warning",
    State.PAUSED: "warning", State.DONE: "success", State.CANCELLED: "danger",
}  # fmt: skip
#: What can be done, in which states, by which button.
STEPS: dict[str, tuple[Callable[..., Broadcast], str, tuple[str, ...]]] = {
    "prepare": (operations.prepare, "Count the recipients", (State.DRAFT,)),
    "start": (operations.start, "Send it", (State.READY,)),
    "pause": (operations.pause, "Pause", (State.SENDING,)),
    "resume": (operations.resume, "Go on", (State.PAUSED,)),
    "cancel": (
        operations.cancel, "Cancel it", (State.PREPARING, State.READY, State.SENDING, State.PAUSED),
    ),
    "resend": (operations.resend_failures, "Send the failures again", (State.DONE,)),
}  # fmt: skip
#: Asked before a step that cannot be undone.
_QUESTIONS = {
    "start": "Send it to everybody who was counted?",
    "cancel": "Cancel it for good? What has not gone out will not go out.",
    "resend": "Send again what has failed?",
}
#: Fields whose faults are the texts' as well, and are said beside them.
_OF_TEXTS = ("default_language", "texts")
_STEP = "admin:broadcasts_broadcast_step"
#: Why somebody of the audience gets nothing.
REASONS = {
    "opted_out": "opted out",
    "no_address": "without an address",
    "no_text": "without a text in their language",
}


class BroadcastForm(forms.ModelForm):
    class Meta:
        model = Broadcast
        fields = [
            "name", "channel", "gateway", "audience", "group", "messageset", "upload", "default_language",
            "per_minute", "not_before", "not_after", "timezone",
        ]  # fmt: skip

    def _post_clean(self) -> None:
        super()._post_clean()  # type: ignore[misc] # the framework's, where the record has been filled in
        for name, texts in _errors(self.instance, {}).items():
            if name in self.fields and name not in _OF_TEXTS and name not in self.errors:
                self.add_error(name, texts)


class TextForm(forms.ModelForm):
    class Meta:
        model = Text
        fields = ["lang", "text"]

    def __init__(self, *args: Any, **options: Any) -> None:
        super().__init__(*args, **options)
        # A message is short, and there may be several languages.
        self.fields["text"].widget.attrs["rows"] = 3


class TextInline(TabularInline):
    model = Text
    form = TextForm
    fields = ["lang", "text"]
    extra = 1
    show_change_link = False

    def has_add_permission(self, request: HttpRequest, obj: Any = None) -> bool:
        # No empty row to write in where nothing can be saved.
        return super().has_add_permission(request, obj) and _is_open(obj)


@admin.register(Broadcast)
class BroadcastAdmin(ModelAdmin):
    form = BroadcastForm
    list_display = [
        "name",
        "shown_state",
        "channel",
        "audience",
        "total",
        "dealt_with",
        "created_at",
        "created_by",
    ]
    list_filter = ["state", "channel", "audience", "created_at"]
    list_select_related = ["created_by"]
    search_fields = ["name"]
    ordering = ["-pk"]
    autocomplete_fields = ["group", "messageset"]
    inlines = [TextInline]
    fieldsets = [
        ("How it stands", {"fields": ["stand"]}),
        (None, {"fields": ["name", ("channel", "gateway")]}),
        ("To whom", {"fields": ["audience", "group", "messageset", "upload", "default_language"]}),
        ("When and how fast", {"fields": ["per_minute", ("not_before", "not_after"), "timezone"]}),
    ]  # fmt: skip
    readonly_fields = ["stand"]

    class Media:
        css = {"all": ["accounts/progress.css"]}
        js = ["accounts/progress.js"]

    @display(description="State", label=_COLOURS)
    def shown_state(self, broadcast: Broadcast) -> tuple[str, str]:
        return broadcast.state, broadcast.get_state_display()

    @display(description="Now")
    def stand(self, broadcast: Broadcast) -> SafeString:
        """Count, cost and progress, and what can be done next."""
        if broadcast._state.adding:
            return SafeString("Save it first; then its recipients can be counted.")
        url = reverse("admin:broadcasts_broadcast_stand", args=[broadcast.pk])
        context = {"url": url, "stand": stand(broadcast, steered=getattr(broadcast, "steered", False))}
        return render_to_string("broadcasts/stand.html", context)

    def get_object(self, request: HttpRequest, object_id: str, from_field: str | None = None) -> Any:
        found = super().get_object(request, object_id, from_field)
        if found is not None:
            # A field that is only shown is not told who looks.
            found.steered = _may_steer(request)
        return found

    # --- which may be changed ---------------------------------------------------------

    def has_change_permission(self, request: HttpRequest, obj: Any = None) -> bool:
        return super().has_change_permission(request, obj) and _is_open(obj)

    def has_delete_permission(self, request: HttpRequest, obj: Any = None) -> bool:
        return super().has_delete_permission(request, obj) and _is_open(obj)

    def get_actions(self, request: HttpRequest) -> dict[str, Any]:
        # Those on their way stay on record; a draft is deleted on its own page.
        return {}

    # --- saving: through the operations -----------------------------------------------

    def save_model(self, request: HttpRequest, obj: Broadcast, form: Any, change: bool) -> None:
        # Written with its texts, below.
        if not change:
            obj.created_by = request.user if request.user.is_authenticated else None

    def save_formset(self, request: HttpRequest, form: Any, formset: Any, change: bool) -> None:
        pass

    def save_related(self, request: HttpRequest, form: Any, formsets: Any, change: bool) -> None:
        # Notes what is new and changed, which the framework asks for afterwards.
        formsets[0].save(commit=False)
        operations.save(broadcast=form.instance, texts=_texts(formsets[0]))

    def _create_formsets(self, request: HttpRequest, obj: Any, change: bool) -> Any:
        formsets, inlines = super()._create_formsets(request, obj, change)
        if request.method == "POST":
            for formset in formsets:
                # Checked as a whole, so that what cannot be sent is said beside the texts.
                formset.clean = lambda fs=formset: _check(obj, fs)
        return formsets, inlines

    def delete_model(self, request: HttpRequest, obj: Broadcast) -> None:
        operations.remove(broadcast=obj)

    # --- steps ------------------------------------------------------------------------

    def get_urls(self) -> list[URLPattern]:
        own = [
            path(
                "<uuid:pk>/stand/",
                self.admin_site.admin_view(self.stand_view),
                name="broadcasts_broadcast_stand",
            ),
            path(
                "<uuid:pk>/step/<slug:step>/",
                self.admin_site.admin_view(require_POST(self.step_view)),
                name="broadcasts_broadcast_step",
            ),
        ]
        return own + super().get_urls()

    def stand_view(self, request: HttpRequest, pk: Any) -> HttpResponse:
        """How it stands, which the page asks for again and again."""
        if not self.has_view_permission(request):
            raise PermissionDenied
        return HttpResponse(stand(get_object_or_404(Broadcast, pk=pk), steered=_may_steer(request)))

    def step_view(self, request: HttpRequest, pk: Any, step: str) -> HttpResponse:
        if not _may_steer(request) or step not in STEPS:
            raise PermissionDenied
        get_object_or_404(Broadcast, pk=pk)
        try:
            STEPS[step][0](broadcast_id=pk)
        except BroadcastError as error:
            self.message_user(request, str(error), messages.ERROR)
        return HttpResponseRedirect(reverse("admin:broadcasts_broadcast_change", args=[pk]))


def _may_steer(request: HttpRequest) -> bool:
    return bool(request.user.has_perm("broadcasts.change_broadcast"))


def _is_open(broadcast: Broadcast | None) -> bool:
    return broadcast is None or broadcast.state in (State.DRAFT, State.READY)


def stand(broadcast: Broadcast, *, steered: bool) -> SafeString:
    """How it stands, for somebody who may go on with it or only looks."""
    steps = [
        (name, label) for name, (_, label, states) in STEPS.items() if steered and broadcast.state in states
    ]
    costs = cost(broadcast)
    context = {
        "broadcast": broadcast,
        "cost": costs,
        "left_out": [(count, _reason(name)) for name, count in costs.reasons.items()],
        "progress": progress(broadcast),
        "steps": [
            (name, label, _QUESTIONS.get(name, ""), reverse(_STEP, args=[broadcast.pk, name]))
            for name, label in steps
        ],
        "begun": broadcast.state in (State.SENDING, State.PAUSED, State.DONE, State.CANCELLED),
        "moving": broadcast.state in (State.PREPARING, State.SENDING),
    }
    return render_to_string("broadcasts/standing.html", context)


def _texts(formset: Any) -> dict[str, str]:
    rows = [form.cleaned_data for form in formset.forms if getattr(form, "cleaned_data", None)]
    return {row["lang"]: row["text"] for row in rows if row.get("lang") and not row.get("DELETE")}


def _check(broadcast: Broadcast, formset: Any) -> None:
    if any(formset.errors):
        return
    found = _errors(broadcast, _texts(formset))
    # Its own form says what else is wrong.
    if texts := [text for name in _OF_TEXTS for text in found.get(name, [])]:
        raise forms.ValidationError(texts)


def _errors(broadcast: Broadcast, texts: dict[str, str]) -> dict[str, list[str]]:
    try:
        operations.check(broadcast, texts)
    except BroadcastError as error:
        return dict(error.errors)
    return {}


def _reason(name: str) -> str:
    return REASONS.get(name, name.replace("_", " "))


class LeftOutFilter(admin.SimpleListFilter):
    title = "left out"
    parameter_name = "reason"

    def lookups(self, request: HttpRequest, model_admin: Any) -> list[tuple[str, str]]:
        return list(REASONS.items())

    def queryset(self, request: HttpRequest, queryset: QuerySet[Recipient]) -> QuerySet[Recipient]:
        return queryset.filter(reason=self.value()) if self.value() in REASONS else queryset


@admin.register(Recipient)
class RecipientAdmin(ReadOnlyModelAdmin):
    """Who is among them, one by one."""

    list_display = ["person", "address", "broadcast", "language", "left_out"]
    list_filter = [LeftOutFilter]
    list_select_related = ["broadcast", "contact"]
    fields = ["broadcast", "person", "address", "language", "timezone", "left_out"]
    readonly_fields = ["person", "language", "left_out"]
    search_fields = ["address"]
    ordering = ["-pk"]
    sortable_by: list[str] = []

    @display(description="person")
    def person(self, recipient: Recipient) -> str:
        return str(recipient.contact or "forgotten")

    @display(description="language")
    def language(self, recipient: Recipient) -> str | None:
        return recipient.lang or None

    @display(description="left out")
    def left_out(self, recipient: Recipient) -> str | None:
        return _reason(recipient.reason) or None

    def lookup_allowed(self, lookup: str, value: Any, request: HttpRequest | None = None) -> bool:
        return lookup == "broadcast__id__exact" or super().lookup_allowed(lookup, value, request)

    def get_search_results(
        self, request: HttpRequest, queryset: QuerySet[Recipient], search_term: str
    ) -> tuple[QuerySet[Recipient], bool]:
        term = search_term.strip().replace("\x00", "")
        return (queryset.filter(address=term) if term else queryset), False
