"""Hangs the editors' pages onto the admin class of message sets, with a row of tabs through them."""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass
from functools import partial
from typing import Any

from django.core.exceptions import PermissionDenied
from django.http import Http404, HttpRequest, HttpResponse, HttpResponseRedirect
from django.http.response import HttpResponseBase
from django.template.response import TemplateResponse
from django.urls import URLPattern, path, re_path, reverse
from django.utils.text import slugify
from django.views.decorators.http import require_POST, require_safe

from sheets.exporting import download
from stagebased import sheets
from stagebased.models import MessageSet
from stagebased.pages import calendar, content, counter, editing, phone, times


@dataclass(frozen=True)
class Page:
    """A page that looks at one message set. ``context`` gives what its template shows."""

    slug: str
    title: str
    context: Callable[[HttpRequest, MessageSet], dict[str, Any]]

    @property
    def template(self) -> str:
        return f"stagebased/pages/{self.slug}.html"


PAGES = [
    Page("content", "Content", content.context),
    Page("phone", "On the phone", phone.context),
    Page("calendar", "What a person gets", calendar.context),
    Page("times", "When", times.context),
]
#: What the buttons do, each by POST for those who may edit the set.
ACTS: dict[str, Callable[[HttpRequest, MessageSet], HttpResponse]] = {
    "write": editing.write,
    "forget": editing.forget,
    "stage": editing.stage,
    "copy_language": editing.copy_language,
    "publish": editing.publish,
    "discard": editing.discard,
    "activate": editing.activate,
    "trial": editing.send_trial,
}


@dataclass(frozen=True)
class Tab:
    title: str
    link: str
    is_here: bool


class EditorPagesMixin:
    """For the ``ModelAdmin`` of message sets."""

    change_form_outer_before_template = "stagebased/pages/tabs.html"

    admin_site: Any
    opts: Any
    get_queryset: Any
    has_view_permission: Any

    def get_urls(self) -> list[URLPattern]:
        own = [
            path(
                f"<int:pk>/{page.slug}/",
                self.admin_site.admin_view(require_safe(partial(self._show, page=page))),
                name=f"stagebased_messageset_{page.slug}",
            )
            for page in PAGES
        ]
        measure = path(
            "count/", self.admin_site.admin_view(require_POST(self._count)), name="stagebased_count"
        )
        acts = [
            path(
                f"<int:pk>/{name.replace('_', '-')}/",
                self.admin_site.admin_view(require_POST(partial(self._act, act=act))),
                name=f"stagebased_messageset_{name}",
            )
            for name, act in ACTS.items()
        ]
        wrap = self.admin_site.admin_view
        others = [
            path("<int:pk>/clone/", wrap(require_POST(self._clone)), name="stagebased_messageset_clone"),
            path(
                "<int:pk>/stages/<int:number>/",
                wrap(require_safe(self._goto)),
                name="stagebased_messageset_goto",
            ),
            re_path(
                r"^(?P<pk>[0-9]{1,18})/export\.(?P<kind>csv|xlsx)$",
                wrap(require_safe(self._export)),
                name="stagebased_messageset_export",
            ),
        ]
        return [measure, *own, *acts, *others, *super().get_urls()]  # type: ignore[misc] # mixed in before ModelAdmin

    def _show(self, request: HttpRequest, pk: int, page: Page) -> HttpResponse:
        message_set = self.message_set(request, pk)
        context = {
            **self.admin_site.each_context(request),
            "title": page.title,
            "opts": self.opts,
            "original": message_set,
            "tabs": _tabs(message_set, page.slug),
            **page.context(request, message_set),
        }
        return TemplateResponse(request, page.template, context)

    def _act(
        self, request: HttpRequest, pk: int, act: Callable[[HttpRequest, MessageSet], HttpResponse]
    ) -> HttpResponse:
        message_set = self.message_set(request, pk)
        if not content.may_edit(request.user):
            raise PermissionDenied
        return act(request, message_set)

    def _clone(self, request: HttpRequest, pk: int) -> HttpResponse:
        message_set = self.message_set(request, pk)
        if not content.may_clone(request.user):
            raise PermissionDenied
        return editing.clone(request, message_set)

    def _goto(self, request: HttpRequest, pk: int, number: int) -> HttpResponse:
        return editing.goto(request, self.message_set(request, pk), number)

    def _export(self, request: HttpRequest, pk: int, kind: str) -> HttpResponseBase:
        """The set's texts as a file; with ``?layout=columns`` a column for each language."""
        message_set = self.message_set(request, pk)
        by_columns = request.GET.get("layout") == "columns"
        header, rows = (sheets.column_by_language if by_columns else sheets.row_by_row)(message_set)
        name = slugify(message_set.short_name) or f"set-{message_set.pk}"
        return download(name, kind, header, rows)

    def _count(self, request: HttpRequest) -> HttpResponse:
        if not self.has_view_permission(request):
            raise PermissionDenied
        return counter.answer(request)

    def message_set(self, request: HttpRequest, pk: int) -> MessageSet:
        """The set of that id, for somebody who may look at it."""
        found = MessageSet.objects.select_related("default_schedule").filter(pk=pk).first()
        if not self.has_view_permission(request, found):
            raise PermissionDenied
        if found is None:
            raise Http404("There is no such message set.")
        return found

    def get_changelist(self, request: HttpRequest, **kwargs: Any) -> Any:
        """A list whose lines lead to what the set says."""
        base = super().get_changelist(request, **kwargs)  # type: ignore[misc] # mixed in before ModelAdmin

        class ToContent(base):  # type: ignore[misc, valid-type] # the framework chooses the class
            def url_for_result(self, result: MessageSet) -> str:
                return reverse("admin:stagebased_messageset_content", args=[result.pk])

        return ToContent

    def response_post_save_add(self, request: HttpRequest, obj: MessageSet) -> HttpResponse:
        """A new set is written next."""
        return HttpResponseRedirect(reverse("admin:stagebased_messageset_content", args=[obj.pk]))

    def change_view(
        self, request: HttpRequest, object_id: str, form_url: str = "", extra_context: Any = None
    ) -> HttpResponse:
        found = MessageSet.objects.filter(pk=object_id).first() if object_id.isdecimal() else None
        more = {"tabs": _tabs(found, "change")} if found is not None else {}
        return super().change_view(  # type: ignore[misc] # mixed in before ModelAdmin
            request, object_id, form_url, {**(extra_context or {}), **more}
        )


def _tabs(message_set: MessageSet, here: str) -> list[Tab]:
    places = [(page.slug, page.title) for page in PAGES] + [("change", "Settings")]
    return [
        Tab(title, reverse(f"admin:stagebased_messageset_{slug}", args=[message_set.pk]), slug == here)
        for slug, title in places
    ]
