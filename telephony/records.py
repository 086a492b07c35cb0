"""A person's telephone and mailbox."""

from __future__ import annotations

from collections.abc import Iterator

from django.urls import reverse

from contacts.models import Contact
from contacts.records import Record, Section, register
from telephony.models import TelephonyUser


def telephones(contact: Contact) -> Iterator[Record]:
    for user in TelephonyUser.objects.filter(contact=contact.pk).select_related("voicemail"):
        yield {
            "at": user.created_at, "name": user.full_name, "number": user.mobilephonenumber,
            "email": user.email, "description": user.description, "username": user.username,
            "mailbox": user.voicemail.mailbox if user.voicemail else "",
            "messages": user.voicemail.messages.count() if user.voicemail else 0,
            "page": reverse("admin:telephony_telephonyuser_change", args=[user.pk]),
        }  # fmt: skip


register(Section("telephony", "Telephone", telephones))
