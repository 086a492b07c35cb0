"""``make docs``: write docs/configuration.md and .env.example from the settings."""

from __future__ import annotations

from typing import Any

from django.conf import settings
from django.core.management import BaseCommand

from config import reference


class Command(BaseCommand):
    help = "Write docs/configuration.md and .env.example from the variables that the settings read."

    def handle(self, *args: Any, **options: Any) -> None:
        (settings.BASE_DIR / "docs" / "configuration.md").write_text(reference.markdown(), encoding="utf-8")
        (settings.BASE_DIR / ".env.example").write_text(reference.example(), encoding="utf-8")
