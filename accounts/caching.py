"""The cache: Redis, and this process's memory while Redis is away.

Nothing here is the only copy of anything, so losing it must not cost a
request its answer. What is counted here (wrong passwords, requests) goes on
being counted meanwhile, by each process for itself.
"""

from __future__ import annotations

import logging
from collections.abc import Callable
from functools import wraps
from time import monotonic
from typing import Any

from django.core.cache.backends.locmem import LocMemCache
from django.core.cache.backends.redis import RedisCache
from redis.backoff import NoBackoff
from redis.exceptions import RedisError
from redis.retry import Retry

log = logging.getLogger(__name__)
#: Seconds after which Redis is tried again, and that it may take to be reached or to answer.
PAUSE, PATIENCE = 5.0, 1.0


def _or_in_memory(name: str) -> Callable[..., Any]:
    in_redis = getattr(RedisCache, name)

    @wraps(in_redis)
    def call(self: RedisOrMemory, *args: Any, **options: Any) -> Any:
        if monotonic() >= self._again_at:
            try:
                return in_redis(self, *args, **options)
            except RedisError as error:
                self._again_at = monotonic() + PAUSE
                told = {"fields": {"error": repr(error)}}
                log.warning("the cache is away; memory is used for a while", extra=told)
        return getattr(self._memory, name)(*args, **options)

    return call


class RedisOrMemory(RedisCache):
    """A cache backend (``BACKEND``) that never fails for want of Redis."""

    def __init__(self, server: Any, params: dict[str, Any]) -> None:
        usual = {
            "socket_connect_timeout": PATIENCE, "socket_timeout": PATIENCE, "retry": Retry(NoBackoff(), 0),
        }  # fmt: skip
        super().__init__(server, params | {"OPTIONS": usual | params.get("OPTIONS", {})})
        self._memory = LocMemCache("while-redis-is-away", params)
        self._again_at = 0.0

    add = _or_in_memory("add")
    get = _or_in_memory("get")
    set = _or_in_memory("set")
    touch = _or_in_memory("touch")
    delete = _or_in_memory("delete")
    get_many = _or_in_memory("get_many")
    has_key = _or_in_memory("has_key")
    incr = _or_in_memory("incr")
    set_many = _or_in_memory("set_many")
    delete_many = _or_in_memory("delete_many")
    clear = _or_in_memory("clear")
