"""The traffic in the admin site: who wrote to whom, when, and whether it was read. Nothing can be changed.

What was said is shown, and can be searched, only with the permission
``sendables.view_bodies``.
"""

from __future__ import annotations

from typing import Any

from django.contrib import admin, messages
from django.db.models import Count, IntegerField, OuterRef, QuerySet, Subquery
from django.db.models.functions import Coalesce
from django.http import HttpRequest
from django.urls import reverse
from django.utils.html import format_html

from accounts.adminbase import ReadOnlyModelAdmin, action, display
from accounts.templatetags.humane import grouped
from accounts.wording import counted
from sendables import operations
from sendables.models import Block, Message, MessageReceipt, Notice, NoticeReceipt, Posting


def may_read(request: HttpRequest) -> bool:
    """Whether this member of staff may read what people write."""
    return request.user.has_perm("sendables.view_bodies")


class BodiesMixin:
    """Leaves ``body_fields`` out of the page and of the search for whoever may not read them."""

    body_fields: tuple[str, ...] = ()
    body_search_fields: tuple[str, ...] = ()

    def get_fields(self, request: HttpRequest, obj: Any = None) -> list[Any]:
        shown: Any = super().get_fields(request, obj)  # type: ignore[misc]  # a mixin before ModelAdmin
        return [name for name in shown if may_read(request) or name not in self.body_fields]

    def get_search_fields(self, request: HttpRequest) -> list[str]:
        known: Any = super().get_search_fields(request)  # type: ignore[misc]  # a mixin before ModelAdmin
        return [*known, *(self.body_search_fields if may_read(request) else ())]

    def lookup_allowed(self, lookup: str, value: Any, request: HttpRequest) -> bool:
        """Not by a body either in the list's address: what it begins with can be found out by trying."""
        if lookup.partition("__")[0] in self.body_fields and not may_read(request):
            return False
        return bool(super().lookup_allowed(lookup, value, request))  # type: ignore[misc]  # a mixin before ModelAdmin


def _recipients(receipts: Any, **also: Any) -> Coalesce:
    """How many receipts the sendable of the outer query has, in the list's own statement."""
    mine = receipts.objects.filter(sendable=OuterRef("pk"), **also).order_by().values("sendable")
    counted = mine.annotate(number=Count("pk")).values("number")
    return Coalesce(Subquery(counted, output_field=IntegerField()), 0)


class SendableAdmin(BodiesMixin, ReadOnlyModelAdmin):
    """A list of what was sent, with its recipients counted by the list's own statement."""

    receipt_model: Any
    ordering = ["-sent_on"]
    date_hierarchy = None
    list_filter = ["sent_on"]
    body_fields = ("subject", "content")
    body_search_fields: tuple[str, ...] = ("content",)

    def get_queryset(self, request: HttpRequest) -> QuerySet[Any]:
        rows = super().get_queryset(request)
        return rows.annotate(
            recipients=_recipients(self.receipt_model),
            readers=_recipients(self.receipt_model, read_at__isnull=False),
        )

    @display(description="Recipients")
    def recipients(self, obj: Any) -> str:
        name = self.receipt_model._meta.model_name
        url = reverse(f"admin:sendables_{name}_changelist") + f"?sendable__id__exact={obj.pk}"
        return format_html('<a href="{}">{}</a>', url, obj.recipients)

    @display(description="Read by")
    def readers(self, obj: Any) -> int:
        return int(obj.readers)


@admin.register(Message)
class MessageAdmin(SendableAdmin):
    receipt_model = MessageReceipt
    list_display = ["id", "sender", "sent_on", "recipients", "readers", "thread", "removed_at"]
    list_select_related = ["sender"]
    search_fields = ["=id", "sender__username"]
    fields = ["sender", "sent_on", "recipients", "readers", "thread", "removed_at", "subject", "content"]
    readonly_fields = fields
    body_search_fields = ("content", "subject")


@admin.register(Notice)
class NoticeAdmin(SendableAdmin):
    receipt_model = NoticeReceipt
    list_display = ["id", "sent_by", "sent_on", "expires_at", "recipients", "readers"]
    list_select_related = ["sent_by"]
    search_fields = ["=id", "sent_by__username", "=delivery"]
    fields = ["sent_by", "sent_on", "expires_at", "delivery_link", "recipients", "readers", "content"]
    readonly_fields = fields

    @display(description="Delivery")
    def delivery_link(self, notice: Notice) -> str | None:
        if notice.delivery is None:
            return None
        url = reverse("admin:outbox_delivery_change", args=[notice.delivery])
        return format_html('<a href="{}">Show it</a>', url)


class ReceiptAdmin(ReadOnlyModelAdmin):
    """Who got what, and what they did with it; no bodies."""

    list_display = ["what", "recipient", "sent_on", "read_at", "deleted_at"]
    list_select_related = ["recipient"]
    list_filter = ["unread"]
    search_fields = ["=sendable__id", "recipient__username"]
    fields = ["what", "recipient", "sent_on", "expires_at", "read_at", "deleted_at"]
    readonly_fields = fields
    ordering = ["-sendable_id", "recipient_id"]

    @display(description="What", ordering="sendable")
    def what(self, receipt: Any) -> str:
        sent = type(receipt)._meta.get_field("sendable").related_model
        return f"{sent._meta.verbose_name} {receipt.sendable_id}"

    def lookup_allowed(self, lookup: str, value: Any, request: HttpRequest | None = None) -> bool:
        # The link from a sendable's page to its receipts.
        return lookup == "sendable__id__exact" or super().lookup_allowed(lookup, value, request)


@admin.register(MessageReceipt)
class MessageReceiptAdmin(ReceiptAdmin):
    pass


@admin.register(NoticeReceipt)
class NoticeReceiptAdmin(ReceiptAdmin):
    pass


@admin.register(Posting)
class PostingAdmin(BodiesMixin, ReadOnlyModelAdmin):
    """Scheduled and large sends; one that is not finished can be stopped."""

    list_display = ["id", "entity", "posted_by", "publish_at", "reached", "finished_at", "cancelled_at"]
    list_select_related = ["posted_by"]
    list_filter = ["entity", "publish_at"]
    search_fields = ["=id", "posted_by__username"]
    ordering = ["-publish_at"]
    fields = [
        "entity", "posted_by", "publish_at", "expires_at", "to_whom", "reached", "created_at",
        "finished_at", "cancelled_at", "fields",
    ]  # fmt: skip
    readonly_fields = fields
    body_fields = ("fields",)
    actions = ["stop"]

    @display(description="To whom")
    def to_whom(self, posting: Posting) -> str:
        if "groups" in posting.audience:
            return ", ".join(posting.audience["groups"])
        if "ids" in posting.audience:
            return f"{grouped(len(posting.audience['ids']))} accounts"
        return "everybody"

    @action(description="Stop: deliver nothing more", permissions=["stop"])
    def stop(self, request: HttpRequest, queryset: QuerySet[Posting]) -> None:
        stopped = 0
        for entity_name in set(queryset.values_list("entity", flat=True)):
            ids = list(queryset.filter(entity=entity_name).values_list("pk", flat=True))
            try:
                stopped += operations.cancel(entity_name=entity_name, ids=ids)
            except operations.NotScheduled:
                continue
        level = messages.SUCCESS if stopped else messages.WARNING
        self.message_user(request, f"{counted(stopped, 'send')} stopped.", level)

    def has_stop_permission(self, request: HttpRequest) -> bool:
        return request.user.has_perm("sendables.change_posting")


@admin.register(Block)
class BlockAdmin(ReadOnlyModelAdmin):
    list_display = ["blocker", "blocked", "created_at"]
    list_select_related = ["blocker", "blocked"]
    search_fields = ["blocker__username", "blocked__username"]
    fields = ["blocker", "blocked", "created_at"]
    readonly_fields = fields
    ordering = ["-created_at"]
