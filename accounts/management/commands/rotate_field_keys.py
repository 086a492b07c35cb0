"""``manage.py rotate_field_keys``: encrypt every stored secret anew with the first key."""

from __future__ import annotations

from argparse import ArgumentParser
from typing import Any

from django.apps import apps
from django.core.management.base import BaseCommand
from django.db import models, transaction

from accounts.encryption import EncryptedTextField

BITE = 500


class Command(BaseCommand):
    help = "Encrypts all stored secrets with the first of FIELD_ENCRYPTION_KEYS, after it was put in front."

    def add_arguments(self, parser: ArgumentParser) -> None:
        parser.add_argument("--dry-run", action="store_true", help="only say how many records hold secrets")

    def handle(self, *args: Any, **options: Any) -> None:
        for model in apps.get_models():
            names = [
                field.name for field in model._meta.local_fields if isinstance(field, EncryptedTextField)
            ]
            if names:
                count = _count(model) if options["dry_run"] else _rewrite(model, names)
                self.stdout.write(f"{model._meta.label}: {count}")


def _count(model: type[models.Model]) -> int:
    return model._base_manager.count()


def _rewrite(model: type[models.Model], names: list[str]) -> int:
    """In bites, each locked, so that a change made meanwhile is not overwritten."""
    done, last = 0, None
    while True:
        with transaction.atomic():
            rows = model._base_manager.order_by("pk").select_for_update().only("pk", *names)
            bite = list((rows if last is None else rows.filter(pk__gt=last))[:BITE])
            if not bite:
                return done
            model._base_manager.bulk_update(bite, names)
        done, last = done + len(bite), bite[-1].pk
