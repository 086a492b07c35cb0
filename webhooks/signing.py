"""Secrets and signatures, after Standard Webhooks."""

from __future__ import annotations

import base64
import secrets
from datetime import UTC, datetime

from standardwebhooks import Webhook


def new_secret() -> str:
    """``whsec_`` and 32 random bytes in base64."""
    return "whsec_" + base64.b64encode(secrets.token_bytes(32)).decode()


def headers(keys: list[str], *, message_id: str, at: datetime, body: bytes) -> dict[str, str]:
    """The three headers; one signature by each secret, so that a receiver may know either."""
    at = at.astimezone(UTC)
    signed = [Webhook(key).sign(message_id, at, body.decode()) for key in keys]
    return {
        "webhook-id": message_id,
        "webhook-timestamp": str(int(at.timestamp())),
        "webhook-signature": " ".join(signed),
    }
