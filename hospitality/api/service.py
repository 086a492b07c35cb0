"""One call of the dialect: what is checked, in which order, and how it is answered.

Order (Drupal's Services module): the route and its method (404), the format
of the answer (406), the body and its required arguments (401), session and
CSRF token (401), permission (403), the action.
"""

from __future__ import annotations

from dataclasses import dataclass, field
from typing import Any

from django.conf import settings
from django.db import DatabaseError
from django.http import HttpRequest, HttpResponse
from django.http.response import HttpResponseBase
from django.utils.crypto import constant_time_compare
from django.utils.decorators import method_decorator
from django.views import View
from django.views.decorators.csrf import csrf_exempt

from accounts.api.errors import Away, is_away
from accounts.rates import count_request
from hospitality.api import bodies, formats, sessions
from hospitality.api.refusals import Refusal, denied, missing
from hospitality.models import Member

_SAFE = ("GET", "HEAD", "OPTIONS", "TRACE")


@dataclass
class Call:
    """A request whose arguments are read and whose caller is known."""

    request: HttpRequest
    args: bodies.Arguments
    visit: sessions.Visit | None
    #: Further headers of the answer.
    headers: dict[str, str] = field(default_factory=dict)
    #: Logged in by this very call: the cookie goes out with the answer.
    began: sessions.Visit | None = None

    @property
    def me(self) -> Member:
        """The caller as a member; Refusal 403."""
        if self.visit is None or self.visit.member is None:
            raise denied(self.visit.user.get_username() if self.visit else None)
        return self.visit.member


@method_decorator(csrf_exempt, name="dispatch")
class Service(View):
    """Base of the routes: subclasses name their method, required arguments and rights, and ``act``."""

    method = "POST"
    required: tuple[str, ...] = ()
    members_only = True
    csrf = True

    def dispatch(self, request: HttpRequest, *args: Any, **kwargs: Any) -> HttpResponseBase:
        media = formats.JSON_TYPE
        suffix = kwargs.pop("suffix", None)
        try:
            self.check_route(request)
            media = self.answers_in(request, suffix)
            call = self.call(request)
            content = self.act(call, **kwargs)
        except Refusal as refusal:
            return self.refused(request, refusal, media, suffix)
        except DatabaseError as error:
            if not is_away(error):
                raise
            return self.away(request, media, suffix)
        return self.answered(call, content, media)

    def check_route(self, request: HttpRequest) -> None:
        if settings.SECURE_SSL_REDIRECT and not request.is_secure():
            # A redirect would lose the body, and the app has said the password in the open already.
            raise Refusal(404, "Use https.")
        wanted = ("GET", "HEAD") if self.method == "GET" else (self.method,)
        if request.method not in wanted:
            raise no_such_route(request)

    def answers_in(self, request: HttpRequest, suffix: str | None) -> str:
        return formats.media_type(request, suffix)

    def call(self, request: HttpRequest) -> Call:
        args = bodies.arguments(request) if request.method not in _SAFE else request.GET.dict()
        for name in self.required:
            if not bodies.given(args, name):
                raise missing(name)
        visit = sessions.current(request)
        if wait := count_request(request, visit.user.pk if visit else None):
            raise Refusal(429, "Too many requests.", wait=wait)
        call = Call(request, args, visit)
        if self.csrf and visit is not None and request.method not in _SAFE:
            check_token(call, visit)
        if self.members_only:
            _ = call.me
        return call

    def act(self, call: Call, **kwargs: Any) -> Any:
        raise NotImplementedError

    def answered(self, call: Call, content: Any, media: str) -> HttpResponse:
        body = formats.WRITERS[media.partition(";")[0]](content)
        response = HttpResponse(body, content_type=media, headers=call.headers)
        if call.began is not None:
            sessions.hand_over(call.began, call.request, response)
        return private(response)

    def refused(self, request: HttpRequest, refusal: Refusal, media: str, suffix: str | None) -> HttpResponse:
        content = formats.WRITERS[media](refusal.content)
        response = HttpResponse(content, content_type=media, status=refusal.status, reason=refusal.reason)
        if refusal.wait is not None:
            response["Retry-After"] = str(refusal.wait)
        return private(response)

    def away(self, request: HttpRequest, media: str, suffix: str | None) -> HttpResponse:
        return self.refused(request, Refusal(503, str(Away.default_detail), wait=Away.wait), media, suffix)


class NoRoute(Service):
    """Everything under the services that is no route."""

    def check_route(self, request: HttpRequest) -> None:
        raise no_such_route(request)


@method_decorator(csrf_exempt, name="dispatch")
class Resource(Service):
    """One path with another service per method."""

    services: dict[str, type[Service]] = {}

    def dispatch(self, request: HttpRequest, *args: Any, **kwargs: Any) -> HttpResponseBase:
        method = "GET" if request.method == "HEAD" else request.method or ""
        return self.services.get(method, NoRoute).as_view()(request, *args, **kwargs)


def private(response: HttpResponse) -> HttpResponse:
    response["Cache-Control"] = "no-store"
    return response


def no_such_route(request: HttpRequest) -> Refusal:
    route = request.path.rsplit("/services/rest/", 1)[-1]
    return Refusal(404, f"Could not find resource {route[:100]}.")


def check_token(call: Call, visit: sessions.Visit) -> None:
    sent = call.request.headers.get("X-CSRF-Token") or bodies.text(call.args, "services_token")
    sent = sent or call.request.GET.get("services_token", "")
    if not constant_time_compare(sent, visit.token):
        raise Refusal(401, "CSRF validation failed")
