from typing import Any

from django.apps import AppConfig
from django.apps import apps as installed
from django.db import connections
from django.db.models.signals import post_migrate, pre_migrate


class AuditConfig(AppConfig):
    name = "audit"
    verbose_name = "Audit log"

    def ready(self) -> None:
        from audit import telling

        telling.connect()
        with_models = [app for app in installed.get_app_configs() if app.models_module is not None]
        pre_migrate.connect(before_migrating, sender=with_models[0], dispatch_uid="audit.before")
        post_migrate.connect(after_migrating, sender=with_models[-1], dispatch_uid="audit.after")


def before_migrating(*, using: str, plan: Any = (), **kwargs: Any) -> None:
    from audit import triggers

    if plan:
        triggers.remove(connections[using])


def after_migrating(*, using: str, **kwargs: Any) -> None:
    from audit import triggers

    triggers.install(connections[using])
