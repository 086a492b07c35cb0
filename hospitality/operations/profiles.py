"""Writing profiles and pictures."""

from __future__ import annotations

import secrets
from collections.abc import Collection
from typing import IO

from django.db import transaction
from django.db.models import Q
from django.utils import timezone

from hospitality import pictures
from hospitality.models import Feedback, Member, Picture, Report


@transaction.atomic
def save_member(*, member: Member) -> Member:
    """Write a profile, new or changed, and note since when the member is away or back."""
    before = Member.objects.filter(pk=member.pk).values_list("notcurrentlyavailable", flat=True).first()
    if bool(before) != member.notcurrentlyavailable:
        if member.notcurrentlyavailable:
            member.set_unavailable_timestamp = timezone.now()
        else:
            member.set_available_timestamp = timezone.now()
    member.save()
    return member


def set_picture(*, member: Member, upload: IO[bytes]) -> Picture:
    """Replace the member's picture. UnusablePicture; then the earlier one stays."""
    sizes, key = pictures.drawn(upload), secrets.token_hex(16)
    pictures.store(key, sizes)
    with transaction.atomic():
        remove_picture(member=member)
        return Picture.objects.create(member=member, key=key, filesize=len(sizes["original"]))


def remove_picture(*, member: Member) -> None:
    """The member has no picture any more; its files go with it (``receivers.remove_files``)."""
    Picture.objects.filter(member=member).delete()


@transaction.atomic
def erase_members(*, user_ids: Collection[int]) -> None:
    """Remove the profiles of people who asked to be forgotten, their pictures, and what they said of others.

    What others said of them goes too: it speaks of them by name.
    """
    Member.objects.filter(pk__in=user_ids).delete()
    Feedback.objects.filter(Q(author__in=user_ids) | Q(about__in=user_ids)).delete()
    Report.objects.filter(reporter__in=user_ids).delete()
