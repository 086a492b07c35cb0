"""An entity of its own, built on what ``sendables`` offers to everybody."""

from django.db import models

from sendables.models import AbstractReceipt, AbstractSendable


class Announcement(AbstractSendable):
    class Priority(models.IntegerChoices):
        LOW = 1
        NORMAL = 5
        URGENT = 9

    subject = models.CharField(max_length=80)
    priority = models.PositiveSmallIntegerField(choices=Priority.choices, default=Priority.NORMAL)


class AnnouncementReceipt(AbstractReceipt):
    sendable = models.ForeignKey(
        Announcement, on_delete=models.CASCADE, related_name="receipts", db_index=False
    )
