"""Entities known by something else than a number, and people known by their names."""

from __future__ import annotations

import uuid

from django.db import models

from sendables.models import AbstractMessage, AbstractReceipt, AbstractSendable


class Parcel(AbstractMessage):
    """Its primary key is a UUID."""

    id = models.UUIDField(primary_key=True, default=uuid.uuid4, editable=False)


class ParcelReceipt(AbstractReceipt):
    sendable = models.ForeignKey(Parcel, on_delete=models.CASCADE, related_name="receipts", db_index=False)


def new_code() -> str:
    return f"t-{uuid.uuid4().hex[:12]}"


class Ticket(AbstractMessage):
    """It is known outside by a code that is not its primary key."""

    code = models.SlugField(unique=True, default=new_code, editable=False)
    done = models.BooleanField(default=False)


class TicketReceipt(AbstractReceipt):
    sendable = models.ForeignKey(Ticket, on_delete=models.CASCADE, related_name="receipts", db_index=False)


class Loose(AbstractSendable):
    """A content model that nobody wrote receipts for."""
