"""A person's profile as a host, and what was said by and about them."""

from __future__ import annotations

from collections.abc import Iterator

from django.forms.models import model_to_dict
from django.urls import reverse

from contacts.models import Contact
from contacts.records import Record, Section, register
from hospitality.models import Feedback, Member


def profile(contact: Contact) -> Iterator[Record]:
    member = Member.objects.filter(user=contact.user_id).first() if contact.user_id else None
    if member is not None:
        known = {name: value for name, value in model_to_dict(member).items() if value not in (None, "")}
        yield known | {"page": reverse("admin:hospitality_member_change", args=[member.pk])}


def feedback(contact: Contact) -> Iterator[Record]:
    if contact.user_id is None:
        return
    given = Feedback.objects.filter(author=contact.user_id) | Feedback.objects.filter(about=contact.user_id)
    for row in given.order_by("-pk"):
        direction = "given" if row.author_id == contact.user_id else "received"
        yield {"at": row.created_at, "direction": direction, "rating": row.rating, "text": row.body}


register(Section("hospitality", "Hospitality profile", profile))
register(Section("feedback", "Hospitality feedback", feedback))
