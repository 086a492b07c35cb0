"""What browsers may do with an answer: the header Content-Security-Policy.

Pages load what this installation itself serves, and nothing runs that stands
in a page: a text that slips into HTML stays a text. What is no page loads
nothing at all. Django 6 will bring a middleware for one policy; ours differs
by what the answer is.
"""

from __future__ import annotations

from collections.abc import Callable
from typing import Any

from asgiref.sync import iscoroutinefunction
from django.conf import settings
from django.http import HttpRequest
from django.http.response import HttpResponseBase
from django.utils.decorators import sync_and_async_middleware

HEADER = "Content-Security-Policy"
#: For what is no page.
NOTHING = "default-src 'none'; base-uri 'none'; form-action 'none'; frame-ancestors 'none'"
_SAME = (
    "default-src 'none'; connect-src 'self'; font-src 'self'; form-action 'self'; frame-ancestors 'none'; "
    "base-uri 'none'; img-src 'self' data:; media-src 'self' blob:; manifest-src 'self'; "
    # Widths of bars and colours of the theme stand in the page; styles do not run.
    "style-src 'self' 'unsafe-inline'; "
)
PAGE = _SAME + "script-src 'self'"
#: The theme's widgets (Alpine) read the expressions in its templates with ``Function``.
ADMIN = _SAME + "script-src 'self' 'unsafe-eval'"


@sync_and_async_middleware
def content_policy(get_response: Callable[[HttpRequest], Any]) -> Callable[[HttpRequest], Any]:
    """Adds the policy, unless the view has said a stricter one."""
    if iscoroutinefunction(get_response):

        async def later(request: HttpRequest) -> HttpResponseBase:
            return _marked(request, await get_response(request))

        return later

    return lambda request: _marked(request, get_response(request))


def _marked(request: HttpRequest, response: HttpResponseBase) -> HttpResponseBase:
    if HEADER not in response:
        response[HEADER] = _policy(request, response)
    return response


def _policy(request: HttpRequest, response: HttpResponseBase) -> str:
    if not response.get("Content-Type", "").startswith("text/html"):
        return NOTHING
    return ADMIN if request.path_info.startswith(f"/{settings.ADMIN_PATH}/") else PAGE
