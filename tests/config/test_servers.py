"""The servers that tests are given are real, and their own."""

import socket

import psycopg2
import pytest

from tests import servers


@pytest.mark.redis
def test_redis_comes_back_empty_after_a_crash(redis_server: servers.Redis):
    redis_server.client().set("hint", "1")
    redis_server.restart()
    assert redis_server.client().get("hint") is None


@pytest.mark.own_postgres
@pytest.mark.processes
def test_postgres_keeps_what_was_committed_across_a_crash(postgres_cluster: servers.Postgres):
    url = postgres_cluster.create_database("crash")
    with psycopg2.connect(url) as connection, connection.cursor() as cursor:
        cursor.execute("CREATE TABLE t AS SELECT 1 AS one")
    connection.close()
    postgres_cluster.restart("immediate")
    connection = psycopg2.connect(url)
    with connection.cursor() as cursor:
        cursor.execute("SELECT one FROM t")
        assert cursor.fetchone() == (1,)
    connection.close()


def test_a_free_port_can_be_listened_on():
    with socket.create_server(("127.0.0.1", servers.free_port())) as listening:
        assert listening.getsockname()[1] > 1024


def test_waiting_names_what_did_not_come():
    with pytest.raises(TimeoutError, match="the tide"):
        servers.wait_until(lambda: False, seconds=0.1, what="the tide")
