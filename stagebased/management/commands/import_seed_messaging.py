"""``manage.py import_seed_messaging URL``: move a Seed Stage-based Messaging installation over."""

from __future__ import annotations

from argparse import ArgumentParser
from pathlib import Path
from typing import Any

from django.core.management import CommandError

from accounts.elsewhere import Elsewhere, Report
from accounts.moving import MovingCommand
from outbox.channels import channel_names
from stagebased.operations.moving import SUBSCRIPTIONS, Content, Subscriptions
from stagebased.operations.moving.content import SETS


class Command(MovingCommand):
    help = (
        "Brings schedules, message sets, messages, their files and all subscriptions with their positions in"
        " from the database of a Seed Stage-based Messaging installation. Numbers and identities stay what"
        " they were. Running it again changes nothing."
    )

    def add_arguments(self, parser: ArgumentParser) -> None:
        super().add_arguments(parser)
        parser.add_argument("--media", type=Path, help="the folder of its uploaded files, on this host")
        parser.add_argument(
            "--channel",
            action="append",
            default=[],
            metavar="THEIRS=OURS",
            help="channel of sets there and here; sets without one go by sms, e.g. JUNEBUG_VOICE=voicemail",
        )

    def move(self, source: Elsewhere, report: Report, options: dict[str, Any]) -> None:
        for table in (SETS, SUBSCRIPTIONS):
            self.need(source, table)
        media: Path | None = options["media"]
        if media is not None and not media.is_dir():
            raise CommandError(f"--media: {media} is no folder.")
        content = Content(source, report, media=media, channels=_channels(options["channel"]))
        moved = content.move(dry_run=options["dry_run"])
        with self.bar("subscriptions", source.count(SUBSCRIPTIONS)) as bar:
            Subscriptions(source, report, moved).move(dry_run=options["dry_run"], told=bar.update)


def _channels(pairs: list[str]) -> dict[str, str]:
    found = {"": "sms"}
    for pair in pairs:
        theirs, _, ours = pair.partition("=")
        if ours not in channel_names():
            raise CommandError(
                f"--channel {pair}: write THEIRS=OURS, ours being {', '.join(channel_names())}."
            )
        found[theirs] = ours
    return found
