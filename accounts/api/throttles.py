"""The limit of requests a minute, for views of the framework."""

from __future__ import annotations

from typing import Any

from rest_framework.request import Request
from rest_framework.throttling import BaseThrottle

from accounts.rates import count_request


class RequestRate(BaseThrottle):
    """429 for more than ``API_REQUESTS_PER_MINUTE`` of one account, or of one address without one."""

    def allow_request(self, request: Request, view: Any) -> bool:
        self._wait = count_request(request._request, request.user.pk)
        return not self._wait

    def wait(self) -> float:
        return self._wait
