"""Routes that answer with and without the last slash, without a redirect.

A redirect would turn a POST into a GET or lose its body, and half of the
existing clients write one form, half the other. Reversing a name gives the
form with the slash.
"""

from __future__ import annotations

from collections.abc import Callable
from typing import Any

from django.urls import URLPattern, path, re_path
from rest_framework import routers

_FRAMEWORKS_OWN = "[^/.]+"


class BothSlashesRouter(routers.SimpleRouter):
    """DRF's SimpleRouter whose routes also exist without their last slash.

    Unless a viewset says otherwise (``lookup_value_regex``), an id is ASCII
    letters, digits and hyphens: anything else is an unknown route, where
    ``int()`` would take digits of any script and a last newline.
    """

    def get_lookup_regex(self, viewset: Any, lookup_prefix: str = "") -> str:
        regex = super().get_lookup_regex(viewset, lookup_prefix)
        return regex.replace(_FRAMEWORKS_OWN, "[0-9A-Za-z-]+")

    def get_urls(self) -> list[Any]:
        slashed: list[Any] = super().get_urls()
        return slashed + [_without_slash(route) for route in slashed]


def _without_slash(route: URLPattern) -> URLPattern:
    regex = str(route.pattern).removesuffix("/$") + "$"
    return re_path(regex, route.callback)


def both_slashes(route: str, view: Callable[..., Any], *, name: str) -> list[URLPattern]:
    """``path()`` for ``route`` (written with its last slash) in both forms."""
    return [path(route, view, name=name), path(route.removesuffix("/"), view)]
