"""Changes of many subscriptions, watched while they are worked off."""

from __future__ import annotations

from typing import Any

from django.contrib import admin
from django.http import HttpRequest, HttpResponse
from django.shortcuts import get_object_or_404
from django.template.loader import render_to_string
from django.urls import URLPattern, path, reverse
from django.utils.safestring import SafeString

from accounts.adminbase import ReadOnlyModelAdmin, display
from stagebased.models import BulkChange


@admin.register(BulkChange)
class BulkChangeAdmin(ReadOnlyModelAdmin):
    list_display = ["__str__", "created_at", "created_by", "total", "done", "refused", "finished_at"]
    list_filter = ["kind", "created_at"]
    list_select_related = ["created_by"]
    ordering = ["-pk"]
    fields = ["kind", "value", "created_by", "created_at", "progress"]
    readonly_fields = ["progress"]

    class Media:
        css = {"all": ["accounts/progress.css"]}
        js = ["accounts/progress.js"]

    @display(description="Progress")
    def progress(self, bulk: BulkChange) -> SafeString:
        url = reverse("admin:stagebased_bulkchange_progress", args=[bulk.pk])
        return render_to_string("stagebased/bulk.html", {"url": url, "content": _shown(bulk)})

    def get_urls(self) -> list[URLPattern]:
        view = self.admin_site.admin_view(self.progress_view)
        return [path("<uuid:pk>/progress/", view, name="stagebased_bulkchange_progress"), *super().get_urls()]

    def progress_view(self, request: HttpRequest, pk: Any) -> HttpResponse:
        bulk = get_object_or_404(BulkChange, pk=pk)
        return HttpResponse(_shown(bulk) if self.has_view_permission(request) else "")


def _shown(bulk: BulkChange) -> SafeString:
    over = bulk.done + bulk.refused
    reasons = bulk.items.exclude(outcome="").select_related("subscription__contact").order_by("pk")[:100]
    context = {
        "bulk": bulk,
        "over": over,
        "percent": 100 * over // bulk.total if bulk.total else 100,
        "refused": reasons if bulk.refused else [],
    }
    return render_to_string("stagebased/bulk_progress.html", context)
