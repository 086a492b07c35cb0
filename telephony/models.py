"""Telephone users, voice mailboxes and the messages in them.

Columns are named as the properties of the XiVO 1.0 interface, which is how
the administrators of such systems know them; pages name them in words.
"""

from __future__ import annotations

import uuid

from django.core.validators import RegexValidator
from django.db import models
from django.db.models import Q
from django.utils.timezone import now

from accounts.encryption import EncryptedTextField

only_digits = RegexValidator(r"\A[0-9]+\Z", "Only the digits 0 to 9 are allowed.")


class Voicemail(models.Model):
    """A voice mailbox. ``mailbox`` is its number: a string of digits, leading zeros count."""

    mailbox = models.CharField(max_length=40, unique=True, validators=[only_digits])
    fullname = models.CharField("full name", max_length=80, blank=True, default="")
    email = models.CharField(max_length=80, blank=True, default="")
    password = EncryptedTextField(blank=True, default="")
    attach = models.BooleanField(
        "attach recordings", default=False, help_text="Attach the recording to the e-mail about it."
    )
    skipcheckpass = models.BooleanField(
        "no password asked", default=False, help_text="The box does not ask for its password."
    )
    deleteaftersend = models.BooleanField(
        "delete once mailed",
        default=False,
        help_text="Delete a message once an e-mail with the recording was accepted.",
    )
    created_at = models.DateTimeField(default=now, editable=False)
    updated_at = models.DateTimeField(default=now, editable=False)

    class Meta:
        ordering = ["id"]
        verbose_name = "mailbox"
        verbose_name_plural = "mailboxes"
        permissions = [
            ("use_telephony", "Can use the telephony interface"),
        ]

    def __str__(self) -> str:
        return f"{self.mailbox} {self.fullname}".strip()

    @property
    def mails_recordings(self) -> bool:
        return bool(self.email and self.attach)


class TelephonyUser(models.Model):
    """Somebody with a telephone."""

    firstname = models.CharField("first name", max_length=128, blank=True, default="")
    lastname = models.CharField("last name", max_length=128, blank=True, default="")
    callerid = models.CharField("caller ID", max_length=160, blank=True, default="")
    username = models.CharField(max_length=64, blank=True, default="")
    password = EncryptedTextField(blank=True, default="")
    enableclient = models.BooleanField("client enabled", default=False)
    musiconhold = models.CharField("music on hold", max_length=128, blank=True, default="default")
    outcallerid = models.CharField("outgoing caller ID", max_length=80, blank=True, default="default")
    mobilephonenumber = models.CharField("mobile number", max_length=128, blank=True, default="")
    userfield = models.CharField("user field", max_length=128, blank=True, default="")
    timezone = models.CharField(max_length=128, blank=True, default="")
    language = models.CharField(max_length=20, blank=True, default="")
    description = models.TextField(blank=True, default="")
    email = models.CharField(max_length=128, blank=True, default="")
    cti_profile_id = models.PositiveBigIntegerField("CTI profile", null=True, blank=True)
    voicemail = models.ForeignKey(
        Voicemail, null=True, blank=True, on_delete=models.SET_NULL, related_name="users"
    )
    agentid = models.PositiveBigIntegerField("agent number", null=True, blank=True)
    entityid = models.PositiveBigIntegerField("entity number", null=True, blank=True, default=1)
    contact = models.ForeignKey(
        "contacts.Contact", null=True, blank=True, on_delete=models.SET_NULL, related_name="telephony_users",
        help_text="The same person in the programmes and the SMS gateway.",
    )  # fmt: skip
    created_at = models.DateTimeField(default=now, editable=False)
    updated_at = models.DateTimeField(default=now, editable=False)

    class Meta:
        ordering = ["id"]
        verbose_name = "telephone user"
        indexes = [
            # Read by the ordered lists.
            models.Index(fields=["lastname", "firstname", "id"], name="telephony_by_name"),
        ]

    def __str__(self) -> str:
        return self.full_name or f"user {self.pk}"

    @property
    def full_name(self) -> str:
        return f"{self.firstname} {self.lastname}".strip()


class VoicemailMessage(models.Model):
    """A recording in a mailbox. Its id is ours; Asterisk's file numbers are no identifiers."""

    class Folder(models.TextChoices):
        NEW = "new", "new"
        OLD = "old", "old"
        URGENT = "urgent", "urgent"

    id = models.UUIDField(primary_key=True, default=uuid.uuid4, editable=False)
    voicemail = models.ForeignKey(
        Voicemail, on_delete=models.CASCADE, related_name="messages", db_index=False
    )
    folder = models.CharField(max_length=6, choices=Folder.choices, default=Folder.NEW)
    caller_id_name = models.CharField("caller's name", max_length=160, blank=True, default="")
    caller_id_num = models.CharField("caller's number", max_length=64, blank=True, default="")
    duration = models.PositiveIntegerField(help_text="Whole seconds, from the recording itself.")
    size = models.PositiveIntegerField(help_text="Bytes.")
    recording = models.FileField(upload_to="voicemail/", max_length=200)
    delivery_id = models.UUIDField(
        null=True, blank=True, unique=True, editable=False, help_text="The delivery that put it here, once."
    )
    occasion = models.CharField(
        max_length=64,
        blank=True,
        default="",
        editable=False,
        help_text="Digest of what is said for which slot: people who share a mailbox get it once.",
    )
    received_at = models.DateTimeField(default=now)
    mail_due = models.BooleanField(
        default=False, editable=False, help_text="An e-mail about it is still to be sent."
    )
    mail_attempts = models.PositiveSmallIntegerField(default=0, editable=False)
    mailed_at = models.DateTimeField(null=True, blank=True, editable=False)

    class Meta:
        ordering = ["-received_at", "-id"]
        constraints = [
            models.UniqueConstraint(
                fields=["voicemail", "occasion"], condition=~Q(occasion=""), name="voicemail_occasion_once"
            ),
        ]
        indexes = [
            # Read by a mailbox's folders.
            models.Index(fields=["voicemail", "folder", "-received_at"], name="voicemail_folder"),
            # Read by the mailer: only what is still to be sent is in it.
            models.Index(fields=["received_at"], name="voicemail_mail_due", condition=Q(mail_due=True)),
        ]

    def __str__(self) -> str:
        return f"{self.folder} {self.received_at:%Y-%m-%d %H:%M}"
