"""``manage.py seed_members``: a few members of the hospitality network to look at."""

from __future__ import annotations

import io
from argparse import ArgumentParser
from typing import Any

from django.core.management import BaseCommand
from django.db import transaction
from PIL import Image, ImageDraw

from accounts.models import User
from hospitality.management import demo
from hospitality.models import Member
from hospitality.operations import messages
from hospitality.operations.feedback import give_feedback
from hospitality.operations.profiles import save_member, set_picture


class Command(BaseCommand):
    help = "Load a few members with places, pictures, feedback and conversations. They cannot log in."

    def add_arguments(self, parser: ArgumentParser) -> None:
        parser.add_argument("--if-empty", action="store_true", help="Do nothing where there are members.")
        parser.add_argument("--dry-run", action="store_true", help="Say what would be loaded.")

    def handle(self, *args: Any, **options: Any) -> None:
        members = Member.objects.all()
        if not options["if_empty"]:
            members = members.filter(user__username=demo.PEOPLE[0].username)
        if members.exists():
            self.stdout.write("Demo members: left as they are.")
            return
        if options["dry_run"]:
            self.stdout.write(f"Demo members: {len(demo.PEOPLE)} would be loaded (dry run).")
            return
        load()
        first = demo.PEOPLE[0].username
        self.stdout.write(f"Demo members: {len(demo.PEOPLE)} (manage.py changepassword {first} lets one in).")


@transaction.atomic
def load() -> None:
    """Write all of them or nothing."""
    users = {person.name: _member(person) for person in demo.PEOPLE}
    for thread in demo.THREADS:
        _write(thread, users)
    for said in demo.FEEDBACK:
        give_feedback(
            author=users[said.author],
            about=users[said.about],
            body=said.body,
            relation=said.relation,
            rating=said.rating,
            year=said.year,
            month=said.month,
        )


def _write(thread: demo.Thread, users: dict[str, User]) -> None:
    (author, opening), *answers = thread.messages
    others = [users[name].username for name in thread.people if name != author]
    begun = messages.send(sender=users[author], names=others, subject=thread.subject, body=opening)
    for name, answer in answers:
        messages.reply(sender=users[name], thread=begun.pk, body=answer)
    if thread.read:
        for name in thread.people:
            messages.mark(reader=users[name], thread=begun.pk, read=True)


def _member(person: demo.Person) -> User:
    user = User(username=person.username, email=f"{person.username}@example.org")
    user.set_unusable_password()
    user.save()
    latitude, longitude = person.place
    # Nobody reads mail at their addresses, so nothing is to be mailed there.
    member = Member(
        user=user, fullname=person.fullname, comments=person.comments, city=person.city,
        country=person.country, latitude=latitude, longitude=longitude, source=Member.Source.CITY,
        email_opt_out=True, **person.profile,
    )  # fmt: skip
    save_member(member=member)
    set_picture(member=member, upload=_picture(person.colour))
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
