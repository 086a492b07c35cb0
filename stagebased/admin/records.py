"""What only the program writes: due slots and computed figures."""

from __future__ import annotations

from django.contrib import admin

from accounts.adminbase import ReadOnlyModelAdmin, display
from stagebased.models import DueSlot, Metric
from stagebased.wording import in_words


@admin.register(DueSlot)
class DueSlotAdmin(ReadOnlyModelAdmin):
    """Each moment at which a schedule was due, and how its subscriptions fared."""

    list_display = [
        "due_at",
        "schedule_in_words",
        "timezone",
        "state",
        "queued",
        "failed",
        "skipped",
        "finished_at",
    ]
    list_filter = ["state", "schedule", "due_at"]
    list_select_related = ["schedule"]
    ordering = ["-due_at", "-pk"]

    @display(description="Schedule")
    def schedule_in_words(self, slot: DueSlot) -> str:
        return in_words(slot.schedule)


@admin.register(Metric)
class MetricAdmin(ReadOnlyModelAdmin):
    list_display = ["key", "value", "computed_at"]
    search_fields = ["key"]
    ordering = ["key"]
