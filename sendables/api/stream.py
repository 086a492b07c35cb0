"""``GET /messages/stream/``: what happens in the caller's inbox, as server-sent events.

``event: message`` (the entity's name) carries an item as the lists show it,
``event: unread`` the unread count; the id of both is the inbox's version, so
a client that comes back with ``Last-Event-ID`` misses nothing.

Served by ASGI the connection stays open. Under WSGI, where it would hold a
worker, the answer is what is new and the request to come again: the same
client then polls.
"""

from __future__ import annotations

import asyncio
import time
from collections.abc import AsyncIterator, Callable
from concurrent.futures import ThreadPoolExecutor
from functools import partial
from typing import Any

from asgiref.sync import sync_to_async
from django.core.handlers.asgi import ASGIRequest
from django.http import HttpRequest, HttpResponse, JsonResponse, StreamingHttpResponse
from django.views.decorators.csrf import csrf_exempt
from rest_framework.negotiation import BaseContentNegotiation
from rest_framework.request import Request
from rest_framework.response import Response

from sendables.api.base import EntityView
from sendables.entities import Entity, entity
from sendables.push import feed
from sendables.push.hub import Stream, hub, in_database
from sendables.push.settings import stream_setting

CONTENT_TYPE = "text/event-stream"
# Not Django's thread of the request: that one lives as long as the request, so a thousand
# open streams would be a thousand threads with a database connection each.
_gatekeepers = ThreadPoolExecutor(4, thread_name_prefix="sendables-gate")


class _AnyType(BaseContentNegotiation):
    """Errors are JSON, whatever type the caller waits for: EventSource accepts nothing but its own."""

    def select_parser(self, request: Request, parsers: Any) -> Any:
        return parsers[0]

    def select_renderer(self, request: Request, renderers: Any, format_suffix: str | None = None) -> Any:
        return renderers[0], renderers[0].media_type


class GateView(EntityView):
    """Asks for credentials, permission and method as the lists do; lets through with a News to begin with."""

    view_name = "STREAM"
    content_negotiation_class = _AnyType

    def get(self, request: Request, **kwargs: Any) -> Response:
        last_seen = request.headers.get("Last-Event-ID") or request.query_params.get("last_event_id")
        beginning = feed.beginning(self.kind, self.user, _version(last_seen))
        return Response({"user": self.user.pk, "beginning": beginning})


def _version(text: str | None) -> int | None:
    return int(text) if text and text.isascii() and text.isdigit() and len(text) < 19 else None


async def stream(request: HttpRequest, entity_name: str) -> HttpResponse | StreamingHttpResponse:
    """The view of all entities' streams."""
    answer = await _in_thread(request, _ask, request, entity_name)
    if answer.status_code != 200 or request.method == "OPTIONS":
        return answer
    if request.method == "HEAD":
        return _headed(HttpResponse(content_type=CONTENT_TYPE))
    user, beginning = answer.data["user"], answer.data["beginning"]
    kind = entity(entity_name)
    if not isinstance(request, ASGIRequest):
        text = await _in_thread(request, _once, kind, user, beginning)
        return _headed(HttpResponse(text, content_type=CONTENT_TYPE))
    if hub().count(entity_name, user) >= stream_setting("MAX_PER_USER"):
        return JsonResponse({"detail": "You have too many streams open."}, status=429)
    reader = Stream(entity_name, user, beginning)
    return _headed(StreamingHttpResponse(_events(reader, beginning.text), content_type=CONTENT_TYPE))


def stream_view(entity_name: str) -> Any:
    """The stream of one entity, as a view. The gate itself checks what a session must prove."""
    return csrf_exempt(partial(stream, entity_name=entity_name))


async def _in_thread(request: HttpRequest, work: Callable[..., Any], *args: Any) -> Any:
    """Run what asks the database: with ASGI aside, else in the thread that serves the request anyway."""
    if isinstance(request, ASGIRequest):
        loop = asyncio.get_running_loop()
        return await loop.run_in_executor(_gatekeepers, in_database, work, *args)
    return await sync_to_async(work)(*args)


def _ask(request: HttpRequest, entity_name: str) -> Any:
    answer: Any = GateView.as_view(entity_name=entity_name)(request)
    if answer.status_code != 200 or request.method == "OPTIONS":
        answer.render()
    return answer


def _headed(response: Any) -> Any:
    # A cache or a proxy that gathers would hold the events back.
    response["Cache-Control"] = "no-cache, no-transform"
    response["X-Accel-Buffering"] = "no"
    return response


def _retry(milliseconds: int) -> str:
    return f"retry: {milliseconds}\n\n"


def _once(kind: Entity, user: Any, beginning: feed.News) -> str:
    """The answer where no connection can stay open."""
    [news] = feed.news(kind, [feed.Position(user, beginning.seen)])
    return _retry(stream_setting("POLL_MILLISECONDS")) + beginning.text + (news.text if news else "")


async def _events(reader: Stream, beginning: str) -> AsyncIterator[str]:
    ends = time.monotonic() + stream_setting("LIFETIME_SECONDS")
    yield _retry(stream_setting("RETRY_MILLISECONDS")) + beginning
    async with hub().joined(reader):
        while (left := ends - time.monotonic()) > 0:
            try:
                pause = min(stream_setting("HEARTBEAT_SECONDS"), left)
                yield await reader.next_text(pause)
            except TimeoutError:
                yield ": still here\n\n"
