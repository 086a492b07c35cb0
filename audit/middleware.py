"""Requests act for their callers."""

from __future__ import annotations

from collections.abc import Callable

from django.conf import settings
from django.http import HttpRequest, HttpResponse

from accounts.models import ApiToken
from audit.acting import Actor, acting, of_user


class ActingMiddleware:
    """Must come after authentication. An API's caller is known once its view has asked for them."""

    def __init__(self, get_response: Callable[[HttpRequest], HttpResponse]) -> None:
        self.get_response = get_response

    def __call__(self, request: HttpRequest) -> HttpResponse:
        with acting(lambda: caller(request)):
            return self.get_response(request)


def caller(request: HttpRequest) -> Actor:
    via = "admin" if request.path_info.startswith(f"/{settings.ADMIN_PATH}/") else "api"
    # Django REST Framework notes on the request below its own whom it found.
    token = getattr(request, "auth", None)
    return of_user(getattr(request, "user", None), via, token=token if isinstance(token, ApiToken) else None)
