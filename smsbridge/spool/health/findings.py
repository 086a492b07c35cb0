"""The form of a finding."""

from __future__ import annotations

from collections.abc import Iterable
from dataclasses import dataclass

_LEVELS = ("ok", "warning", "error")


@dataclass(frozen=True)
class Finding:
    """One thing that is wrong: ``level`` is ``warning`` or ``error``, ``hint`` says what to do."""

    level: str
    code: str
    detail: str
    hint: str = ""


def worst(findings: Iterable[Finding]) -> str:
    """``ok``, ``warning`` or ``error``."""
    return max((finding.level for finding in findings), key=_LEVELS.index, default="ok")
