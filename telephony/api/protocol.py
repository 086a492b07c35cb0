"""The dialect's HTTP manners: what it accepts, how it answers, who may call.

Source: the XiVO 1.0 REST API document, "HTTP status codes", "Data
representation" and "Errors". 404, 406 and 415 have empty bodies; every other
error is a JSON list of texts.
"""

from __future__ import annotations

import hashlib
import logging
from datetime import datetime
from typing import Any

from django.conf import settings
from django.contrib.auth.models import Permission
from django.core.exceptions import RequestDataTooBig
from django.db.models import Q
from django.http import Http404
from rest_framework import exceptions
from rest_framework.negotiation import BaseContentNegotiation
from rest_framework.permissions import BasePermission
from rest_framework.renderers import BaseRenderer, JSONRenderer
from rest_framework.request import Request
from rest_framework.response import Response
from rest_framework.throttling import BaseThrottle
from rest_framework.views import APIView, set_rollback

from accounts.api.errors import Away, BodyTooLarge, is_away
from accounts.api.parsers import JSONParser
from accounts.authentication import BasicAuthentication, TokenAuthentication
from accounts.models import User
from accounts.permissions import HasScope
from accounts.prepared import Parameter, Prepared
from telephony.errors import Changed, HasMailbox, MailboxFull, NotFound, Unusable, UnusableRecording

log = logging.getLogger(__name__)

#: One statement; asking for all that an account may do, as ``has_perm`` does, takes two.
_PERMISSION = Prepared(
    lambda: (
        Permission.objects.filter(content_type__app_label="telephony", codename="use_telephony")
        .filter(
            Q(user=Parameter("user", User._meta.pk)) | Q(group__user=Parameter("group_user", User._meta.pk))
        )
        .order_by()
        .values_list("pk")[:1]
    )
)
CONTENT_TYPE = "application/json;charset=UTF-8"
EMPTY = (404, 406, 415)


class Unparsable(exceptions.APIException):
    status_code = 400
    default_detail = "No parsable data in the request"


class PreconditionFailed(exceptions.APIException):
    status_code = 412
    default_detail = "The object was changed by somebody else meanwhile"


def accepts_json(accept: str) -> bool:
    """Whether an Accept header allows JSON; a missing or empty one does not."""
    for entry in accept.lower().split(","):
        media, *parameters = (part.strip() for part in entry.split(";"))
        if media in ("application/json", "application/*", "*/*") and _quality(parameters) > 0:
            return True
    return False


def _quality(parameters: list[str]) -> float:
    for parameter in parameters:
        name, _, value = parameter.partition("=")
        if name.strip() == "q":
            try:
                return float(value)
            except ValueError:
                return 0.0
    return 1.0


class Negotiation(BaseContentNegotiation):
    """JSON, and nothing else; asked for only where the answer is JSON, that is on GET."""

    def select_parser(self, request: Request, parsers: Any) -> Any:
        return next(iter(parsers), None)

    def select_renderer(self, request: Request, renderers: Any, format_suffix: str | None = None) -> Any:
        strict = request.method in ("GET", "HEAD") and not settings.TELEPHONY_LENIENT_ACCEPT
        if strict and not accepts_json(request.headers.get("Accept", "")):
            raise exceptions.NotAcceptable
        return renderers[0], renderers[0].media_type


class Renderer(JSONRenderer):
    charset = None


class TrustedListener(BasePermission):
    """A process bound to the loopback interface that its operator declared trusted."""

    def has_permission(self, request: Request, view: Any) -> bool:
        return settings.TELEPHONY_TRUSTED_LISTENER


class MayUseTelephony(BasePermission):
    """An account with the permission ``telephony.use_telephony``, its own or its group's."""

    def has_permission(self, request: Request, view: Any) -> bool:
        user = request.user
        if not user.is_authenticated or not user.is_active:
            return False
        return user.is_superuser or bool(_PERMISSION.rows(user=user.pk, group_user=user.pk))


class TelephonyView(APIView):
    """Base of the dialect's views. Order of checks: 406 and 415, 401 and 403, 400, 404."""

    content_negotiation_class = Negotiation
    renderer_classes: Any = [Renderer]
    parser_classes: Any = [JSONParser]
    authentication_classes = [BasicAuthentication, TokenAuthentication]
    permission_classes = [TrustedListener | (MayUseTelephony & HasScope)]
    token_scope = "telephony"  # noqa: S105 - a scope, not a secret
    body_types: tuple[str, ...] = ("application/json",)

    def initial(self, request: Request, *args: Any, **kwargs: Any) -> None:
        if request.method in ("POST", "PUT"):
            media = request.content_type.partition(";")[0].strip().lower()
            if media not in self.body_types:
                raise exceptions.UnsupportedMediaType(media)
        super().initial(request, *args, **kwargs)

    def get_throttles(self) -> list[BaseThrottle]:
        # All that comes to a trusted listener is one telephone system.
        return [] if settings.TELEPHONY_TRUSTED_LISTENER else super().get_throttles()

    def get_exception_handler(self) -> Any:
        return handle

    def finalize_response(self, request: Any, response: Any, *args: Any, **kwargs: Any) -> Any:
        response = super().finalize_response(request, response, *args, **kwargs)
        response["Cache-Control"] = "no-store"
        if isinstance(response, Response) and response.data is not None:
            response.content_type = CONTENT_TYPE
        return response

    def body(self) -> dict[str, Any]:
        """The request's one object."""
        document = self.request.data
        if not isinstance(document, dict):
            raise Unparsable
        return document


class AnyRenderer(BaseRenderer):
    """For answers that are files: whatever is accepted."""

    media_type = "*/*"

    def render(self, data: Any, *args: Any, **kwargs: Any) -> bytes:
        return JSONRenderer().render(data)


def etag(representation: dict[str, Any], changed_at: datetime) -> str:
    """A strong entity tag of what GET answers; by the time also for what it may not tell."""
    state = JSONRenderer().render({**representation, "changed_at": changed_at})
    return '"' + hashlib.sha256(state).hexdigest()[:32] + '"'


def matches(header: str, tag: str) -> bool:
    """Whether an If-Match header allows a change of the record with this tag (RFC 9110, 13.1.1)."""
    return header.strip() == "*" or tag in [entry.strip() for entry in header.split(",")]


def handle(error: Exception, context: dict[str, Any]) -> Response:
    """Any error as the dialect writes it; one that is nobody's fault but ours is a 500 with a list."""
    set_rollback()
    found = _translated(error)
    if isinstance(found, exceptions.APIException):
        body = None if found.status_code in EMPTY else _texts(found)
        return Response(body, status=found.status_code, headers=_headers(found))
    log.error("unexpected error in the telephony interface", exc_info=error)
    return Response(["An unexpected error occurred"], status=500)


def _headers(error: exceptions.APIException) -> dict[str, str]:
    """What DRF's own handler would add: how to authenticate, when to come again."""
    headers = {}
    if challenge := getattr(error, "auth_header", None):
        headers["WWW-Authenticate"] = str(challenge)
    if wait := getattr(error, "wait", None):
        headers["Retry-After"] = str(int(wait))
    return headers


def _translated(error: Exception) -> Exception:
    if isinstance(error, Unusable):
        refused = exceptions.APIException(f"Incorrect parameters sent: {', '.join(error.names)}")
        refused.status_code = 400
        return refused
    if isinstance(error, exceptions.ValidationError) and isinstance(error.detail, dict):
        return _translated(Unusable(*error.detail))
    if isinstance(error, exceptions.ParseError):
        return Unparsable()
    if isinstance(error, RequestDataTooBig):
        return BodyTooLarge()
    if isinstance(error, NotFound | Http404):
        return exceptions.NotFound()
    if is_away(error):
        return Away()
    return _refusals(error)


def _refusals(error: Exception) -> Exception:
    if isinstance(error, Changed):
        return PreconditionFailed()
    if isinstance(error, HasMailbox):
        return PreconditionFailed("The user has a voicemail: dissociate it, or ask for deleteVoicemail")
    if isinstance(error, UnusableRecording | MailboxFull):
        refused = exceptions.APIException(str(error))
        refused.status_code = 400 if isinstance(error, UnusableRecording) else 409
        return refused
    return error


def _texts(error: exceptions.APIException) -> list[str]:
    detail = error.detail
    return [str(text) for text in detail] if isinstance(detail, list) else [str(detail)]
