"""Who listens to the app's own signals; connected once, in ``apps.ready``."""

from __future__ import annotations

from typing import Any

from celery import current_app

from sendables.entities import entity as entity_named
from sendables.push import hints
from sendables.signals import inboxes_changed, sendable_sent


def connect() -> None:
    sendable_sent.connect(start_tasks, dispatch_uid="sendables.start_tasks")
    inboxes_changed.connect(hints.publish, dispatch_uid="sendables.publish_hint")


def start_tasks(*, entity: str, key: Any, **kwargs: Any) -> None:
    """Start the entity's AFTER_SEND_TASKS; each gets the entity's name and the key as text."""
    for name in entity_named(entity).settings.AFTER_SEND_TASKS:
        current_app.send_task(name, [entity, str(key)])
