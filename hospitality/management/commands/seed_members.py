"""``manage.py seed_members``: a few members of the hospitality network to look at."""

from __future__ import annotations

import io
from argparse import ArgumentParser
from datetime import date
from typing import Any

from django.core.management import BaseCommand
from django.db import transaction
from PIL import Image, ImageDraw

from accounts.models import User
from hospitality.models import Feedback, Member
from hospitality.operations import messages
from hospitality.operations.feedback import give_feedback
from hospitality.operations.profiles import save_member, set_picture

#: User name, full name, city, country, latitude, longitude, colour of the picture, further columns.
PEOPLE: list[tuple[str, str, str, str, float, float, str, dict[str, Any]]] = [
    ("demo-anna", "Anna Albrecht", "Berlin", "de", 52.52, 13.405, "teal",
     {"bed": True, "shower": True, "languagesspoken": "German, English", "maxcyclists": 2}),
    ("demo-bruno", "Bruno Bauer", "Potsdam", "de", 52.39, 13.065, "olive",
     {"lawnspace": True, "bikeshop": "300 m", "languagesspoken": "German", "maxcyclists": 4}),
    ("demo-chloe", "Chloé Caron", "Lyon", "fr", 45.764, 4.8357, "maroon",
     {"bed": True, "kitchenuse": True, "languagesspoken": "French, English"}),
    ("demo-dewi", "Dewi Davies", "Cardiff", "gb", 51.4816, -3.1791, "navy",
     {"sag": True, "laundry": True, "languagesspoken": "Welsh, English", "maxcyclists": 5}),
    ("demo-epeli", "Epeli Elder", "Suva", "fj", -18.1416, 178.4419, "purple",
     {"lawnspace": True, "languagesspoken": "Fijian, English", "notcurrentlyavailable": True}),
]  # fmt: skip


class Command(BaseCommand):
    help = "Load a few members with places, pictures, feedback and conversations. They cannot log in."

    def add_arguments(self, parser: ArgumentParser) -> None:
        parser.add_argument("--if-empty", action="store_true", help="Do nothing where there are members.")

    def handle(self, *args: Any, **options: Any) -> None:
        members = Member.objects.all()
        if not options["if_empty"]:
            members = members.filter(user__username=PEOPLE[0][0])
        if members.exists():
            self.stdout.write("Demo members: left as they are.")
            return
        load()
        self.stdout.write(
            f"Demo members: {len(PEOPLE)} (manage.py changepassword {PEOPLE[0][0]} lets one in)."
        )


@transaction.atomic
def load() -> None:
    """Write all of them or nothing."""
    anna, bruno, chloe, *_ = (_member(*person) for person in PEOPLE)
    visit = messages.send(
        sender=anna, names=["demo-bruno"], subject="A night in May?", body="May I come by on the 3rd?"
    )
    messages.reply(sender=bruno, thread=visit.pk, body="Gladly. There is soup at seven.")
    messages.send(
        sender=chloe,
        names=["demo-anna", "demo-bruno"],
        subject="Elbe tour",
        body="Who rides along in June?",
    )
    give_feedback(
        author=anna, about=bruno, body="A very kind host, and great soup.",
        relation=Feedback.Relation.GUEST, rating=Feedback.Rating.POSITIVE,
        **_month(date(2024, 5, 1)),
    )  # fmt: skip


def _month(day: date) -> dict[str, int]:
    return {"year": day.year, "month": day.month}


def _member(
    name: str, fullname: str, city: str, country: str, latitude: float, longitude: float, colour: str,
    further: dict[str, Any],
) -> User:  # fmt: skip
    user = User(username=name, email=f"{name}@example.org")
    user.set_unusable_password()
    user.save()
    member = Member(
        user=user, fullname=fullname, city=city, country=country, latitude=latitude, longitude=longitude,
        source=Member.Source.CITY, comments="A member of the demo.", **further,
    )  # fmt: skip
    save_member(member=member)
    set_picture(member=member, upload=_picture(colour))
    return user


def _picture(colour: str) -> io.BytesIO:
    """A bicycle, more or less."""
    image = Image.new("RGB", (600, 600), colour)
    pen = ImageDraw.Draw(image)
    for left in (60, 340):
        pen.ellipse((left, 280, left + 200, 480), outline="white", width=14)
    pen.line((160, 380, 260, 200, 380, 200, 440, 380), fill="white", width=14)
    content = io.BytesIO()
    image.save(content, "PNG")
    content.seek(0)
    return content
