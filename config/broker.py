"""The embedded default's broker: kombu's file-system transport, made quick to stop."""

from __future__ import annotations

from typing import Any

from kombu.transport import filesystem


class Transport(filesystem.Transport):
    """Waits for messages in slices of the polling interval.

    A worker looks at its stop flag between waits only, and asks for waits of
    two seconds; in slices it stops at once.
    """

    def drain_events(self, connection: Any, timeout: float | None = None, **kwargs: Any) -> None:
        slice_ = self.polling_interval or 1.0
        super().drain_events(connection, timeout=min(slice_, timeout or slice_))
