"""Who listens to the app's own signals; connected once, in ``apps.ready``."""

from __future__ import annotations

from typing import Any

from celery import current_app

from accounts.models import User
from contacts import signals
from sendables.entities import entity as entity_named
from sendables.operations.privacy import erase_person
from sendables.push import hints
from sendables.signals import inboxes_changed, sendable_sent


def erase_for_forgotten(*, user_ids: list[int], **_: Any) -> None:
    """Inside the transaction that erases the people: what they wrote and got goes from all inboxes."""
    for user in User.objects.filter(pk__in=user_ids):
        erase_person(user)


def connect() -> None:
    signals.contacts_forgotten.connect(erase_for_forgotten, dispatch_uid="sendables.erase_for_forgotten")
    sendable_sent.connect(start_tasks, dispatch_uid="sendables.start_tasks")
    inboxes_changed.connect(hints.publish, dispatch_uid="sendables.publish_hint")


def start_tasks(*, entity: str, key: Any, **kwargs: Any) -> None:
    """Start the entity's AFTER_SEND_TASKS; each gets the entity's name and the key as text."""
    for name in entity_named(entity).settings.AFTER_SEND_TASKS:
        current_app.send_task(name, [entity, str(key)])
