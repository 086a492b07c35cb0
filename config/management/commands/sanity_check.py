"""``manage.py sanity_check``: whether the stored records make sense together."""

from __future__ import annotations

import json
from argparse import ArgumentParser
from collections.abc import Sequence
from typing import Any

from django.core.management import BaseCommand, CommandError
from django.utils.module_loading import autodiscover_modules
from tqdm import tqdm

from accounts.sanity import Finding, Rule, rules


class Command(BaseCommand):
    help = (
        "Looks for records that break a rule which the database itself does not keep, as an import or a"
        " restored backup may leave them. Reads only. Exit code 1 when anything was found."
    )

    def add_arguments(self, parser: ArgumentParser) -> None:
        parser.add_argument("rules", metavar="RULE", nargs="*", help="names of rules, or apps; default: all")
        parser.add_argument("--list", action="store_true", help="name the rules, and look at nothing")
        parser.add_argument("--json", action="store_true", help="one JSON object a line")

    def handle(self, *args: Any, **options: Any) -> None:
        autodiscover_modules("sanity")
        chosen = _chosen(options["rules"])
        if options["list"]:
            for rule in chosen:
                self.stdout.write(f"{rule.name}: {rule.broken}")
            return
        broken = 0
        for rule in tqdm(chosen, unit=" rules", file=self.stderr, disable=not self.stderr.isatty()):
            found = rule.find()
            broken += found.count > 0
            self.stdout.write(json.dumps(_record(rule, found)) if options["json"] else _line(rule, found))
        if broken:
            raise CommandError(f"{broken} of {len(chosen)} rules are broken.")


def _chosen(names: Sequence[str]) -> list[Rule]:
    known = rules()
    chosen = [rule for rule in known if not names or {rule.name, rule.name.partition(".")[0]} & set(names)]
    strangers = [
        name for name in names if not any(name in (r.name, r.name.partition(".")[0]) for r in chosen)
    ]
    if strangers:
        raise CommandError(f"There is no rule {strangers[0]!r}; --list names them all.")
    return chosen


def _record(rule: Rule, found: Finding) -> dict[str, Any]:
    return {"rule": rule.name, "count": found.count, "some": list(found.some)}


def _line(rule: Rule, found: Finding) -> str:
    if not found.count:
        return f"ok      {rule.name}"
    return f"BROKEN  {rule.name}: {found.count}. {rule.broken} E.g. {', '.join(found.some)}"
