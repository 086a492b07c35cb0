"""``/api/v1.0/sms/…`` and ``/api/v1.0/monitoring``."""

from __future__ import annotations

from typing import Any

from django.conf import settings
from django.urls import reverse
from rest_framework import exceptions
from rest_framework.request import Request
from rest_framework.response import Response

from accounts.models import ApiToken
from outbox.models import Gateway
from smsbridge.api import wire
from smsbridge.api.protocol import SCOPE, GatewayView, Refusal
from smsbridge.sending import messages
from smsbridge.sending.send import Order, send


def _sent(view: GatewayView, request: Request, order: Order) -> Response:
    # Made once: of ten thousand messages each has a link.
    one = request.build_absolute_uri(reverse("gateway-message", args=["sent", "id"]))
    sent = send(user=view.user, order=order)
    headers = {"Idempotency-Replayed": "true"} if sent.repeated else {}
    return Response(wire.sent_out(order, sent, str(one).removesuffix("id")), status=201, headers=headers)


class Outgoing(GatewayView):
    """``/sms/outgoing``: sends, by POST and, where that is allowed, by GET."""

    http_method_names = ["get", "post", "options"]

    def post(self, request: Request) -> Response:
        return _sent(self, request, wire.read_body(request.data, _key(request)))

    def get(self, request: Request) -> Response:
        self._check_may_get(request)
        return _sent(self, request, wire.read_query(request.query_params, _key(request)))

    def _check_may_get(self, request: Request) -> None:
        """GET sends here, so what is harmless for other GETs is not enough."""
        if not settings.SMS_API_GET_SENDS:
            raise exceptions.MethodNotAllowed("GET")
        token = request.auth
        if isinstance(token, ApiToken) and not token.allows(SCOPE, safe=False):
            raise Refusal(403, "this token may only read")
        if _is_a_browsers_doing(request):
            raise Refusal(403, "sending by GET is not for links, pictures or prefetching")


def _key(request: Request) -> str:
    return str(request.headers.get("Idempotency-Key", ""))


def _is_a_browsers_doing(request: Request) -> bool:
    """Another site's page, with a password the browser remembers, or a prefetch (Fetch Metadata)."""
    purpose = request.headers.get("Sec-Purpose", "") + request.headers.get("Purpose", "")
    foreign = request.headers.get("Sec-Fetch-Site", "") in ("cross-site", "same-site")
    return foreign or "prefetch" in purpose.lower()


class MessageList(GatewayView):
    """``/sms/<kind>/``."""

    def get(self, request: Request, kind: str) -> Response:
        rights = self.rights()
        limit = _limit(request.query_params.get("limit"), rights.list_limit)
        before = request.query_params.get("before", "")
        only = request.query_params.get("files") == "only"
        page = messages.listed(rights, kind=kind, limit=limit, before=before, files_only=only)
        body: dict[str, Any] = {"message_id": page.ids, "limit": limit or False, "total_count": page.total}
        return Response(body | ({"more": True} if page.more else {}))


class OutgoingList(MessageList):
    """``/sms/outgoing/``: the list; POST sends here too."""

    def post(self, request: Request, kind: str) -> Response:
        return _sent(self, request, wire.read_body(request.data, _key(request)))


def _limit(asked: str | None, most: int) -> int:
    """How many ids to list: what was asked for, at most ``most``; 0 without any limit."""
    if asked is None:
        return most
    if not (asked.isascii() and asked.isdigit() and 0 < len(asked) < 10 and int(asked)):
        raise Refusal(400, "limit is not a positive number")
    return min(int(asked), most) if most else int(asked)


class Message(GatewayView):
    """``/sms/<kind>/<id>``."""

    def get(self, request: Request, kind: str, name: str) -> Response:
        return Response(wire.message_out(messages.find(self.rights(), kind=kind, name=name)))

    def delete(self, request: Request, kind: str, name: str) -> Response:
        found = messages.delete(self.rights(), kind=kind, name=name)
        return Response(wire.deleted_out(found, kind=kind))


class Timeline(GatewayView):
    """``/sms/<id>/timeline``: what happened to a message, and when."""

    def get(self, request: Request, name: str) -> Response:
        delivery = messages.delivery_of(self.rights(), name)
        if delivery is None:
            raise messages.Missing
        return Response(wire.timeline_out(delivery))


class Monitoring(GatewayView):
    """``/monitoring``: whether messages go out; for anybody."""

    authentication_classes: Any = []
    permission_classes: Any = []

    def get(self, request: Request) -> Response:
        if Gateway.objects.filter(name__in=list(settings.SMS_GATEWAYS)).exclude(trouble="").exists():
            return Response({"monitoring": "trouble"}, status=503)
        return Response({"monitoring": "ok"})


class Nowhere(GatewayView):
    """Any other path of the dialect."""

    authentication_classes: Any = []
    permission_classes: Any = []

    def initial(self, request: Any, *args: Any, **kwargs: Any) -> None:
        raise exceptions.NotFound
