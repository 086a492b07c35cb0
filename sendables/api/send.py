"""The view that sends."""

from __future__ import annotations

import hashlib
import json
from collections.abc import Callable
from datetime import timedelta
from functools import partial
from typing import Any

from django.db import transaction
from django.http import QueryDict
from rest_framework import status
from rest_framework.request import Request
from rest_framework.response import Response

from sendables.api.base import EntityView
from sendables.api.errors import refuse
from sendables.operations import Sent
from sendables.operations.repeats import KEY, once
from sendables.selectors.audience import named

Answer = dict[str, Any]


class RepeatableView(EntityView):
    """A view that sends, once per ``Idempotency-Key``."""

    def perform(self, request: Request, do: Callable[[], Answer]) -> tuple[Answer, dict[str, str]]:
        """The answer and its headers; a remembered answer is marked ``Idempotency-Replayed: true``."""
        key = request.headers.get("Idempotency-Key")
        if key is None:
            return do(), {}
        if not KEY.fullmatch(key):
            raise refuse("Idempotency-Key", "Write 1 to 255 visible ASCII characters.")
        hours = timedelta(hours=self.kind.settings.IDEMPOTENCY_HOURS)
        answer, replayed = once(
            user=self.user, key=key, fingerprint=fingerprint_of(request), keep_for=hours, do=do
        )
        return answer, {"Idempotency-Replayed": "true"} if replayed else {}

    def call_back(self, sent: Sent, fields: Answer) -> None:
        """AFTER_SEND_CALLBACKS, once committed."""
        for callback in self.kind.settings.AFTER_SEND_CALLBACKS:
            self.call_after_commit(callback, fields, named(sent.reached))

    def call_after_commit(self, callback: Callable[..., Any], fields: Answer, recipients: Any) -> None:
        # A function, not a partial: Django names it in the log line when it fails, and a partial has no name.
        transaction.on_commit(lambda: callback(self.request, fields, recipients), robust=True)


def fingerprint_of(request: Request) -> str:
    """SHA-256 of what is asked: path and body, however the body was spelt."""
    body = dict(request.data.lists()) if isinstance(request.data, QueryDict) else request.data
    text = json.dumps([request.path.rstrip("/"), body], sort_keys=True, default=str)
    return hashlib.sha256(text.encode()).hexdigest()


class SendView(RepeatableView):
    view_name = "SEND"

    def post(self, request: Request, **kwargs: Any) -> Response:
        body = self.kind.settings.SEND_SERIALIZER_CLASS(data=request.data, context=self.serializer_context())
        body.is_valid(raise_exception=True)
        told, headers = self.perform(request, partial(self.send, body))
        return Response({**body.echo(), **told}, status=status.HTTP_201_CREATED, headers=headers)

    def send(self, body: Any) -> Answer:
        told: Answer = body.save()
        sent = getattr(body, "sent", None)
        if sent is not None:
            self.call_back(sent, body.sent_fields())
        return told
