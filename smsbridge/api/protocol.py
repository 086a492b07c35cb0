"""The dialect's HTTP manners.

Errors are objects with the original's keys, which end in a colon and a blank:
``{"message: ": text, "status: ": code}``, and ``reason`` where there is one.
(Source: smstools-http-api's README and what it answers.)
"""

from __future__ import annotations

import logging
from typing import Any

from rest_framework import exceptions
from rest_framework.negotiation import DefaultContentNegotiation
from rest_framework.permissions import IsAuthenticated
from rest_framework.renderers import JSONRenderer
from rest_framework.request import Request
from rest_framework.response import Response
from rest_framework.views import APIView, set_rollback

from accounts.api.errors import exception_handler
from accounts.api.parsers import JSONParser
from accounts.authentication import BasicAuthentication, TokenAuthentication
from accounts.models import User
from accounts.permissions import HasScope
from smsbridge.sending.messages import Forbidden, Missing, UnderWay
from smsbridge.sending.repeats import Different
from smsbridge.sending.rights import Rights, rights_of
from smsbridge.sending.send import NotAllowed, Unsendable

log = logging.getLogger(__name__)
SCOPE = "sms"
_TITLES = {
    400: "Bad request",
    401: "Unauthorized",
    403: "Forbidden",
    404: "Not found",
    405: "Not allowed",
    409: "Conflict",
    413: "Request too large",
    429: "Too many requests",
    500: "Internal error",
    503: "Service unavailable",
}


class Refusal(exceptions.APIException):
    """An error with a reason in words."""

    def __init__(self, status: int, reason: str) -> None:
        super().__init__(reason)
        self.status_code = status


class Negotiation(DefaultContentNegotiation):
    """JSON whatever is accepted, as the original."""

    def select_renderer(self, request: Request, renderers: Any, format_suffix: str | None = None) -> Any:
        return renderers[0], renderers[0].media_type


class GatewayView(APIView):
    """Base of the dialect's views. A session never counts: GET may send here."""

    authentication_classes: Any = [BasicAuthentication, TokenAuthentication]
    permission_classes: Any = [IsAuthenticated, HasScope]
    parser_classes: Any = [JSONParser]
    renderer_classes: Any = [JSONRenderer]
    content_negotiation_class = Negotiation
    token_scope = SCOPE

    def get_exception_handler(self) -> Any:
        return handle

    def finalize_response(self, request: Any, response: Any, *args: Any, **kwargs: Any) -> Any:
        response = super().finalize_response(request, response, *args, **kwargs)
        response["Cache-Control"] = "no-store"
        return response

    @property
    def user(self) -> User:
        user = self.request.user
        if not isinstance(user, User):
            raise exceptions.NotAuthenticated
        return user

    def rights(self) -> Rights:
        """What the caller may do now. Raises NotAllowed for an account that may not use the interface."""
        rights = rights_of(self.user)
        if not rights.may_use:
            raise NotAllowed("this account may not use the SMS interface")
        return rights


def address(request: Any) -> str:
    """The request's own address. Without its query: that holds texts and numbers when GET sends."""
    return str(request.build_absolute_uri(request.path))


def handle(error: Exception, context: dict[str, Any]) -> Response:
    """Any error as the dialect writes it."""
    set_rollback()
    response = exception_handler(_translated(error), context)
    if response is None:
        log.error("unexpected error in the SMS interface", exc_info=error)
        return _body(context["request"], 500, "", {})
    headers = {name: response[name] for name in ("WWW-Authenticate", "Retry-After") if name in response}
    reason = "" if response.status_code in (404, 405) else _reason(response.data)
    return _body(context["request"], response.status_code, reason, headers)


def _body(request: Any, status: int, reason: str, headers: dict[str, str]) -> Response:
    title = _TITLES.get(status, "Error")
    body: dict[str, Any] = {"message: ": f"{title}: {address(request)}", "status: ": status}
    return Response(body | ({"reason": reason} if reason else {}), status=status, headers=headers)


def _translated(error: Exception) -> Exception:
    match error:
        case Missing():
            return exceptions.NotFound()
        case UnderWay():
            return Refusal(409, "the message cannot be deleted now")
        case Different():
            return Refusal(409, "this Idempotency-Key was used for another request")
        case NotAllowed() | Forbidden():
            return Refusal(403, str(error))
        case Unsendable():
            return Refusal(400, f"text or options cannot be sent: {error}")
        case exceptions.UnsupportedMediaType():
            return Refusal(400, "Wrong JSON object")
    return error


def _reason(data: Any) -> str:
    """The texts of an error, of whatever shape, as one."""
    if isinstance(data, dict):
        return "; ".join(_of_field(name, value) for name, value in data.items())
    return "; ".join(map(_reason, data)) if isinstance(data, list) else str(data)


def _of_field(name: str, value: Any) -> str:
    return _reason(value) if name in ("detail", "non_field_errors") else f"{_shown(name)}: {_reason(value)}"


def _shown(name: object) -> str:
    return str(name).encode("ascii", "replace").decode()[:100]
