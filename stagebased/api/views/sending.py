"""Sending by hand: one subscription's next or latest message, or a whole schedule."""

from __future__ import annotations

from collections.abc import Callable

from django.http import Http404
from rest_framework import status
from rest_framework.request import Request
from rest_framework.response import Response

from stagebased.api.views.base import DialectView, whole_key
from stagebased.api.views.subscriptions import subscription_key
from stagebased.errors import ProgrammeError
from stagebased.operations import send
from stagebased.steps import QUEUED, Step


class SubscriptionSend(DialectView):
    """Queue the next message now: 201, or 400 with the reason."""

    def post(self, request: Request, pk: str) -> Response:
        return _accepted(send.send_now, pk, status.HTTP_201_CREATED)


class SubscriptionResend(DialectView):
    """Queue the latest message again: 202, or 400 with the reason."""

    def post(self, request: Request, pk: str) -> Response:
        return _accepted(send.resend, pk, status.HTTP_202_ACCEPTED)


class ScheduleSend(DialectView):
    """Make the schedule due now, for all who are ready on it: 202 with an empty object."""

    def post(self, request: Request, pk: str) -> Response:
        send.send_schedule(schedule_id=whole_key(pk))
        return Response({}, status=status.HTTP_202_ACCEPTED)


def _accepted(operation: Callable[..., Step], pk: str, success: int) -> Response:
    try:
        step = operation(subscription_id=subscription_key(pk))
    except Http404:
        return _not_accepted("This is no id of a subscription.")
    except ProgrammeError as error:
        return _not_accepted(str(error))
    if step.state != QUEUED:
        # Recorded as a delivery that failed or was skipped; who asked is told as well.
        return _not_accepted(step.detail or step.reason)
    return Response({"accepted": True}, status=success)


def _not_accepted(reason: str) -> Response:
    return Response({"accepted": False, "reason": reason}, status=status.HTTP_400_BAD_REQUEST)
