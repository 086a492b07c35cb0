"""The one place that knows which admin theme is used.

Every app's ``admin.py`` imports its base classes from here, so that a change
of theme, or of what suits large tables, is made once.
"""

from __future__ import annotations

from typing import Any

from django.core.paginator import Paginator
from django.db.models import Model, QuerySet
from django.http import HttpRequest
from django.utils.functional import cached_property
from unfold import admin as unfold_admin
from unfold.decorators import action, display

__all__ = [
    "BoundedPaginator",
    "ModelAdmin",
    "ReadOnlyMixin",
    "ReadOnlyModelAdmin",
    "StackedInline",
    "TabularInline",
    "action",
    "display",
]


class BoundedPaginator(Paginator):
    """Counts no further than ``most`` rows, so a page of a table of millions costs what the page costs.

    Whoever needs the rows behind that narrows the list by a filter or a search.
    """

    most = 10_000

    @cached_property
    def count(self) -> int:
        rows = self.object_list
        if not isinstance(rows, QuerySet):
            return len(rows)
        return min(rows.order_by()[: self.most + 1].count(), self.most)


class ModelAdmin(unfold_admin.ModelAdmin):
    """Lists of 50 with a bounded count; no second count of the unfiltered table."""

    paginator: type[Paginator] = BoundedPaginator
    show_full_result_count = False
    list_per_page = 50
    warn_unsaved_form = True


class ReadOnlyMixin:
    """For records that only the program writes: they can be looked at, not changed."""

    def has_add_permission(self, request: HttpRequest, obj: Any = None) -> bool:
        return False

    def has_change_permission(self, request: HttpRequest, obj: Model | None = None) -> bool:
        return False

    def has_delete_permission(self, request: HttpRequest, obj: Model | None = None) -> bool:
        return False


class ReadOnlyModelAdmin(ReadOnlyMixin, ModelAdmin):
    pass


class TabularInline(unfold_admin.TabularInline):
    extra = 0
    show_change_link = True


class StackedInline(unfold_admin.StackedInline):
    extra = 0
    show_change_link = True
