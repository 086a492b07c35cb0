"""A worker outlives its broker."""

from __future__ import annotations

import logging

import pytest
from kombu import Connection

import config.celery  # noqa: F401 - what it sets is what is looked at
from tests import servers


@pytest.mark.redis
def test_losing_redis_with_a_hint_in_hand_is_no_error(redis_server: servers.Redis):
    """What a worker does when its connection breaks; an error that is none of Redis's would end it."""
    connection = Connection(redis_server.url)
    channel = connection.default_channel
    connection.SimpleQueue("hints", channel=channel).put("plan")
    assert channel.basic_get("hints") is not None
    redis_server.stop()
    channel.connection.client = None
    channel.close()


@pytest.mark.redis
@pytest.mark.parametrize("end", ["ack_log_error", "reject_log_error"])
def test_a_task_that_ends_after_redis_went_away_is_no_error(redis_server: servers.Redis, end: str):
    """Its hint came over a connection that the worker has since given up for another."""
    with Connection(redis_server.url) as given_up, Connection(redis_server.url) as another:
        channel = given_up.default_channel
        given_up.SimpleQueue("hints", channel=channel).put("plan")
        hint = channel.basic_get("hints")
        assert hint is not None
        given_up.collect()
        another.connect()
        getattr(hint, end)(logging.getLogger("celery.worker"), another.connection_errors)
        assert hint.acknowledged
