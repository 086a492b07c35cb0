"""A server that receives posts, well-behaved or hostile, as each test wants it."""

from __future__ import annotations

import json
import socket
import threading
import time
from collections.abc import Callable
from contextlib import suppress
from dataclasses import dataclass, field
from typing import Any

OK = b"HTTP/1.1 200 OK\r\nContent-Length: 2\r\n\r\nok"


@dataclass
class Post:
    """A request as it came over the wire."""

    line: str
    headers: dict[str, str]
    body: bytes
    connection: int

    @property
    def document(self) -> dict[str, Any]:
        return json.loads(self.body)


def reply(status: int, *headers: str, body: bytes = b"") -> bytes:
    head = [f"HTTP/1.1 {status} Said", f"Content-Length: {len(body)}", *headers, "", ""]
    return "\r\n".join(head).encode() + body


@dataclass
class Receiver:
    """Listens on 127.0.0.1; ``answer`` gets each post and the connection, and says or does what it likes."""

    answer: Callable[[Post, socket.socket], bytes | None] = lambda post, connection: OK
    wrap: Callable[[socket.socket], socket.socket] | None = None
    posts: list[Post] = field(default_factory=list)
    connections: int = 0

    def __post_init__(self) -> None:
        self._listener = socket.create_server(("127.0.0.1", 0))
        self._open: list[socket.socket] = []
        self.port = self._listener.getsockname()[1]
        threading.Thread(target=self._serve, daemon=True).start()

    @property
    def url(self) -> str:
        scheme = "https" if self.wrap else "http"
        return f"{scheme}://127.0.0.1:{self.port}/hook?from=us"

    def close(self) -> None:
        self._listener.close()
        for connection in self._open:
            connection.close()

    def _serve(self) -> None:
        while True:
            try:
                connection, _ = self._listener.accept()
            except OSError:
                return
            self.connections += 1
            self._open.append(connection)
            threading.Thread(target=self._talk, args=(connection, self.connections), daemon=True).start()

    def _talk(self, connection: socket.socket, number: int) -> None:
        with suppress(OSError, ValueError), connection:
            spoken = self.wrap(connection) if self.wrap else connection
            with spoken, spoken.makefile("rb") as stream:
                while post := _read(stream, number):
                    self.posts.append(post)
                    said = self.answer(post, spoken)
                    if said is None:
                        return
                    spoken.sendall(said)


def _read(stream: Any, number: int) -> Post | None:
    line = stream.readline().decode().strip()
    if not line:
        return None
    headers = {}
    while header := stream.readline().decode().strip():
        name, _, value = header.partition(":")
        headers[name.lower()] = value.strip()
    return Post(line, headers, stream.read(int(headers.get("content-length", 0))), number)


def drip(connection: socket.socket, beginning: bytes, *, every: float = 0.2) -> None:
    """Say one byte now and then, for ever, so that no single wait is ever long."""
    connection.sendall(beginning)
    end = time.monotonic() + 60
    while time.monotonic() < end:
        connection.sendall(b"x")
        time.sleep(every)
