"""What is done around every request: an id for it, and one line in the log."""

from __future__ import annotations

import logging
import time
import uuid
from collections.abc import Awaitable, Callable
from contextlib import contextmanager
from typing import Any

from asgiref.sync import iscoroutinefunction
from django.conf import settings
from django.http import HttpRequest
from django.http.request import HttpHeaders
from django.http.response import HttpResponseBase
from django.utils.decorators import sync_and_async_middleware
from django.utils.functional import SimpleLazyObject

from config import logs
from outbox import trail

log = logging.getLogger(__name__)
HEADER = "X-Request-ID"
_GIVEN = HttpHeaders.to_wsgi_name(HEADER)


def id_of(request: HttpRequest) -> uuid.UUID:
    """The id that the caller or the proxy in front gave the request, when it is a UUID; else a new one.

    Nothing else is taken over: an id ends in log lines and beside deliveries.
    """
    # Not request.headers, which reads all of them.
    given = request.META.get(_GIVEN, "")
    try:
        return uuid.UUID(given) if len(given) in (32, 36) else uuid.uuid4()
    except ValueError:
        return uuid.uuid4()


@sync_and_async_middleware
def requests(get_response: Callable[[HttpRequest], Any]) -> Callable[[HttpRequest], Any]:
    """Gives each request its id, answers with it, and logs how it went."""
    if iscoroutinefunction(get_response):
        return _async(get_response)

    def middleware(request: HttpRequest) -> HttpResponseBase:
        with _named(request) as key:
            return _told(request, get_response(request), key)

    return middleware


def _async(
    get_response: Callable[[HttpRequest], Awaitable[HttpResponseBase]],
) -> Callable[[HttpRequest], Awaitable[HttpResponseBase]]:
    async def middleware(request: HttpRequest) -> HttpResponseBase:
        with _named(request) as key:
            return _told(request, await get_response(request), key)

    return middleware


@contextmanager
def _named(request: HttpRequest) -> Any:
    key = id_of(request)
    request.began_at = time.monotonic()  # type: ignore[attr-defined]
    begun, told = trail.begin(key), logs.context.set({"request_id": str(key)})
    try:
        yield key
    finally:
        logs.context.reset(told)
        trail.end(begun)


def _told(request: HttpRequest, response: HttpResponseBase, key: uuid.UUID) -> HttpResponseBase:
    response[HEADER] = str(key)
    if settings.LOG_REQUESTS:
        _log(request, response.status_code)
    return response


def _log(request: HttpRequest, status: int) -> None:
    took = round((time.monotonic() - request.began_at) * 1000)  # type: ignore[attr-defined]
    route = logs.route_of(request)
    fields = {"method": request.method, "route": route, "status": status, "ms": took, "user": _user(request)}
    log.info("%s %s %d in %d ms", request.method, route, status, took, extra={"fields": fields})


def _user(request: HttpRequest) -> Any:
    """The id of who was recognised; nobody is looked up for the log's sake."""
    user = getattr(request, "user", None)
    if isinstance(user, SimpleLazyObject):
        user = getattr(request, "_cached_user", None)
    return getattr(user, "pk", None)
