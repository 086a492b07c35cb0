"""The audit log in the admin site: looked at, never changed, not even by a superuser."""

from __future__ import annotations

import json
from collections.abc import Iterator
from typing import Any

from django.contrib import admin
from django.db.models import BooleanField, Q, QuerySet
from django.http import HttpRequest
from django.urls import NoReverseMatch, reverse
from django.utils.html import format_html, format_html_join
from django.utils.safestring import SafeString
from django.utils.text import Truncator

from accounts.adminbase import ReadOnlyModelAdmin, display
from audit.models import Entry
from audit.triggers.watched import watched

_COLOURS = {"create": "success", "change": "info", "delete": "danger", "forget": "warning"}
_TABLE = (
    '<table class="audit-changes"><thead><tr><th>Field</th><th>Before</th><th>After</th></tr></thead>'
    "<tbody>{}</tbody></table>"
)


class ModelFilter(admin.SimpleListFilter):
    """By what was changed: the names are known, nobody has to read the log for them."""

    title = "what"
    parameter_name = "model"

    def lookups(self, request: HttpRequest, model_admin: Any) -> list[tuple[str, str]]:
        labels = {one.label for one in watched()} | {"outbox.delivery"}
        names = {label: _title(label) for label in labels}
        return sorted(names.items(), key=lambda pair: pair[1])

    def queryset(self, request: HttpRequest, queryset: QuerySet[Entry]) -> QuerySet[Entry]:
        return queryset.filter(model=self.value()) if self.value() else queryset


def _title(label: str) -> str:
    """A table as the filter offers it; one between two models has the field's name too."""
    found, more = Entry(model=label).changed_model, label.rpartition(".")[2]
    if found is None:
        return label
    name = f"{found._meta.app_config.verbose_name} › {found._meta.verbose_name}"
    return f"{name} › {more}" if label.count(".") > 1 else name


@admin.register(Entry)
class EntryAdmin(ReadOnlyModelAdmin):
    list_display = ["at", "who", "via", "shown_act", "what", "object_link", "summary"]
    list_display_links = ["at"]
    list_filter = ["act", ModelFilter, "at"]
    search_fields = ["object_id"]
    search_help_text = "An account's name, or the id of what was changed or of whom it was about."
    ordering = ["-pk"]
    sortable_by: list[str] = []
    fields = ["at", "who", "via", "token", "act", "what", "object_link", "changes"]
    readonly_fields = fields

    class Media:
        css = {"all": ["audit/entries.css"]}

    def lookup_allowed(self, lookup: str, value: Any, request: HttpRequest | None = None) -> bool:
        # What an object's History button asks for.
        return lookup in ("object_id", "subject") or super().lookup_allowed(lookup, value, request)

    def get_search_results(
        self, request: HttpRequest, queryset: QuerySet[Entry], search_term: str
    ) -> tuple[QuerySet[Entry], bool]:
        term = search_term.strip().replace("\x00", "")
        if not term:
            return queryset, False
        subjects = [f"contact:{term}", f"account:{term}"]
        return queryset.filter(Q(actor=term) | Q(object_id=term) | Q(subject__in=subjects)), False

    @display(description="Who")
    def who(self, entry: Entry) -> str:
        return entry.actor or (f"account {entry.actor_id}" if entry.actor_id else "—")

    @display(description="Act", label=_COLOURS)
    def shown_act(self, entry: Entry) -> tuple[str, str]:
        return entry.act, entry.get_act_display()

    @display(description="What")
    def what(self, entry: Entry) -> str:
        return entry.what

    @display(description="Object")
    def object_link(self, entry: Entry) -> SafeString | str:
        app, _, model = entry.model.partition(".")
        shown = Truncator(entry.object_id).chars(12)
        try:
            url = reverse(f"admin:{app}_{model.partition('.')[0]}_change", args=[entry.object_id])
        except NoReverseMatch:
            return shown or "—"
        return format_html('<a href="{}">{}</a>', url, shown)

    @display(description="Changes")
    def summary(self, entry: Entry) -> str:
        names = ", ".join(name for name, _, _ in _rows(entry))
        return Truncator(names or "—").chars(70)

    @display(description="Changes")
    def changes(self, entry: Entry) -> SafeString:
        rows = format_html_join("", "<tr><th>{}</th><td>{}</td><td>{}</td></tr>", _rows(entry))
        return format_html(_TABLE, rows)


def _rows(entry: Entry) -> Iterator[tuple[str, str, str]]:
    model = entry.changed_model
    fields = {field.column: field for field in model._meta.concrete_fields} if model else {}
    for column in sorted({*entry.before, *entry.after}):
        field = fields.get(column)
        # A database without truth values of its own has ones and zeros in the log.
        is_truth = isinstance(field, BooleanField)
        before, after = (_shown(row.get(column), is_truth) for row in (entry.before, entry.after))
        yield str(field.verbose_name) if field else column.replace("_", " "), before, after


def _shown(value: Any, is_truth: bool) -> str:
    if value is None or value == "":
        return "—"
    if isinstance(value, bool) or (is_truth and isinstance(value, int)):
        return "yes" if value else "no"
    return value if isinstance(value, str) else json.dumps(value, ensure_ascii=False)
