"""Pages that belong to no dialect: the front page, the documents, health, and errors outside any view."""

from __future__ import annotations

from collections.abc import Callable
from pathlib import Path
from typing import Any

from django.conf import settings
from django.db import DatabaseError, connection
from django.http import Http404, HttpRequest, HttpResponse, JsonResponse
from django.shortcuts import render
from django.views.decorators.cache import never_cache
from django.views.decorators.http import require_safe

#: Programs, not people, ask for these paths: an error there is never HTML.
MACHINE_PATHS = ("/api/", "/1.0/", "/services/", "/messages", "/notices", "/media/", "/healthz/", "/metrics")


@require_safe
def front(request: HttpRequest) -> HttpResponse:
    """What this installation is, with links into it."""
    return render(request, "front.html", {"documents": sorted(_documents())})


@require_safe
def document(request: HttpRequest, name: str) -> HttpResponse:
    """One page of the documentation, as the Markdown text it is written in."""
    path = _documents().get(name)
    if path is None:
        raise Http404
    return HttpResponse(path.read_text(encoding="utf-8"), content_type="text/plain; charset=utf-8")


def _documents() -> dict[str, Path]:
    return {path.stem: path for path in (settings.BASE_DIR / "docs").glob("*.md")}


@never_cache
@require_safe
def live(request: HttpRequest) -> JsonResponse:
    """200 while the process answers at all; asks nobody else."""
    return JsonResponse({"status": "ok"})


@never_cache
@require_safe
def ready(request: HttpRequest) -> JsonResponse:
    """200 when requests can be served, else 503 naming what is missing."""
    try:
        with connection.cursor() as cursor:
            cursor.execute("SELECT 1 FROM django_migrations LIMIT 1")
            migrated = cursor.fetchone() is not None
    except DatabaseError:
        migrated = False
    body = {"status": "ok" if migrated else "unavailable", "database": "ok" if migrated else "unavailable"}
    return JsonResponse(body, status=200 if migrated else 503)


class ProbesMiddleware:
    """Answers the probes before anything looks at the host name or asks for HTTPS.

    A probe comes from inside, by address and without a proxy; it learns
    nothing but whether the service is up.
    """

    def __init__(self, get_response: Callable[[HttpRequest], HttpResponse]) -> None:
        self.get_response = get_response
        self.probes = {"/healthz/live": live, "/healthz/ready": ready}

    def __call__(self, request: HttpRequest) -> HttpResponse:
        return self.probes.get(request.path_info, self.get_response)(request)


def _error(request: HttpRequest, status: int, detail: str) -> HttpResponse:
    browser = "text/html" in request.headers.get("Accept", "")
    if not browser or request.path.startswith(MACHINE_PATHS):
        return JsonResponse({"detail": detail}, status=status)
    return render(request, "error.html", {"status": status, "detail": detail}, status=status)


def bad_request(request: HttpRequest, exception: Any = None) -> HttpResponse:
    return _error(request, 400, "Bad request.")


def not_found(request: HttpRequest, exception: Any = None) -> HttpResponse:
    return _error(request, 404, "Not found.")


def server_error(request: HttpRequest) -> HttpResponse:
    return _error(request, 500, "Internal server error.")
