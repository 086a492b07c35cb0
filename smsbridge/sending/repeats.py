"""Requests with an Idempotency-Key: a repeat gets the answer of the first."""

from __future__ import annotations

import hashlib
import json
import uuid
from collections.abc import Sequence
from typing import TYPE_CHECKING
from uuid import UUID

from accounts.models import User
from smsbridge.models import GatewayRequest

if TYPE_CHECKING:
    from smsbridge.sending.send import Order

#: Makes ids of account and key; drawn once at random.
_NAMESPACE = UUID("5b0c6a34-6f5e-4d8b-9a53-0c1f2b7e9d11")


class Different(Exception):
    """The key was used before, for another request."""


def id_of(user: User, key: str) -> UUID:
    """The id of that account's request with that key."""
    return uuid.uuid5(_NAMESPACE, f"{user.pk}\n{key}")


def outcome_of(request: UUID, order: Order) -> list[tuple[UUID | None, str]] | None:
    """The outcomes of the same order earlier, None when there was none. Raises Different."""
    earlier = GatewayRequest.objects.filter(pk=request).first()
    if earlier is None:
        return None
    if earlier.digest != _digest(order):
        raise Different
    return [(UUID(key) if key else None, answer) for key, answer in earlier.outcome]


def remember(user: User, request: UUID, order: Order, outcomes: Sequence[tuple[UUID | None, str]]) -> None:
    """Keep what became of an order; the caller holds the account's lock."""
    told = [[str(key) if key else None, str(answer)] for key, answer in outcomes]
    GatewayRequest.objects.create(pk=request, user=user, digest=_digest(order), outcome=told)


def _digest(order: Order) -> str:
    content = [
        list(order.mobiles), order.text, sorted(order.options.items()), order.urgent,
        order.send_at and order.send_at.isoformat(), order.despite_opt_out,
    ]  # fmt: skip
    return hashlib.sha256(json.dumps(content).encode()).hexdigest()
