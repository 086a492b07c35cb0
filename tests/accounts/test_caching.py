"""Without Redis nobody is locked out and nobody may guess for ever."""

from __future__ import annotations

import pytest
from django.core.cache import cache, caches
from django.core.cache.backends.base import BaseCache
from django.test import Client

from accounts import caching
from tests.abuse.test_limits import basic

pytestmark = [pytest.mark.redis, pytest.mark.django_db]


@pytest.fixture
def in_redis(settings, redis_server, monkeypatch) -> BaseCache:
    settings.CACHES = {"default": {"BACKEND": "accounts.caching.RedisOrMemory", "LOCATION": redis_server.url}}
    monkeypatch.setattr(caching, "PAUSE", 0.0)
    made = caches["default"]
    made._memory.clear()
    return made


def test_what_is_kept_is_in_redis(in_redis, redis_server):
    cache.set("word", "kept", 60)
    assert cache.get("word") == "kept"
    assert redis_server.client().keys("*word*")
    assert in_redis._memory.get("word") is None


def test_memory_serves_while_redis_is_away_and_redis_afterwards(in_redis, redis_server):
    redis_server.stop()
    assert cache.get("word") is None
    assert cache.add("count", 1, 60)
    assert cache.incr("count") == 2
    cache.set_many({"one": 1, "two": 2}, 60)
    assert cache.get_many(["one", "two", "three"]) == {"one": 1, "two": 2}
    redis_server.start()
    assert cache.get("count") is None
    cache.set("count", 7, 60)
    assert redis_server.client().keys("*count*")


def test_while_away_it_is_not_tried_for_every_word(in_redis, redis_server, monkeypatch, caplog):
    monkeypatch.setattr(caching, "PAUSE", 60.0)
    redis_server.stop()
    for _ in range(10):
        cache.get("word")
    assert sum("cache is away" in line.message for line in caplog.records) == 1


def test_a_password_opens_and_guessing_ends_without_redis(in_redis, redis_server, alice, settings):
    settings.PASSWORD_FAILURES = 3
    redis_server.stop()

    def ask(password: str) -> int:
        headers = basic("alice", password) | {"accept": "application/json"}
        return Client().get("/messages/", headers=headers).status_code

    assert ask("alice-password") == 200
    assert [ask("wrong") for _ in range(4)] == [403, 403, 403, 429]
