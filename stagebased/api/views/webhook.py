"""The webhook by which a hub asks for a subscription."""

from __future__ import annotations

from typing import Any

from rest_framework import status
from rest_framework.exceptions import ValidationError
from rest_framework.request import Request
from rest_framework.response import Response

from accounts.api.errors import refuse
from stagebased.api.inputs import SUBSCRIPTION
from stagebased.api.signatures import signed_id
from stagebased.api.views.base import DialectView
from stagebased.operations import subscribe

#: Longest id of a request; hubs use UUIDs.
MOST_ID = 100


class SubscriptionRequest(DialectView):
    """``{"hook": {…}, "data": {the subscription}}``; only ``data`` is read.

    The same ``data.id`` again is accepted and changes nothing, so a hub may
    repeat a request whose answer it did not get. A signed request without an
    id is known again by what its signature calls it.
    """

    def post(self, request: Request) -> Response:
        signed = signed_id(request)
        data = _data(request.data)
        request_id = _request_id(data) or (f"signed:{signed}" if signed else None)
        fields = {"metadata": {}, **SUBSCRIPTION.whole(data)}
        subscribe.subscribe_for_hub(
            request_id=request_id,
            fields=fields,
            msisdn=subscribe.number_for_hub(fields["metadata"]),
            by=self.caller,
        )
        return Response({"accepted": True}, status=status.HTTP_201_CREATED)

    def handle_exception(self, exc: Exception) -> Response:
        """A refusal says so: ``{"accepted": false, field: [texts]}``."""
        response = super().handle_exception(exc)
        if response.status_code == status.HTTP_400_BAD_REQUEST:
            response.data = {"accepted": False, **response.data}
        return response


def _data(body: Any) -> dict[str, Any]:
    if not isinstance(body, dict):
        raise refuse("non_field_errors", f"Invalid data. Expected a dictionary, but got {_kind(body)}.")
    if "data" not in body:
        raise refuse("data", "This field is required.", "required")
    data = body["data"]
    if data is None:
        raise refuse("data", "This field may not be null.", "null")
    if not isinstance(data, dict):
        raise refuse("data", f"Invalid data. Expected a dictionary, but got {_kind(data)}.")
    return _without_nulls(data)


def _kind(value: Any) -> str:
    return type(value).__name__


def _without_nulls(data: dict[str, Any]) -> dict[str, Any]:
    """Positions that a hub leaves open are left out: they have defaults."""
    open_positions = {"next_sequence_number", "initial_sequence_number"}
    return {name: value for name, value in data.items() if value is not None or name not in open_positions}


def _request_id(data: dict[str, Any]) -> str | None:
    value = data.get("id")
    if value is None or value == "":
        return None
    if isinstance(value, bool) or not isinstance(value, str | int) or len(str(value)) > MOST_ID:
        raise ValidationError({"id": ["Not a valid id of a request."]})
    return str(value)
