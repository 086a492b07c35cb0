"""A Content-Type may name any character set; only usual ones are believed, and none is a server error."""

import asyncio
import io
from collections.abc import Iterator
from typing import Any

import pytest
from django.core.signals import request_finished, request_started
from django.db import close_old_connections

from config.charsets import believable
from tests.conftest import client_with_token

ODD = ["zlib", "base64", "idna", "punycode", "utf-7", "undefined", "unicode_escape", "no-such-charset", ""]


@pytest.mark.parametrize("charset", ODD)
@pytest.mark.parametrize("form", ["{}; charset={}", '{};CHARSET = "{}"', "{}; charset={}; boundary=x"])
def test_an_odd_charset_is_left_out(charset, form) -> None:
    assert "charset" not in believable(form.format("application/json", charset)).lower()
    assert believable(form.format("application/json", charset)).startswith("application/json")


@pytest.mark.parametrize("charset", ["utf-8", "UTF8", "utf-16", "iso-8859-1", "us-ascii", '"utf-8"'])
def test_a_usual_charset_stays(charset) -> None:
    header = f"multipart/form-data; charset={charset}; boundary=x"
    assert believable(header) == header


@pytest.fixture
def connection_stays() -> Iterator[None]:
    """As Django's test client has it: a request does not close the connection that the test uses."""
    ends = (request_started, request_finished)
    for end in ends:
        end.disconnect(close_old_connections)
    yield
    for end in ends:
        end.connect(close_old_connections)


@pytest.fixture
def token(alice) -> str:
    return client_with_token(alice)._credentials["HTTP_AUTHORIZATION"]


@pytest.mark.usefixtures("connection_stays")
@pytest.mark.parametrize("charset", ODD)
def test_the_query_is_read_all_the_same(token, charset) -> None:
    from config.wsgi import application

    environ: dict[str, Any] = {
        "REQUEST_METHOD": "GET",
        "PATH_INFO": "/api/v1/identities/",
        "QUERY_STRING": "created_to=%ff",
        "CONTENT_TYPE": f"application/json; charset={charset}",
        "HTTP_AUTHORIZATION": token,
        "SERVER_NAME": "localhost",
        "SERVER_PORT": "80",
        "wsgi.input": io.BytesIO(),
        "wsgi.url_scheme": "http",
    }
    answered: list[str] = []
    body = b"".join(application(environ, lambda status, headers: answered.append(status)))
    assert (answered, body) == (["400 Bad Request"], b'{"created_to":["Enter a valid date/time."]}')


@pytest.mark.parametrize("charset", ["zlib", "utf-8"])
def test_the_live_server_is_spared_too(charset) -> None:
    from config.asgi import application

    sent: list[dict[str, Any]] = []
    coming = [{"type": "http.request", "body": b"", "more_body": False}]

    async def receive() -> dict[str, Any]:
        # After the body nothing comes, as from a client that waits for the answer.
        return coming.pop() if coming else await asyncio.Event().wait()

    async def send(message: dict[str, Any]) -> None:
        sent.append(message)

    scope = {
        "type": "http",
        "method": "GET",
        "path": "/healthz/live",
        "query_string": b"x=%ff",
        "http_version": "1.1",
        "headers": [(b"host", b"localhost"), (b"content-type", f"text/plain; charset={charset}".encode())],
    }
    asyncio.run(application(scope, receive, send))
    assert sent[0]["status"] == 200
