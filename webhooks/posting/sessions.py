"""Posting to one endpoint: to the address that was judged, within a time, reading little of what comes back.

No redirect is followed (``http.client`` does not), no reply is unpacked, and a
reply is read only so far as the connection can be used again for the next
event; a longer one ends the connection.
"""

from __future__ import annotations

import http.client
import re
import socket
import ssl
import threading
import time
from contextlib import suppress
from dataclasses import dataclass
from types import TracebackType
from typing import Any

from webhooks.addresses import Forbidden, Target, resolve

#: Seconds for an endpoint's turn altogether, for its beginning anything in it, and for a connection.
TURN, BEGIN_WITHIN, CONNECT = 12.0, 4.0, 5.0
#: Bytes of a reply that are read.
MOST_REPLY = 16 * 1024
_SECONDS = re.compile(r"[0-9]{1,6}")


@dataclass(frozen=True)
class Answer:
    """What an endpoint said: a status, or why there was none."""

    status: int | None = None
    trouble: str = ""
    #: Seconds after which it wants to be asked again.
    retry_after: int | None = None

    @property
    def taken(self) -> bool:
        return self.status is not None and 200 <= self.status < 300

    @property
    def text(self) -> str:
        return self.trouble or f"{self.status} {http.client.responses.get(self.status or 0, '')}".rstrip()


class _Pinned(http.client.HTTPConnection):
    """Connects to a given address, whatever the name means by now; the name stays in Host and certificate."""

    def __init__(self, target: Target, address: str, context: ssl.SSLContext) -> None:
        super().__init__(target.host, target.port, timeout=CONNECT)
        self.default_port = 443 if target.secure else 80
        self._address = address
        self._context = context if target.secure else None

    def connect(self) -> None:
        made = socket.create_connection((self._address, self.port), timeout=CONNECT)
        made.setsockopt(socket.IPPROTO_TCP, socket.TCP_NODELAY, 1)
        self.sock = made
        if self._context is not None:
            # Kept before the handshake, which a slow peer can draw out, so that it can be cut off.
            self.sock = self._context.wrap_socket(
                made, server_hostname=self.host, do_handshake_on_connect=False
            )
            self.sock.do_handshake()

    def cut(self) -> None:
        """From another thread: whatever is being waited for ends now."""
        if self.sock is not None:
            with suppress(OSError):
                # The plain socket's: TLS's own would take its state away from the thread that reads.
                socket.socket.shutdown(self.sock, socket.SHUT_RDWR)


class Session:
    """One turn of posts to one endpoint. A slow one is cut off when its turn is over."""

    def __init__(self, target: Target, *, context: ssl.SSLContext | None = None) -> None:
        self._target = target
        self._context = context or ssl.create_default_context()
        self._connection: _Pinned | None = None
        self._address = ""
        self._began = time.monotonic()
        self._clock = threading.Timer(TURN, self._cut)
        self._clock.daemon = True
        self._over = False

    def __enter__(self) -> Session:
        self._clock.start()
        return self

    def __exit__(
        self, kind: type[BaseException] | None, error: BaseException | None, place: TracebackType | None
    ) -> None:
        self._clock.cancel()
        self._drop()

    @property
    def may_begin(self) -> bool:
        """Whether there is time for another post."""
        return time.monotonic() - self._began < BEGIN_WITHIN

    def post(self, body: bytes, headers: dict[str, str]) -> Answer:
        """Post once. Never raises for what the other side does."""
        try:
            return self._post(body, headers)
        except Forbidden as forbidden:
            return Answer(trouble=str(forbidden))
        except ssl.SSLCertVerificationError as error:
            return self._failed(f"certificate refused: {error.verify_message}")
        except TimeoutError:
            return self._failed("no answer in time")
        except (OSError, http.client.HTTPException, ValueError) as error:
            return self._failed("no answer in time" if self._over else f"no answer: {type(error).__name__}")

    def _failed(self, trouble: str) -> Answer:
        self._drop()
        return Answer(trouble=trouble[:200])

    def _post(self, body: bytes, headers: dict[str, str]) -> Answer:
        used_before = self._connection is not None
        try:
            return self._exchange(body, headers)
        except (http.client.RemoteDisconnected, BrokenPipeError, ConnectionResetError):
            # It may end a connection between two posts, and then nothing was read of this one.
            if not used_before or self._over:
                raise
            self._drop()
            return self._exchange(body, headers)

    def _exchange(self, body: bytes, headers: dict[str, str]) -> Answer:
        connection = self._connected()
        connection.sock.settimeout(TURN)
        sent = {
            "Content-Type": "application/json",
            "User-Agent": "Switchboard",
            "Accept-Encoding": "identity",
        }
        connection.request("POST", self._target.path, body, sent | headers)
        reply = connection.getresponse()
        if self._over:
            # It was cut off within the headers; what there was of them looks like an answer.
            raise TimeoutError
        answer = Answer(reply.status, retry_after=_seconds(reply.headers.get("Retry-After", "")))
        with suppress(OSError, http.client.HTTPException):
            reply.read(MOST_REPLY)
        if not reply.isclosed():
            self._drop()
        return answer

    def _connected(self) -> _Pinned:
        if self._connection is None:
            self._address = self._address or resolve(self._target.host, self._target.port)
            self._connection = _Pinned(self._target, self._address, self._context)
        if self._connection.sock is None:
            self._connection.connect()
        return self._connection

    def _drop(self) -> None:
        connection, self._connection = self._connection, None
        if connection is not None:
            connection.close()

    def _cut(self) -> None:
        self._over = True
        connection: Any = self._connection
        if connection is not None:
            connection.cut()


def _seconds(header: str) -> int | None:
    """``Retry-After`` in seconds; its form as a date is not read."""
    return int(header) if _SECONDS.fullmatch(header.strip()) else None
