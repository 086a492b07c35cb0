"""Hints through Redis that somebody's inbox has changed."""

from __future__ import annotations

import json
import logging
import time
from functools import cache
from typing import Any, NamedTuple

import redis

from sendables.push.settings import stream_setting

log = logging.getLogger(__name__)

CHANNEL = "switchboard:sendables"
#: A hint to more people than this names nobody: everybody looks.
MOST_NAMED = 1000
#: After a failure Redis is left alone this long, so that a send does not wait for it again and again.
REST_SECONDS = 5.0
_rests_until = 0.0


class Hint(NamedTuple):
    entity: str
    #: None: whoever is connected.
    users: frozenset[str] | None


def publish(*, entity: str, users: list[Any], **kwargs: Any) -> None:
    """Tell all processes that the inboxes of these users have changed; loses the hint when Redis is away."""
    global _rests_until
    url = stream_setting("REDIS_URL")
    if not url or time.monotonic() < _rests_until:
        return
    named = [str(user) for user in users] if len(users) <= MOST_NAMED else None
    try:
        _client(url).publish(CHANNEL, json.dumps([entity, named]))
    except redis.RedisError as error:
        _rests_until = time.monotonic() + REST_SECONDS
        log.warning("no hint to the live streams, they will look by themselves: %s", type(error).__name__)


@cache
def _client(url: str) -> redis.Redis:
    return redis.Redis.from_url(url, socket_timeout=0.5, socket_connect_timeout=0.5)


def read(data: bytes) -> Hint | None:
    """The hint in a message; None for what is none."""
    try:
        entity, named = json.loads(data)
        return Hint(entity, None if named is None else frozenset(named))
    except (ValueError, TypeError):
        return None
