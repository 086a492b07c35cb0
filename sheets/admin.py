"""Bringing a file, seeing what it would do, and having it taken in."""

from __future__ import annotations

from collections.abc import Iterator
from typing import Any
from uuid import UUID

from django.contrib import admin, messages
from django.core.exceptions import PermissionDenied
from django.db.models import QuerySet
from django.http import Http404, HttpRequest, HttpResponse, HttpResponseBase, HttpResponseRedirect
from django.template.response import TemplateResponse
from django.urls import URLPattern, path, reverse
from django.views.decorators.http import require_POST, require_safe

from accounts.adminbase import ReadOnlyModelAdmin, display
from accounts.models import User
from sheets import operations
from sheets.exporting import download
from sheets.forms import FileForm
from sheets.kinds import Kind, UnknownSubject, kind, kind_names
from sheets.models import Import
from sheets.operations import NotPossible, importable

#: Faults shown on the page; the file of faults has them all.
SHOWN = 50
#: A file up to this size is checked while its bringer waits; a larger one is left to the workers.
AT_ONCE = 1_000_000


@admin.register(Import)
class ImportAdmin(ReadOnlyModelAdmin):
    """Whoever may import a kind of list sees the files of that kind that were brought."""

    list_display = [
        "file_name",
        "what",
        "state",
        "new",
        "changed",
        "unchanged",
        "faulty",
        "created_by",
        "created_at",
    ]
    list_filter = ["state", "created_at"]
    list_select_related = ["created_by"]

    @display(description="List")
    def what(self, job: Import) -> str:
        return kind(job.kind).title if job.kind in kind_names() else job.kind

    def get_queryset(self, request: HttpRequest) -> QuerySet[Import]:
        return super().get_queryset(request).filter(kind__in=importable(request.user))

    def has_view_permission(self, request: HttpRequest, obj: Any = None) -> bool:
        return bool(importable(request.user)) and (obj is None or obj.kind in importable(request.user))

    def has_module_permission(self, request: HttpRequest) -> bool:
        return bool(importable(request.user))

    def get_urls(self) -> list[URLPattern]:
        wrap = self.admin_site.admin_view
        return [
            path("bring/<slug:kind_name>/", wrap(self.bring), name="sheets_bring"),
            path("bring/<slug:kind_name>/example.csv", wrap(self.example), name="sheets_example"),
            path("bring/<slug:kind_name>/<slug:subject>/", wrap(self.bring), name="sheets_bring"),
            path("<uuid:key>/confirm/", wrap(require_POST(self.confirm)), name="sheets_confirm"),
            path("<uuid:key>/discard/", wrap(require_POST(self.discard)), name="sheets_discard"),
            path("<uuid:key>/faults.csv", wrap(require_safe(self.faults)), name="sheets_faults"),
            *super().get_urls(),
        ]

    # --- bringing a file -----------------------------------------------------------------

    def bring(self, request: HttpRequest, kind_name: str, subject: str = "") -> HttpResponse:
        found = _kind_for(request, kind_name)
        try:
            title = found.subject_title(subject)
        except UnknownSubject as error:
            raise Http404(str(error)) from None
        form = FileForm(request.POST, request.FILES) if request.method == "POST" else FileForm()
        if form.is_valid():
            file = form.cleaned_data["file"]
            job = operations.bring(kind_name=kind_name, subject=subject, file=file, user=_user(request))
            if job.size <= AT_ONCE:
                operations.work(import_id=job.pk, batches=1)
            return _to(job.pk)
        context = {
            "title": f"Import: {title or found.title}",
            "form": form,
            "kind": found,
            "example": reverse("admin:sheets_example", args=[kind_name]),
            "back": found.link(subject),
        }
        return self._page(request, "sheets/bring.html", context)

    def example(self, request: HttpRequest, kind_name: str) -> HttpResponseBase:
        """A file to begin with: the columns, and one row that shows how they are filled."""
        columns = _kind_for(request, kind_name).columns
        names, values = [column.name for column in columns], [column.example for column in columns]
        return download(f"{kind_name}-example", "csv", names, [values])

    # --- one import ------------------------------------------------------------------------

    def change_view(
        self, request: HttpRequest, object_id: str, form_url: str = "", extra_context: Any = None
    ) -> HttpResponse:
        job = self._job(request, object_id)
        found = kind(job.kind)
        faults = list(job.faults.order_by("line", "pk")[: SHOWN + 1])
        context = {
            "title": str(job),
            "original": job,
            "job": job,
            "kind": found,
            "faults": faults[:SHOWN],
            "more_faults": len(faults) > SHOWN,
            "may_confirm": bool(job.new or job.changed) and not (found.whole and job.faulty),
            "again": reverse("admin:sheets_bring", args=[job.kind, *([job.subject] if job.subject else [])]),
            "link": found.link(job.subject),
        }
        return self._page(request, "sheets/import.html", context)

    def confirm(self, request: HttpRequest, key: UUID) -> HttpResponse:
        job = self._job(request, key)
        try:
            operations.confirm(import_id=job.pk, user=_user(request))
            if job.size <= AT_ONCE:
                operations.work(import_id=job.pk, batches=1)
        except NotPossible as error:
            self.message_user(request, str(error), messages.ERROR)
        return _to(job.pk)

    def discard(self, request: HttpRequest, key: UUID) -> HttpResponse:
        job = self._job(request, key)
        try:
            operations.discard(import_id=job.pk)
        except NotPossible as error:
            self.message_user(request, str(error), messages.ERROR)
        return _to(job.pk)

    def faults(self, request: HttpRequest, key: UUID) -> HttpResponseBase:
        """The faults as a file: row, column and reason of each."""
        job = self._job(request, key)
        rows = job.faults.order_by("line", "pk").values_list("line", "column", "reason")
        return download("faults", "csv", ["row", "column", "reason"], _texts(rows))

    def _job(self, request: HttpRequest, key: Any) -> Import:
        try:
            job = Import.objects.filter(pk=UUID(str(key))).first()
        except ValueError:
            job = None
        if job is None:
            raise Http404("There is no such import.")
        if not self.has_view_permission(request, job):
            raise PermissionDenied
        return job

    def _page(self, request: HttpRequest, template: str, context: dict[str, Any]) -> HttpResponse:
        about = {"opts": self.opts, **self.admin_site.each_context(request)}
        return TemplateResponse(request, template, about | context)


def _kind_for(request: HttpRequest, name: str) -> Kind:
    if name not in kind_names():
        raise Http404("There is no such kind of list.")
    if name not in importable(request.user):
        raise PermissionDenied
    return kind(name)


def _user(request: HttpRequest) -> User | None:
    return request.user if isinstance(request.user, User) else None


def _to(key: UUID) -> HttpResponse:
    return HttpResponseRedirect(reverse("admin:sheets_import_change", args=[key]))


def _texts(rows: QuerySet[Any, tuple[int, str, str]]) -> Iterator[list[str]]:
    for line, column, reason in rows.iterator(chunk_size=1000):
        yield [str(line), column, reason]
