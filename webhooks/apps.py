from typing import Any

from django.apps import AppConfig
from django.db import connections
from django.db.models.signals import post_migrate, pre_migrate


class WebhooksConfig(AppConfig):
    name = "webhooks"
    verbose_name = "Webhooks"
    audited = {
        "Endpoint": {
            "hidden": ["secret", "previous_secret"],
            "left_out": [
                "failures", "failing_since", "quiet_until", "last_success_at", "last_answer", "served_at",
                "busy_until",
            ],
        },
    }  # fmt: skip

    def ready(self) -> None:
        from webhooks import receivers

        receivers.connect()
        pre_migrate.connect(before_migrating, sender=self, dispatch_uid="webhooks.before")
        post_migrate.connect(after_migrating, sender=self, dispatch_uid="webhooks.after")


def before_migrating(*, using: str, plan: Any = (), **kwargs: Any) -> None:
    from webhooks import triggers

    if plan:
        triggers.remove(connections[using])


def after_migrating(*, using: str, **kwargs: Any) -> None:
    from webhooks import triggers

    triggers.install(connections[using])
