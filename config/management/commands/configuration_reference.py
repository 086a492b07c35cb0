"""``make docs``: write the documents that are made from the code."""

from __future__ import annotations

from typing import Any

from django.conf import settings
from django.core.management import BaseCommand

from config import commands, datamodel, reference


class Command(BaseCommand):
    help = (
        "Write the documents that are made from the code: variables, commands, the picture of the data model."
    )

    def handle(self, *args: Any, **options: Any) -> None:
        made = {
            ".env.example": reference.example(),
            "docs/configuration.md": reference.markdown(),
            "docs/commands.md": commands.markdown(),
            "docs/images/data-model.svg": datamodel.svg(),
        }
        for path, text in made.items():
            (settings.BASE_DIR / path).write_text(text, encoding="utf-8")
