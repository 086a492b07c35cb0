"""A worker outlives its broker."""

from __future__ import annotations

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
