"""``manage.py import_seed_identities URL``: move the people of a Seed Identity Store over."""

from __future__ import annotations

from typing import Any

from accounts.elsewhere import Elsewhere, Report
from accounts.moving import MovingCommand
from contacts.operations.moving import IDENTITIES, OPT_OUTS, Identities


class Command(MovingCommand):
    help = (
        "Brings people with their addresses, details, opt-outs and opt-ins in from the database of a Seed"
        " Identity Store. Identities stay what they were. Running it again changes nothing."
    )

    def move(self, source: Elsewhere, report: Report, options: dict[str, Any]) -> None:
        for table in (IDENTITIES, OPT_OUTS):
            self.need(source, table)
        with self.bar("identities", source.count(IDENTITIES)) as bar:
            Identities(source, report).move(dry_run=options["dry_run"], told=bar.update)
