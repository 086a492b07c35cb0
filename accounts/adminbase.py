"""The one place that knows which admin theme is used.

Every app's ``admin.py`` imports its base classes from here, so that a change
of theme, or of what suits large tables, is made once.
"""

from __future__ import annotations

from typing import Any

from django.core.exceptions import PermissionDenied
from django.core.paginator import Paginator
from django.db.models import Field, JSONField, Model, QuerySet, TextField
from django.forms import JSONField as FormJSONField
from django.http import HttpRequest, HttpResponse, HttpResponseRedirect
from django.urls import reverse
from django.utils.functional import cached_property
from django.utils.http import urlencode
from unfold import admin as unfold_admin
from unfold.decorators import action, display
from unfold.forms import AdminPasswordChangeForm, UserChangeForm, UserCreationForm
from unfold.forms import AuthenticationForm as LogInForm
from unfold.sites import UnfoldAdminSite as Site
from unfold.widgets import INPUT_CLASSES
from unfold.widgets import UnfoldAdminFileFieldWidget as FileInput
from unfold.widgets import UnfoldAdminSelectWidget as Select
from unfold.widgets import UnfoldAdminTextareaWidget as Textarea
from unfold.widgets import UnfoldAdminTextInputWidget as TextInput
from unfold.widgets import UnfoldBooleanSwitchWidget as Switch

__all__ = [
    "INPUT_CLASS",
    "AdminPasswordChangeForm",
    "BoundedPaginator",
    "DateInput",
    "FileInput",
    "LogInForm",
    "ModelAdmin",
    "ReadOnlyMixin",
    "ReadOnlyModelAdmin",
    "Select",
    "Site",
    "StackedInline",
    "Switch",
    "TabularInline",
    "TextInput",
    "Textarea",
    "TimeInput",
    "UserChangeForm",
    "UserCreationForm",
    "action",
    "display",
]

#: How a text field looks.
INPUT_CLASS = " ".join(INPUT_CLASSES)


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


class JSONFormField(FormJSONField):
    """JSON in which nothing is an empty field, not the word null."""

    def prepare_value(self, value: Any) -> Any:
        return "" if value is None else super().prepare_value(value)


class ModelAdmin(unfold_admin.ModelAdmin):
    """Lists of 50 with a bounded count; no second count of the unfiltered table."""

    paginator: type[Paginator] = BoundedPaginator
    show_full_result_count = False
    list_per_page = 50
    warn_unsaved_form = True
    empty_value_display = "—"

    def get_changelist_instance(self, request: HttpRequest) -> Any:
        listed = super().get_changelist_instance(request)
        if not (listed.query or listed.has_active_filters):
            # Else the theme would offer to show all where all are shown.
            listed.full_result_count = listed.result_count
        return listed

    def get_fieldsets(self, request: HttpRequest, obj: Any = None) -> Any:
        """Where something is only added: without columns that the program fills in, which say nothing yet."""
        given = super().get_fieldsets(request, obj)
        if obj is not None:
            return given
        columns = {field.name for field in self.opts.get_fields()}
        unsaid = columns.intersection(self.get_readonly_fields(request, obj))
        left = [(title, options, _without(options["fields"], unsaid)) for title, options in given]
        return [(title, {**options, "fields": fields}) for title, options, fields in left if fields]

    def formfield_for_dbfield(self, db_field: Field, request: HttpRequest, **options: Any) -> Any:
        if isinstance(db_field, JSONField):
            options.setdefault("form_class", JSONFormField)
        field = super().formfield_for_dbfield(db_field, request, **options)
        if isinstance(db_field, TextField | JSONField) and "widget" not in options and field is not None:
            # They grow with what is written (admin.css).
            field.widget.attrs["rows"] = 3
        return field

    # The audit log has it, with what was there before; the framework's own log would be a second one.

    def log_addition(self, request: HttpRequest, obj: Any, message: Any) -> Any:
        return None

    def log_change(self, request: HttpRequest, obj: Any, message: Any) -> Any:
        return None

    def log_deletions(self, request: HttpRequest, queryset: Any) -> Any:
        return []

    def history_view(
        self, request: HttpRequest, object_id: str, extra_context: dict[str, Any] | None = None
    ) -> HttpResponse:
        """The audit log, narrowed to the object."""
        if not self.has_view_permission(request):
            raise PermissionDenied
        about = {"model": self.opts.label_lower, "object_id": object_id}
        return HttpResponseRedirect(f"{reverse('admin:audit_entry_changelist')}?{urlencode(about)}")


def _without(rows: Any, unsaid: set[str]) -> list[Any]:
    """Rows of fields, of which some have several side by side, without these."""
    kept = [row if isinstance(row, str) else tuple(one for one in row if one not in unsaid) for row in rows]
    return [row for row in kept if row and row not in unsaid]


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
    empty_value_display = "—"


class StackedInline(unfold_admin.StackedInline):
    extra = 0
    show_change_link = True
    empty_value_display = "—"


class DateInput(TextInput):
    """A date, chosen in the browser's own way."""

    input_type = "date"


class TimeInput(TextInput):
    input_type = "time"
