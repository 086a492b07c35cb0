"""What only the program writes: due slots and computed figures."""

from __future__ import annotations

from django.contrib import admin

from accounts.adminbase import ReadOnlyModelAdmin
from stagebased.models import DueSlot, Metric


@admin.register(DueSlot)
class DueSlotAdmin(ReadOnlyModelAdmin):
    """Each moment at which a schedule was due, and how its subscriptions fared."""

    list_display = ["due_at", "schedule", "timezone", "state", "queued", "failed", "skipped", "finished_at"]
    list_filter = ["state", "schedule", "due_at"]
    list_select_related = ["schedule"]
    ordering = ["-due_at", "-pk"]


@admin.register(Metric)
class MetricAdmin(ReadOnlyModelAdmin):
    list_display = ["key", "value", "computed_at"]
    search_fields = ["key"]
    ordering = ["key"]
