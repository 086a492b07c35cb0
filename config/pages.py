"""Pages that belong to no dialect: the front page, and errors outside any view."""

from __future__ import annotations

import sys
from typing import Any

from django.conf import settings
from django.http import HttpRequest, HttpResponse, JsonResponse
from django.shortcuts import render
from django.views.decorators.http import require_safe

from accounts.api.errors import Away, is_away

#: Programs, not people, ask for these paths: an error there is never HTML.
MACHINE_PATHS = ("/api/", "/1.0/", "/services/", "/messages", "/notices", "/media/", "/healthz/", "/metrics")


@require_safe
def front(request: HttpRequest) -> HttpResponse:
    """What this installation is, with links into it; to the admin site unless that was put elsewhere."""
    return render(request, "front.html", {"admin_is_told": settings.ADMIN_PATH == "admin"})


def _error(request: HttpRequest, status: int, detail: str, advice: str = "") -> HttpResponse:
    browser = "text/html" in request.headers.get("Accept", "")
    if not browser or request.path.startswith(MACHINE_PATHS):
        return JsonResponse({"detail": detail}, status=status)
    context = {"status": status, "detail": detail, "advice": advice, "admin": ""}
    if request.path.startswith(f"/{settings.ADMIN_PATH}/"):
        # Whoever is at work there goes on there.
        context["admin"] = f"/{settings.ADMIN_PATH}/"
    return render(request, "error.html", context, status=status)


def bad_request(request: HttpRequest, exception: Any = None) -> HttpResponse:
    return _error(request, 400, "Bad request.")


def forbidden(request: HttpRequest, exception: Any = None) -> HttpResponse:
    return _error(
        request,
        403,
        "Forbidden.",
        "Your role does not open this page. An administrator can give you another.",
    )


def csrf_failure(request: HttpRequest, reason: str = "") -> HttpResponse:
    """A form, or a session's request, without the token that proves that it comes from here."""
    return _error(request, 403, "CSRF verification failed.", "Go back, load the page anew, and try again.")


def not_found(request: HttpRequest, exception: Any = None) -> HttpResponse:
    return _error(request, 404, "Not found.")


def server_error(request: HttpRequest) -> HttpResponse:
    """500; but 503 with Retry-After when the database was away: nothing was stored, and asking again helps.

    Called while the exception is being handled, also one that a middleware raised.
    """
    if is_away(sys.exc_info()[1]):
        answer = _error(request, 503, Away.default_detail)
        answer["Retry-After"] = str(Away.wait)
        return answer
    return _error(request, 500, "Internal server error.")
