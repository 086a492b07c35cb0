"""The admin site's front page: panels that the apps bring.

An app has a module ``dashboard`` that registers its panels. The page asks for
their figures again and again, so a panel reads sums that are kept, never rows
one by one.
"""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass
from typing import Any

from django.db.models import Model
from django.http import HttpRequest
from django.template.loader import render_to_string
from django.utils import timezone
from django.utils.safestring import SafeString

#: Seconds after which the page asks anew.
REFRESH = 20


@dataclass(frozen=True)
class Panel:
    """``facts`` gives the template its figures; ``model`` is what one must be allowed to look at."""

    name: str
    title: str
    template: str
    facts: Callable[[], dict[str, Any]]
    model: type[Model]
    order: int
    wide: bool = False

    def is_open_to(self, request: HttpRequest) -> bool:
        meta = self.model._meta
        return request.user.has_perm(f"{meta.app_label}.view_{meta.model_name}")


_PANELS: dict[str, Panel] = {}


def register(panel: Panel) -> None:
    _PANELS[panel.name] = panel


def panels(request: HttpRequest) -> list[Panel]:
    """Those that the person may see, in their order."""
    return sorted((p for p in _PANELS.values() if p.is_open_to(request)), key=lambda panel: panel.order)


def rendered(request: HttpRequest) -> SafeString:
    """All panels as HTML."""
    shown = [(panel, render_to_string(panel.template, panel.facts(), request)) for panel in panels(request)]
    context = {"panels": shown, "at": timezone.localtime()}
    return render_to_string("accounts/panels.html", context, request)
