"""Clears away what is too old, has expired or is held by nobody."""

from __future__ import annotations

from argparse import ArgumentParser
from typing import Any

from django.core.management.base import BaseCommand, CommandError
from django.db.models import Q
from django.utils import timezone

from sendables.entities import Entity, entities, entity
from sendables.operations import retention
from sendables.operations.collecting import nobody_holds


class Command(BaseCommand):
    help = "Removes expired, outdated and unheld messages and notices in bites, and recounts unread counters."

    def add_arguments(self, parser: ArgumentParser) -> None:
        parser.add_argument("--entity", action="append", help="only these; may be given several times")
        parser.add_argument("--older-than", type=int, metavar="DAYS", help="instead of RETENTION_DAYS")
        parser.add_argument("--dry-run", action="store_true", help="say how much there is and do nothing")

    def handle(self, *args: Any, **options: Any) -> None:
        days = options["older_than"]
        if days is not None and days < 1:
            raise CommandError("--older-than: write a number of days above 0")
        for kind in chosen(options["entity"]):
            work = self.count if options["dry_run"] else self.prune
            self.stdout.write(f"{kind.name}: {work(kind, days)}")

    def count(self, kind: Entity, days: int | None) -> str:
        days = days or kind.settings.RETENTION_DAYS
        old = retention.outdated(kind, days).count() if days else 0
        expired = kind.contents.filter(expires_at__lte=timezone.now(), hanging_since=None).count()
        unheld = kind.contents.filter(nobody_holds(kind) | Q(hanging_since__isnull=False)).count()
        return f"{expired} have expired, {old} are outdated, {unheld} are held by nobody"

    def prune(self, kind: Entity, days: int | None) -> str:
        expired, old = retention.expire(kind), retention.retire(kind, days=days)
        unheld = retention.find_hanging(kind)
        removed, mended = retention.collect(kind), retention.recount(kind)
        return (
            f"{expired} had expired, {old} were outdated, {unheld} were held by nobody;"
            f" {removed} rows removed, {mended} counters set right"
        )


def chosen(names: list[str] | None) -> list[Entity]:
    try:
        return [entity(name) for name in names] if names else entities()
    except KeyError as unknown:
        raise CommandError(f"There is no entity {unknown}.") from None
