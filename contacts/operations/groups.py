"""Groups of people who are written to together."""

from __future__ import annotations

from collections.abc import Iterable
from uuid import UUID

from django.db import transaction

from contacts.models import Contact, Group, Membership


@transaction.atomic
def add_members(*, group: Group, contact_ids: Iterable[UUID]) -> int:
    """Put people into a group; how many are new there. Two statements; unknown ids are passed over."""
    wanted = set(contact_ids)
    there = set(Membership.objects.filter(group=group, contact__in=wanted).values_list("contact", flat=True))
    known = Contact.objects.filter(pk__in=wanted - there).values_list("pk", flat=True)
    rows = [Membership(group=group, contact_id=key) for key in known]
    Membership.objects.bulk_create(rows, ignore_conflicts=True, batch_size=1000)
    return len(rows)


@transaction.atomic
def remove_members(*, group: Group, contact_ids: Iterable[UUID]) -> int:
    """Take people out of a group; how many were in it."""
    return Membership.objects.filter(group=group, contact__in=list(contact_ids)).delete()[0]
