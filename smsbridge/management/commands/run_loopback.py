"""``manage.py run_loopback``: a gateway without a modem, for the demo and for trying things out."""

from __future__ import annotations

import re
import signal
import threading
from argparse import ArgumentParser, ArgumentTypeError
from typing import Any

from django.core.management import BaseCommand, CommandError

from smsbridge.gateways import smsd_zone, spool_of
from smsbridge.loopback import Behaviour, Loopback, Occupied
from smsbridge.spool.errors import SpoolUnavailable


class Command(BaseCommand):
    help = (
        "Play smsd and the network on a gateway's spool: messages are 'sent', reported as delivered, and "
        "answered; nothing leaves this machine. Do not run it beside a real smsd. SIGTERM or Ctrl-C stops it."
    )

    def add_arguments(self, parser: ArgumentParser) -> None:
        parser.add_argument("--gateway", default="sms", help="Whose spool. Default: sms.")
        parser.add_argument("--once", action="store_true", help="Make one step and end.")
        parser.add_argument(
            "--stop-number", action="append", default=[], type=digits, metavar="NUMBER",
            help="This number answers STOP to its second message. May be given several times.",
        )  # fmt: skip
        parser.add_argument(
            "--fail-suffix", default="9999", help="Numbers that end so cannot be reached. Default: 9999."
        )
        parser.add_argument(
            "--delay", type=float, default=1.0, metavar="SECONDS", help="Of each step. Default: 1."
        )

    def handle(self, *args: Any, **options: Any) -> None:
        behaviour = Behaviour(options["delay"], options["fail_suffix"], frozenset(options["stop_number"]))
        try:
            loopback = Loopback(spool_of(options["gateway"]), behaviour, zone=smsd_zone())
            with loopback.alone():
                self._play(loopback, once=options["once"])
        except SpoolUnavailable as trouble:
            raise CommandError(f"{options['gateway']}: {trouble.detail}") from trouble
        except Occupied as taken:
            raise CommandError("Another loopback gateway plays on this spool.") from taken

    def _play(self, loopback: Loopback, *, once: bool) -> None:
        if once:
            self.stdout.write(f"moved {loopback.step()}")
            return
        stopped = threading.Event()
        for number in (signal.SIGTERM, signal.SIGINT):
            signal.signal(number, lambda *_: stopped.set())
        while not stopped.is_set():
            loopback.step()
            stopped.wait(0.2)


def digits(text: str) -> str:
    """A telephone number as the files have it."""
    if not re.fullmatch(r"\+?[0-9]{3,20}", text):
        raise ArgumentTypeError("write a telephone number with its country code")
    return text.lstrip("+")
