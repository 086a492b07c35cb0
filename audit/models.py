"""Who did what, when, from what to what."""

from __future__ import annotations

from typing import Any

from django.apps import apps
from django.db import models
from django.db.models import Q
from django.utils import timezone


class Immutable(Exception):
    """Entries are written once; nobody changes or deletes them."""


class EntryQuerySet(models.QuerySet["Entry"]):
    def about(self, subjects: list[str]) -> EntryQuerySet:
        """Entries that may hold what is known of these people (``contact:<id>``, ``account:<id>``)."""
        return self.filter(subject__in=subjects)

    def update(self, **kwargs: Any) -> int:
        raise Immutable

    def delete(self) -> Any:
        raise Immutable


class Entry(models.Model):
    """One act of a person, or of a program that called us or was started by somebody.

    Changes of rows are written by triggers in the database (``audit.triggers``),
    so no way of writing passes by them; acts that are more than a row, such as
    sends, by ``audit.operations.record``. ``before`` and ``after`` hold the
    columns that differ. The actor is kept by name and number, not by reference:
    an entry outlives the account.
    """

    class Act(models.TextChoices):
        CREATE = "create", "created"
        CHANGE = "change", "changed"
        DELETE = "delete", "deleted"
        SEND = "send", "sent"
        SEND_AGAIN = "send again", "sent again"
        STOP = "stop", "stopped"
        FORGET = "forget", "forgotten"
        EXPORT = "export", "exported"

    at = models.DateTimeField(default=timezone.now)
    actor_id = models.BigIntegerField(null=True, blank=True, help_text="Number of the account.")
    actor = models.CharField(
        max_length=150, blank=True, help_text="The account's name; empty: it was not logged in."
    )
    via = models.CharField(max_length=60, help_text="admin, api, or the command that was started.")
    token = models.CharField(max_length=120, blank=True, help_text="The API token that was used.")
    act = models.CharField(max_length=20, choices=Act.choices)
    model = models.CharField(max_length=60, help_text="What was changed, e.g. stagebased.message.")
    object_id = models.CharField(max_length=64, blank=True)
    subject = models.CharField(
        max_length=50, blank=True, help_text="Whom it tells something of: contact:<id> or account:<id>."
    )
    before = models.JSONField(default=dict)
    after = models.JSONField(default=dict)

    objects = EntryQuerySet.as_manager()

    class Meta:
        verbose_name = "audit entry"
        verbose_name_plural = "audit log"
        ordering = ["-id"]
        indexes = [
            # Read by an object's history.
            models.Index(fields=["model", "object_id", "-id"], name="audit_object"),
            # Read when somebody is forgotten, and by a person's page.
            models.Index(fields=["subject", "-id"], name="audit_subject", condition=~Q(subject="")),
            models.Index(fields=["-at"], name="audit_at"),
        ]

    def __str__(self) -> str:
        return f"{self.get_act_display()} {self.what} {self.object_id}"

    def save(self, *args: Any, **kwargs: Any) -> None:
        if not self._state.adding:
            raise Immutable
        super().save(*args, **kwargs)

    def delete(self, *args: Any, **kwargs: Any) -> Any:
        raise Immutable

    @property
    def changed_model(self) -> type[models.Model] | None:
        """None for one that is gone. A through table's name continues that of its model."""
        app, _, name = self.model.partition(".")
        try:
            return apps.get_model(app, name.partition(".")[0])
        except LookupError:
            return None

    @property
    def what(self) -> str:
        """What was changed, in words."""
        found = self.changed_model
        return str(found._meta.verbose_name) if found else self.model
