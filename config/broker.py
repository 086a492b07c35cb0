"""Kombu's brokers as a worker needs them: files that are safe to read, and a Redis that may go away."""

from __future__ import annotations

from pathlib import Path
from queue import Empty
from time import monotonic
from typing import Any
from uuid import uuid4

from kombu.exceptions import ChannelError
from kombu.transport import filesystem, redis
from kombu.utils.json import dumps


class Channel(filesystem.Channel):
    """Messages are files that appear whole.

    Kombu's own way writes under the final name, so that a reader may find an
    empty file there, and an error in reading it ends the worker.
    """

    # Kombu's classes disagree about the second one's name; it is given by position.
    def _put(self, queue: str, payload: Any, **kwargs: Any) -> None:  # type: ignore[override]
        # Named as kombu does: in the order of time, and by the queue after the first dot.
        file = Path(self.data_folder_out, f"{round(monotonic() * 1000)}_{uuid4()}.{queue}.msg")
        unfinished = file.with_suffix(".new")
        try:
            unfinished.write_text(dumps(payload), encoding="utf-8")
            unfinished.rename(file)
        except OSError as error:
            raise ChannelError(f"Cannot write {file}") from error

    def _get(self, queue: str, timeout: float | None = None) -> Any:
        try:
            return super()._get(queue)
        except ValueError:
            # Of a crash, or of a full disk. A lost hint only costs time.
            raise Empty from None


class Transport(filesystem.Transport):
    """Waits for messages in slices of the polling interval.

    A worker looks at its stop flag between waits only, and asks for waits of
    two seconds; in slices it stops at once.
    """

    Channel = Channel

    def drain_events(self, connection: Any, timeout: float | None = None, **kwargs: Any) -> None:
        slice_ = self.polling_interval or 1.0
        super().drain_events(connection, timeout=min(slice_, timeout or slice_))


class QoS(redis.QoS):
    """Acknowledges nothing over a connection that has been given up.

    A task that runs while Redis goes away ends with its hint still tied to the
    old connection. Kombu stumbles over that with an error that is none of
    Redis's, which ends the worker, even when it has long connected anew. There
    is nobody to tell: Redis has forgotten the hint or will give it once more.
    """

    def ack(self, delivery_tag: str) -> None:
        if self.channel.connection is not None:
            super().ack(delivery_tag)

    def reject(self, delivery_tag: str, requeue: bool = False) -> None:
        if self.channel.connection is not None:
            super().reject(delivery_tag, requeue=requeue)


def outlive_redis() -> None:
    """Let this process's workers go on when Redis has gone away."""
    # Nor need hints be given back when a connection ends: kombu would try over the one it has just closed.
    redis.Channel.do_restore = False
    redis.Channel.QoS = QoS
