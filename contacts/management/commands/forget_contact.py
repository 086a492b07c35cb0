"""``manage.py forget_contact PERSON``: erase what is known of somebody who asked for it."""

from __future__ import annotations

from argparse import ArgumentParser
from typing import Any

from django.core.management import BaseCommand, CommandError

from contacts.management.named import contact_named
from contacts.models import Contact, OptOut
from contacts.operations import forget


class Command(BaseCommand):
    help = (
        "Erases what is known of a person, for good: name, addresses, details, what they were told and wrote."
        " Nothing is sent to them any more. Counts stay."
    )

    def add_arguments(self, parser: ArgumentParser) -> None:
        parser.add_argument("person", metavar="PERSON", help="identity (UUID) or mobile number")
        parser.add_argument("--no-input", action="store_true", help="do not ask whether it is meant")
        parser.add_argument("--dry-run", action="store_true", help="say who is meant, and erase nothing")

    def handle(self, *args: Any, **options: Any) -> None:
        contact = contact_named(options["person"])
        words = OptOut.objects.filter(contact=contact, kind=OptOut.Kind.FORGET, lifted_at=None)
        if earlier := words.first():
            self.stdout.write(f"{contact.pk} was forgotten on {earlier.created_at:%Y-%m-%d}.")
            return
        self._tell(contact)
        if options["dry_run"]:
            self.stdout.write("Nothing was changed (dry run).")
            return
        if not options["no_input"] and not _is_meant():
            raise CommandError("Nobody was forgotten.")
        forget(contact_id=contact.pk, source="command")
        self.stdout.write(f"{contact.pk} is forgotten.")

    def _tell(self, contact: Contact) -> None:
        """By id and counts: a terminal's history keeps no name or number."""
        self.stdout.write(
            f"{contact.pk}, known since {contact.created_at:%Y-%m-%d}:"
            f" {contact.addresses.count()} addresses, {len(contact.details)} details"
        )


def _is_meant() -> bool:
    try:
        return input("Erase for good? Type yes: ").strip() == "yes"
    except EOFError:
        # Nobody is there who could answer, as under cron: --no-input is for that.
        return False
