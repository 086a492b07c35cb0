"""``manage.py seed_programme``: a small programme to look at."""

from __future__ import annotations

from argparse import ArgumentParser
from collections.abc import Mapping
from datetime import time
from typing import Any

from django.core.management import BaseCommand
from django.db import transaction

from contacts.operations import get_or_create_contact
from stagebased.management import demo
from stagebased.models import Message, MessageSet, Schedule
from stagebased.operations.content import save_message, save_message_set, save_schedule
from stagebased.operations.send import send_now
from stagebased.operations.subscribe import subscribe_for_hub

WELCOME_NAME = "demo_welcome.minutely.1"
WEEKLY_NAME = "demo_pregnancy.weekly.1"


class Command(BaseCommand):
    help = "Load the demo's programme: a set sent every minute, the weekly one that follows, and subscribers."

    def add_arguments(self, parser: ArgumentParser) -> None:
        parser.add_argument(
            "--if-empty", action="store_true", help="Do nothing where there are message sets already."
        )
        parser.add_argument("--dry-run", action="store_true", help="Say what would be loaded.")

    def handle(self, *args: Any, **options: Any) -> None:
        sets = (
            MessageSet.objects.all()
            if options["if_empty"]
            else MessageSet.objects.filter(short_name=WELCOME_NAME)
        )
        if sets.exists():
            self.stdout.write("Demo programme: left as it is.")
            return
        if options["dry_run"]:
            self.stdout.write(f"Demo programme: {len(demo.PEOPLE)} subscribers would be loaded (dry run).")
            return
        load()
        self.stdout.write(
            f"Demo programme: {len(demo.PEOPLE)} subscribers, who get a message each minute or twice a week."
        )


@transaction.atomic
def load() -> None:
    """Write the whole demo or nothing."""
    weekly = _message_set(
        MessageSet(
            short_name=WEEKLY_NAME,
            label="Pregnancy, twice a week (demo)",
            notes="Mondays and Thursdays at 9 in each person's own time zone, never before 8 or after 20.",
            default_schedule=save_schedule(
                schedule=Schedule(
                    minute="0",
                    hour="9",
                    day_of_week="1,4",
                    timezone="Europe/London",
                    in_contact_timezone=True,
                )
            ),
            default_language="eng_GB",
            fall_back=True,
            not_before=time(8),
            not_after=time(20),
        ),
        demo.WEEKLY,
    )
    welcome = _message_set(
        MessageSet(
            short_name=WELCOME_NAME,
            label="Welcome, every minute (demo)",
            notes="Five messages, one a minute; then the weekly set follows.",
            default_schedule=save_schedule(schedule=Schedule()),
            next_set=weekly,
        ),
        demo.WELCOME,
    )
    for person in demo.PEOPLE:
        _subscribe(person, weekly if person.weekly else welcome)


def _message_set(message_set: MessageSet, texts: Mapping[str, tuple[str, ...]]) -> MessageSet:
    save_message_set(message_set=message_set)
    for lang, messages in texts.items():
        for number, text in enumerate(messages, start=1):
            save_message(
                message=Message(messageset=message_set, sequence_number=number, lang=lang, text_content=text)
            )
    return message_set


def _subscribe(person: demo.Person, message_set: MessageSet) -> None:
    get_or_create_contact(
        identity=person.identity,
        msisdn=person.msisdn,
        name=person.name,
        language=person.lang,
        timezone=person.timezone,
    )
    subscription = subscribe_for_hub(
        request_id=person.request_id,
        fields={
            "contact_id": person.identity,
            "messageset_id": message_set.pk,
            "schedule_id": message_set.default_schedule_id,
            "lang": person.lang,
            "next_sequence_number": person.position,
        },
    )
    if subscription is not None:
        for _ in range(person.at_once):
            send_now(subscription_id=subscription.pk)
