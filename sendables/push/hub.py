"""All streams of one process: one look at the database serves them all.

A hub lives in an event loop from its first stream to its last. It looks when
a hint comes and from time to time; the look runs in a thread of its own with
one database connection, whatever the number of streams.
"""

from __future__ import annotations

import asyncio
import contextlib
import logging
from collections.abc import AsyncIterator, Callable
from concurrent.futures import ThreadPoolExecutor
from datetime import datetime
from typing import Any
from weakref import WeakKeyDictionary

import redis.asyncio
from django.db import DatabaseError, close_old_connections
from django.utils import timezone
from redis.exceptions import RedisError

from sendables.entities import entity
from sendables.push import feed, hints
from sendables.push.settings import stream_setting

log = logging.getLogger(__name__)

#: Hints that come within this time of each other are answered by one look.
GATHER_SECONDS = 0.02
#: How long to wait before trying a lost Redis or database again.
REST_SECONDS = 2.0
#: Texts waiting for one slow reader; until it has taken them, nothing more is fetched for it.
MOST_WAITING = 10


def in_database(work: Callable[..., Any], *args: Any) -> Any:
    """Run ``work`` in a thread that is no request's, with a connection that is neither stale nor leaked."""
    close_old_connections()
    try:
        return work(*args)
    finally:
        close_old_connections()


class Stream:
    """One connected reader: where it stands, and what waits to be sent to it."""

    def __init__(self, entity_name: str, user: Any, beginning: feed.News) -> None:
        self.entity_name, self.user = entity_name, user
        self.seen, self.counted_at = beginning.seen, beginning.counted_at
        self.waiting: asyncio.Queue[str] = asyncio.Queue()

    @property
    def is_slow(self) -> bool:
        return self.waiting.qsize() >= MOST_WAITING

    def take(self, news: feed.News) -> None:
        self.seen = news.seen
        self.counted_at = news.counted_at or self.counted_at
        self.waiting.put_nowait(news.text)

    async def next_text(self, pause: float) -> str:
        """What waits to be sent, as soon as there is something; TimeoutError after ``pause`` seconds."""
        was_slow = self.is_slow
        text = await asyncio.wait_for(self.waiting.get(), pause)
        if was_slow:
            hub().wake.set()
        return text


class Hub:
    def __init__(self) -> None:
        self.streams: set[Stream] = set()
        self.database = ThreadPoolExecutor(1, thread_name_prefix="sendables-feed")
        self.wake = asyncio.Event()
        self.tasks: list[asyncio.Task[None]] = []
        #: Whether hints come in; until then the database is polled.
        self.hinted = False
        #: When the next unread item of a reader expires, which nobody gives a hint of.
        self.next_expiry: datetime | None = None

    @contextlib.asynccontextmanager
    async def joined(self, stream: Stream) -> AsyncIterator[Stream]:
        """Keep the stream fed while the block runs."""
        self.streams.add(stream)
        if not self.tasks:
            self.tasks = [asyncio.create_task(self._look_again_and_again())]
            if stream_setting("REDIS_URL"):
                self.tasks.append(asyncio.create_task(self._listen_again_and_again()))
        # What happened between the beginning's look and now.
        self.wake.set()
        try:
            yield stream
        finally:
            self.streams.discard(stream)
            if not self.streams:
                self._rest()

    def _rest(self) -> None:
        for task in self.tasks:
            task.cancel()
        self.tasks, self.hinted = [], False

    def count(self, entity_name: str, user: Any) -> int:
        return sum(each.entity_name == entity_name and each.user == user for each in self.streams)

    async def _look_again_and_again(self) -> None:
        while True:
            pause = stream_setting("SAFETY_SECONDS" if self.hinted else "POLL_SECONDS")
            if self.next_expiry is not None:
                pause = min(pause, max((self.next_expiry - timezone.now()).total_seconds(), 0))
            with contextlib.suppress(TimeoutError):
                await asyncio.wait_for(self.wake.wait(), pause)
                await asyncio.sleep(GATHER_SECONDS)
            self.wake.clear()
            try:
                await self.look()
            except DatabaseError as error:
                log.warning("live streams cannot look into the database: %s", type(error).__name__)
                await asyncio.sleep(REST_SECONDS)

    async def look(self) -> None:
        """Give every stream that can take it what is new for it."""
        loop = asyncio.get_running_loop()
        expiries = []
        for name in {stream.entity_name for stream in self.streams}:
            ready = [each for each in self.streams if each.entity_name == name and not each.is_slow]
            positions = [feed.Position(each.user, each.seen, each.counted_at) for each in ready]
            found = await loop.run_in_executor(self.database, in_database, feed.look, entity(name), positions)
            expiries.append(found.next_expiry)
            for stream, news in zip(ready, found.news, strict=True):
                if news is not None:
                    stream.take(news)
                    if news.more:
                        self.wake.set()
        self.next_expiry = min((moment for moment in expiries if moment is not None), default=None)

    async def _listen_again_and_again(self) -> None:
        while True:
            try:
                await self._listen()
            except (RedisError, OSError) as error:
                log.warning("live streams hear no hints, they poll: %s", type(error).__name__)
            self.hinted = False
            await asyncio.sleep(REST_SECONDS)

    async def _listen(self) -> None:
        client = redis.asyncio.Redis.from_url(stream_setting("REDIS_URL"), health_check_interval=10)
        async with client, client.pubsub() as hearing:
            await hearing.subscribe(hints.CHANNEL)
            async for message in hearing.listen():
                if message["type"] == "subscribe":
                    # Only now is every hint heard. The look that follows finds what was missed before.
                    self.hinted = True
                    self.wake.set()
                elif message["type"] == "message" and self.concerns(hints.read(message["data"])):
                    self.wake.set()

    def concerns(self, hint: hints.Hint | None) -> bool:
        """Whether one of the streams is the hint's."""
        if hint is None:
            return False
        return any(
            stream.entity_name == hint.entity and (hint.users is None or str(stream.user) in hint.users)
            for stream in self.streams
        )


_hubs: WeakKeyDictionary[asyncio.AbstractEventLoop, Hub] = WeakKeyDictionary()


def hub() -> Hub:
    """The running event loop's hub."""
    loop = asyncio.get_running_loop()
    if loop not in _hubs:
        _hubs[loop] = Hub()
    return _hubs[loop]
