"""Hands out all messages and notices of one person."""

from __future__ import annotations

import json
from argparse import ArgumentParser
from typing import Any

from django.core.management.base import BaseCommand, CommandError
from django.core.serializers.json import DjangoJSONEncoder

from accounts.models import User
from sendables.operations import export_person


class Command(BaseCommand):
    help = "Writes everything kept about a person's messages and notices, one JSON object per line."

    def add_arguments(self, parser: ArgumentParser) -> None:
        parser.add_argument("username", help="the account's user name")

    def handle(self, *args: Any, **options: Any) -> None:
        for record in export_person(person_named(options["username"])):
            self.stdout.write(json.dumps(record, cls=DjangoJSONEncoder, ensure_ascii=False))


def person_named(username: str) -> User:
    try:
        return User.objects.get(username=username)
    except User.DoesNotExist:
        raise CommandError(f"There is no account {username!r}.") from None
