"""What the ASGI entry point wraps Django in, for the streams' sake."""

from __future__ import annotations

from collections.abc import Awaitable, Callable
from concurrent.futures import ThreadPoolExecutor
from itertools import cycle
from typing import Any

from asgiref.sync import ThreadSensitiveContext

Application = Callable[[Any, Any, Any], Awaitable[None]]

#: Threads in which the synchronous parts (middleware, signals) of all streams run.
THREADS = 4


def few_threads_for_streams(application: Application) -> Application:
    """Let streams share a few threads instead of holding one each.

    Django gives every request a thread of its own for its synchronous parts,
    for as long as the request lasts. A stream lasts for minutes and needs it
    for milliseconds at either end.
    """
    threads = cycle([ThreadPoolExecutor(1, thread_name_prefix="streams") for _ in range(THREADS)])

    async def serve(scope: Any, receive: Any, send: Any) -> None:
        if scope["type"] == "http" and scope["path"].rstrip("/").endswith("/stream"):
            async with ThreadSensitiveContext(executor=next(threads)):
                await application(scope, receive, send)
        else:
            await application(scope, receive, send)

    return serve
