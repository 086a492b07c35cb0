"""``manage.py check_spool``: is everything as it must be for SMS to go out and come in?"""

from __future__ import annotations

import grp
import json
import sys
from argparse import ArgumentParser, ArgumentTypeError
from pathlib import Path
from typing import Any

from django.conf import settings
from django.core.management import BaseCommand, CommandError

from smsbridge.checks import examine_spool
from smsbridge.gateways import configured_spool
from smsbridge.spool.errors import SpoolUnavailable
from smsbridge.spool.folders import Spool
from smsbridge.spool.health import Finding, worst

#: As monitoring programs read them.
_EXIT_CODES = {"ok": 0, "warning": 1, "error": 2}
_COUNTED_UP_TO = 100_000


class Command(BaseCommand):
    help = (
        "Look for trouble with the SMS spools: permissions, a stopped smsd, a full disk, clocks, leftovers. "
        "Run it as the user and on the host of the workers. Exit code 0: all is well, 1: warnings, 2: errors."
    )
    # The system checks would stop at what this command explains.
    requires_system_checks: list[str] = []

    def add_arguments(self, parser: ArgumentParser) -> None:
        parser.add_argument("gateways", nargs="*", help="Gateways to look at; default: all there are.")
        parser.add_argument("--json", action="store_true", help="Print one JSON object instead of lines.")
        parser.add_argument("--create", action="store_true", help="First make folders that are missing.")
        parser.add_argument("--group", type=_group, default=-1, help="Group of such folders: smsd's.")
        parser.add_argument("--stuck-after", type=float, default=300, metavar="SECONDS", help="Default: 300.")
        parser.add_argument("--pidfile", type=Path, help="smsd's, when it is not where the package puts it.")

    def handle(self, *args: Any, **options: Any) -> None:
        names = options["gateways"] or list(settings.SMS_GATEWAYS)
        found = {name: self._examine(_configured(name), options) for name in names}
        if options["json"]:
            self.stdout.write(
                json.dumps({"gateways": {n: _as_json(n, f) for n, f in found.items()}}, indent=2)
            )
        else:
            self._print(found)
        sys.exit(_EXIT_CODES[worst(finding for findings in found.values() for finding in findings)])

    def _examine(self, spool: Spool, options: dict[str, Any]) -> list[Finding]:
        if options["create"]:
            try:
                spool.create(group=options["group"])
            except SpoolUnavailable as trouble:
                detail = f"folders cannot be made: {trouble.detail}"
                return [Finding("error", trouble.code, detail, "Make them as root, see docs/smsbridge.md.")]
        return examine_spool(spool, stuck_after=options["stuck_after"], pidfile=options["pidfile"])

    def _print(self, found: dict[str, list[Finding]]) -> None:
        for name, findings in found.items():
            self.stdout.write(
                f"{name} ({settings.SMS_GATEWAYS[name]}): {worst(findings)}, {_waiting(name)} waiting"
            )
            for finding in findings:
                self.stdout.write(f"  {finding.level}: {finding.detail}")
                if finding.hint:
                    self.stdout.write(f"    {finding.hint}")


def _group(name: str) -> int:
    try:
        return grp.getgrnam(name).gr_gid
    except KeyError as error:
        raise ArgumentTypeError(f"there is no group {name}") from error


def _configured(name: str) -> Spool:
    try:
        return configured_spool(name)
    except SpoolUnavailable as trouble:
        raise CommandError(f"{name}: {trouble.detail}", returncode=_EXIT_CODES["error"]) from trouble


def _waiting(name: str) -> int | str:
    try:
        return configured_spool(name).waiting(_COUNTED_UP_TO)
    except SpoolUnavailable:
        return "unknown"


def _as_json(name: str, findings: list[Finding]) -> dict[str, Any]:
    waiting = _waiting(name)
    return {
        "spool": str(settings.SMS_GATEWAYS[name]),
        "status": worst(findings),
        "waiting": waiting if isinstance(waiting, int) else None,
        "findings": [vars(finding) for finding in findings],
    }
