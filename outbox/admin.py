"""What goes out, in the admin site: every delivery with its fate, and the gateways it goes through."""

from __future__ import annotations

from datetime import datetime, time, timedelta
from typing import Any
from uuid import UUID

from django.contrib import admin, messages
from django.core.exceptions import PermissionDenied
from django.db.models import Q, QuerySet, TimeField
from django.http import HttpRequest, HttpResponse, HttpResponseRedirect
from django.shortcuts import get_object_or_404, render
from django.template.loader import render_to_string
from django.urls import URLPattern, path, reverse
from django.utils import timezone
from django.utils.html import format_html
from django.utils.safestring import SafeString
from django.utils.text import Truncator
from django.views.decorators.http import require_POST

from accounts.adminbase import ModelAdmin, ReadOnlyModelAdmin, TimeInput, action, display
from accounts.templatetags.humane import grouped
from accounts.wording import counted
from contacts.admin import people_matching
from contacts.models import Contact
from contacts.numbers import InvalidNumber, parse_msisdn
from outbox import channels, counts, failures, gateways, operations
from outbox.models import Delivery, DeliveryCount, Failure, Gateway, Resend
from outbox.story import story

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
        value = self.value()
        if value and "\x00" in value:
            return queryset.none()
        return queryset.filter(**{self.parameter_name: value}) if value else queryset


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


class _Telling(ReadOnlyModelAdmin):
    """What lists of deliveries say of each, and what can be done with them."""

    list_select_related = ["contact"]
    sortable_by: list[str] = []

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

    def has_steer_permission(self, request: HttpRequest) -> bool:
        """The rows themselves are never edited; who might may stop and repeat them."""
        return bool(request.user.has_perm("outbox.change_delivery"))

    @action(description="Send again what failed, expired or was stopped", permissions=["steer"])
    def send_again(self, request: HttpRequest, queryset: QuerySet[Delivery]) -> None:
        made = operations.send_again(ids=_ids(queryset), created_by=request.user.pk)
        queued = [row for row in made if row.state == State.QUEUED]
        self.message_user(
            request, f"{counted(len(queued), 'delivery', 'deliveries')} queued again.", _level(queued)
        )


@admin.register(Delivery)
class DeliveryAdmin(_Telling):
    """Each message to each person; nothing is typed in here, but waiting ones can be stopped."""

    list_display = ["created_at", "person", "address", "beginning", "shown_state", "why", "gateway", "parts"]
    list_filter = ["state", ReasonFilter, ChannelFilter, GatewayFilter, "created_at"]
    # Ids are made in the order of time; the primary key's index serves any page.
    ordering = ["-pk"]
    search_fields = ["pk"]
    search_help_text = "A number, a person's name or identity, or the id of a delivery or of its cause."
    actions = ["stop", "send_again"]
    fieldsets = [
        (None, {"fields": ["state", "why", "person", "address", "text", "parts"]}),
        ("Story", {"fields": ["told"]}),
        ("Limits", {"fields": ["not_before", "closes_at", "expires_at", "attempts"]}),
        ("How", {"fields": [
            ("channel", "gateway"), "priority", "options", "despite_opt_out", "source", "cause", "slot_key",
            "created_by",
        ]}),
    ]  # fmt: skip
    readonly_fields = ["why", "person", "told"]

    class Media:
        css = {"all": ["outbox/story.css"]}

    def get_search_results(
        self, request: HttpRequest, queryset: QuerySet[Delivery], search_term: str
    ) -> tuple[QuerySet[Delivery], bool]:
        term = search_term.strip().replace("\x00", "")
        return (queryset.filter(_matching(term)) if term else queryset), False

    @display(description="What happened")
    def told(self, delivery: Delivery) -> SafeString:
        return render_to_string("outbox/story.html", {"events": story(delivery)})

    # --- actions ----------------------------------------------------------------------

    @action(description="Stop what has not gone out yet", permissions=["steer"])
    def stop(self, request: HttpRequest, queryset: QuerySet[Delivery]) -> None:
        stopped = operations.cancel(
            ids=_ids(queryset), reason="stopped_by_staff", detail=f"By {request.user}."
        )
        self.message_user(
            request, f"{counted(len(stopped), 'delivery', 'deliveries')} stopped.", _level(stopped)
        )


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


class FailedStateFilter(_NamedFilter):
    title = "state"
    parameter_name = "state"

    def lookups(self, request: HttpRequest, model_admin: Any) -> list[tuple[str, str]]:
        return [(state.value, str(state.label)) for state in failures.STATES]


class SourceFilter(_NamedFilter):
    title = "source"
    parameter_name = "source"

    def lookups(self, request: HttpRequest, model_admin: Any) -> list[tuple[str, str]]:
        return list(failures.SOURCES.items())


class SpanFilter(admin.SimpleListFilter):
    title = "failed in"
    parameter_name = "hours"

    def lookups(self, request: HttpRequest, model_admin: Any) -> list[tuple[str, str]]:
        return [(str(hours), name) for hours, name in failures.SPANS.items()]

    def queryset(self, request: HttpRequest, queryset: QuerySet[Any]) -> QuerySet[Any]:
        since = _since(self.value())
        return queryset.filter(ended_at__gte=since) if since else queryset


@admin.register(Failure)
class FailureAdmin(_Telling):
    """What should have arrived and did not: why, how often, and once more."""

    list_display = ["ended_at", "person", "address", "beginning", "shown_state", "why", "gateway", "source"]
    list_filter = [SpanFilter, ReasonFilter, FailedStateFilter, GatewayFilter, ChannelFilter, SourceFilter]
    ordering = ["-ended_at", "-pk"]
    actions = ["send_again"]
    list_before_template = "outbox/failures.html"

    class Media:
        css = {"all": ["accounts/progress.css"]}

    def has_view_permission(self, request: HttpRequest, obj: Any = None) -> bool:
        return bool(request.user.has_perm("outbox.view_delivery"))

    def get_queryset(self, request: HttpRequest) -> QuerySet[Failure]:
        return super().get_queryset(request).filter(state__in=failures.STATES)

    def changelist_view(self, request: HttpRequest, extra_context: Any = None) -> HttpResponse:
        context = {"causes": failures.by_reason(timezone.now()), "chosen": request.GET.urlencode()}
        return super().changelist_view(
            request, context | {"may_steer": self.has_steer_permission(request)} | (extra_context or {})
        )

    def change_view(
        self, request: HttpRequest, object_id: str, form_url: str = "", extra_context: Any = None
    ) -> HttpResponse:
        """Its story stands on the delivery's page."""
        return HttpResponseRedirect(reverse("admin:outbox_delivery_change", args=[object_id]))

    def get_urls(self) -> list[URLPattern]:
        wrap = self.admin_site.admin_view
        return [path("resend/", wrap(self.resend), name="outbox_failure_resend"), *super().get_urls()]

    def resend(self, request: HttpRequest) -> HttpResponse:
        """Say how many they are; then, when that is confirmed, send them all again."""
        if not self.has_steer_permission(request):
            raise PermissionDenied
        criteria = {name: text for name in failures.NAMES if (text := request.GET.get(name, ""))}
        since = _since(request.GET.get("hours"))
        if request.method == "POST":
            made = failures.order(criteria=criteria, since=since, by=request.user)
            return HttpResponseRedirect(reverse("admin:outbox_resend_change", args=[made.pk]))
        context = self.admin_site.each_context(request) | {
            "title": "Send failures again",
            "count": failures.sendable(criteria, since=since).count(),
            "criteria": [(name, text.replace("_", " ")) for name, text in criteria.items()],
            "span": failures.SPANS.get(int(request.GET.get("hours", "0"))) if since else "",
            "back": f"{reverse('admin:outbox_failure_changelist')}?{request.GET.urlencode()}",
            "opts": self.opts,
        }
        return render(request, "outbox/resend_confirm.html", context)


def _since(hours: str | None) -> datetime | None:
    """The beginning of one of the spans; None for anything else."""
    known = {str(span): span for span in failures.SPANS}
    return timezone.now() - timedelta(hours=known[hours]) if hours in known else None


@admin.register(Resend)
class ResendAdmin(ReadOnlyModelAdmin):
    """Failures that are sent again together, watched while that is done."""

    list_display = ["__str__", "created_at", "created_by", "total", "queued", "refused", "finished_at"]
    list_filter = ["created_at"]
    list_select_related = ["created_by"]
    ordering = ["-pk"]
    fields = ["__str__", "since", "created_by", "created_at", "progress"]
    readonly_fields = ["__str__", "progress"]

    class Media:
        css = {"all": ["accounts/progress.css"]}
        js = ["accounts/progress.js"]

    @display(description="Progress")
    def progress(self, resend: Resend) -> SafeString:
        url = reverse("admin:outbox_resend_progress", args=[resend.pk])
        content = _shown(resend, steered=getattr(resend, "steered", False))
        return render_to_string("outbox/resend.html", {"url": url, "content": content})

    def get_object(self, request: HttpRequest, object_id: str, from_field: str | None = None) -> Any:
        found = super().get_object(request, object_id, from_field)
        if found is not None:
            # A field that is only shown is not told who looks.
            found.steered = _may_stop(request)
        return found

    def get_urls(self) -> list[URLPattern]:
        wrap = self.admin_site.admin_view
        return [
            path("<uuid:pk>/progress/", wrap(self.progress_view), name="outbox_resend_progress"),
            path("<uuid:pk>/stop/", wrap(require_POST(self.stop_view)), name="outbox_resend_stop"),
            *super().get_urls(),
        ]

    def progress_view(self, request: HttpRequest, pk: UUID) -> HttpResponse:
        if not self.has_view_permission(request):
            raise PermissionDenied
        return HttpResponse(_shown(get_object_or_404(Resend, pk=pk), steered=_may_stop(request)))

    def stop_view(self, request: HttpRequest, pk: UUID) -> HttpResponse:
        if not _may_stop(request):
            raise PermissionDenied
        failures.stop(get_object_or_404(Resend, pk=pk))
        return HttpResponseRedirect(reverse("admin:outbox_resend_change", args=[pk]))


def _may_stop(request: HttpRequest) -> bool:
    return bool(request.user.has_perm("outbox.change_delivery"))


def _shown(resend: Resend, *, steered: bool) -> SafeString:
    percent = min(100, 100 * resend.dealt_with // resend.total) if resend.total else 100
    context = {"resend": resend, "percent": percent, "steered": steered}
    return render_to_string("outbox/resend_progress.html", context)


@admin.register(Gateway)
class GatewayAdmin(ModelAdmin):
    """Slow a way out down, or stop it. Gateways themselves are named in the settings."""

    list_display = ["name", "channel", "standing", "waiting", "rate_per_minute", "hours", "trouble"]
    list_filter = ["paused"]
    fieldsets = [
        (None, {"fields": ["name", "channel", "state", "waiting"]}),
        ("Pace", {"fields": ["paused", "rate_per_minute", "high_water"]}),
        ("Hours", {
            "description": "Quiet hours of the gateway as a whole, beside those of people and programmes. "
            "What is due outside its hours waits for their beginning; replies go out at any time.",
            "fields": [("not_before", "not_after"), "timezone"],
        }),
        ("Trouble", {"fields": ["trouble", "trouble_since"]}),
    ]  # fmt: skip
    readonly_fields = ["name", "channel", "state", "waiting", "trouble", "trouble_since"]
    ordering = ["name"]
    actions = ["pause", "resume"]

    def formfield_for_dbfield(self, db_field: Any, request: HttpRequest, **options: Any) -> Any:
        if isinstance(db_field, TimeField):
            options["widget"] = TimeInput
        return super().formfield_for_dbfield(db_field, request, **options)

    def get_changelist_instance(self, request: HttpRequest) -> Any:
        listed = super().get_changelist_instance(request)
        rows = list(listed.result_list)
        depths = counts.depths(now=timezone.now(), names=[row.name for row in rows])
        known = {depth.gateway: depth for depth in depths}
        for row in rows:
            row.depth = known[row.name]
        listed.result_list = rows
        return listed

    @display(
        description="state",
        label={"open": "success", "closed": "info", "paused": "warning", "trouble": "danger"},
    )
    def standing(self, gateway: Gateway) -> tuple[str, str]:
        if gateway.trouble:
            return "trouble", "in trouble"
        if gateway.paused:
            return "paused", "paused"
        closed_until = gateways.closed_until(gateway, timezone.now())
        if closed_until is None:
            return "open", "open"
        return "closed", f"quiet until {closed_until.astimezone(gateways.zone_of(gateway)):%H:%M}"

    @display(description="state")
    def state(self, gateway: Gateway) -> str:
        """The same in words alone: a record's page knows no labels."""
        return self.standing(gateway)[1].capitalize()

    @display(description="waiting")
    def waiting(self, gateway: Gateway) -> str:
        depth = getattr(gateway, "depth", None) or counts.depth(gateway.name, now=timezone.now())
        more = "over " if depth.waiting >= counts.COUNT_MOST else ""
        return more + grouped(depth.waiting)

    @display(description="hours", empty_value="always")
    def hours(self, gateway: Gateway) -> str | None:
        if gateway.not_before is None and gateway.not_after is None:
            return None
        first, last = gateway.not_before or time.min, gateway.not_after or time(23, 59)
        return f"{first:%H:%M}–{last:%H:%M} {gateway.timezone}"

    @action(description="Pause: hand nothing over", permissions=["change"])
    def pause(self, request: HttpRequest, queryset: QuerySet[Gateway]) -> None:
        count = gateways.pause(queryset.values_list("pk", flat=True))
        self.message_user(
            request,
            f"{counted(count, 'gateway')} paused. What waits stays; what comes back is still taken in.",
        )

    @action(description="Go on", permissions=["change"])
    def resume(self, request: HttpRequest, queryset: QuerySet[Gateway]) -> None:
        count = gateways.resume(queryset.values_list("pk", flat=True))
        self.message_user(request, f"{counted(count, 'gateway')} going on.")

    def has_add_permission(self, request: HttpRequest, obj: Any = None) -> bool:
        return False

    def has_delete_permission(self, request: HttpRequest, obj: Any = None) -> bool:
        return False


@admin.register(DeliveryCount)
class DeliveryCountAdmin(ReadOnlyModelAdmin):
    """How many deliveries entered each state, hour by hour."""

    list_display = ["hour", "channel", "gateway", "state", "why", "count"]
    list_filter = ["state", ChannelFilter, GatewayFilter, "hour"]
    ordering = ["-hour", "channel", "state"]
    fields = ["hour", "channel", "gateway", "state", "why", "count"]
    readonly_fields = ["why"]

    @display(description="reason")
    def why(self, row: DeliveryCount) -> str | None:
        return row.reason.replace("_", " ") or None
