"""The signature by which a hub proves that a request is its own, and of now.

Standard Webhooks: HMAC-SHA256 by a shared secret over ``webhook-id``,
``webhook-timestamp`` and the body as it came. The library compares in constant
time and refuses times that are more than five minutes off.
"""

from __future__ import annotations

import binascii
from typing import Any

from django.conf import settings
from rest_framework.exceptions import AuthenticationFailed
from rest_framework.request import Request
from standardwebhooks import Webhook, WebhookVerificationError

HEADERS = ("webhook-id", "webhook-timestamp", "webhook-signature")
#: Longest ``webhook-id`` that is known again.
MOST_ID = 90


def signed_id(request: Request) -> str | None:
    """The ``webhook-id`` that the request was signed with; None where it need not be signed and is not.

    Raises AuthenticationFailed (401) for a signature by none of
    ``settings.HUB_WEBHOOK_SECRETS``, one from another time, and one that is
    missing where ``settings.HUB_WEBHOOK_SIGNATURES`` requires it.
    """
    if not settings.HUB_WEBHOOK_SECRETS:
        return None
    if not any(name in request.headers for name in HEADERS) and not _are_required():
        return None
    given = {name: request.headers.get(name, "") for name in HEADERS}
    # Before the parsers read it: they would leave nothing to verify.
    body = request._request.body
    if len(given["webhook-id"]) > MOST_ID or not any(
        _verifies(secret, body, given) for secret in settings.HUB_WEBHOOK_SECRETS
    ):
        raise AuthenticationFailed("Invalid signature.")
    return given["webhook-id"]


def _are_required() -> bool:
    return settings.HUB_WEBHOOK_SIGNATURES == "required"


def _verifies(secret: str, body: bytes, headers: dict[str, Any]) -> bool:
    try:
        Webhook(secret).verify(body, headers, json_parse=False)
    except (WebhookVerificationError, binascii.Error, ValueError, OverflowError):
        # Also a body that is no text, a signature that is no base64 and a time that is no time.
        return False
    return True
