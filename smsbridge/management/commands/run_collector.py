"""``manage.py run_collector``: collect as soon as smsd's eventhandler pokes."""

from __future__ import annotations

import logging
import signal
import threading
import time
from argparse import ArgumentParser
from typing import Any

from django.conf import settings
from django.core.management import BaseCommand, CommandError
from django.db import Error as DatabaseError
from django.db import close_old_connections

from outbox import runs
from smsbridge import pokes
from smsbridge.gateways import configured_spool

logger = logging.getLogger(__name__)
#: How often a poke is looked for, in seconds: one system call.
_LOOK = 0.2


class Command(BaseCommand):
    help = (
        "Take in fates and replies the moment smsd's eventhandler pokes, and every few seconds in any case. "
        "Optional: the workers collect too, only not at once. Run it on the host of the spool."
    )

    def add_arguments(self, parser: ArgumentParser) -> None:
        parser.add_argument("gateways", nargs="*", help="Gateways to collect from; default: all there are.")
        parser.add_argument("--once", action="store_true", help="Collect once and end.")
        parser.add_argument(
            "--interval", type=float, default=5.0, metavar="SECONDS", help="Without pokes. Default: 5."
        )

    def handle(self, *args: Any, **options: Any) -> None:
        names = options["gateways"] or list(settings.SMS_GATEWAYS)
        if unknown := set(names) - set(settings.SMS_GATEWAYS):
            raise CommandError(f"SMS_GATEWAYS does not name {', '.join(sorted(unknown))}.")
        if options["once"]:
            self.stdout.write(f"took in {sum(_collect(name) for name in names)}")
            return
        stopped = threading.Event()
        for number in (signal.SIGTERM, signal.SIGINT):
            signal.signal(number, lambda *_: stopped.set())
        follow(names, interval=options["interval"], stopped=stopped)


def follow(names: list[str], *, interval: float, stopped: threading.Event) -> None:
    """Collect from each gateway when it is poked or the interval is over, until ``stopped``."""
    due = dict.fromkeys(names, 0.0)
    while not stopped.is_set():
        # As Django does around each request: one that broke, or has been kept long enough, is opened anew.
        close_old_connections()
        for name in names:
            if pokes.take(configured_spool(name)) or due[name] <= time.monotonic():
                _collect(name)
                due[name] = time.monotonic() + interval
        stopped.wait(_LOOK)


def _collect(name: str) -> int:
    try:
        return runs.collect(name=name)
    except DatabaseError as trouble:
        logger.warning("gateway %s cannot be collected from now: %s", name, type(trouble).__name__)
        return 0
