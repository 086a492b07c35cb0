"""System checks: what a start-up error would be too harsh for."""

from __future__ import annotations

from typing import Any

from django.core.checks import CheckMessage, Warning, register

from config import env


@register()
def misspelt_variables(app_configs: Any, **kwargs: Any) -> list[CheckMessage]:
    """A variable that almost has one of our names, but may belong to another program."""
    return [
        Warning(f"{name} is not read: did you mean {meant}?", id="switchboard.W001")
        for name, meant in env.near_misses().items()
    ]
