from typing import Any

from django.apps import AppConfig
from django.apps import apps as installed
from django.conf import settings
from django.db.models.signals import post_migrate


class SmsbridgeConfig(AppConfig):
    name = "smsbridge"
    verbose_name = "SMS"
    audited = {"Keyword": {}, "KeywordAnswer": {}, "GatewayAccount": {"left_out": ["recent"]}}

    def ready(self) -> None:
        from smsbridge import checks, receivers

        checks.register_all()
        receivers.connect()
        post_migrate.connect(ensure_gateways, sender=self, dispatch_uid="smsbridge.ensure_gateways")


def ensure_gateways(*, using: str, apps: Any = installed, **kwargs: Any) -> None:
    """After a migration: give every SMS gateway in the settings its row, so that it can be paused."""
    try:
        gateway = apps.get_model("outbox", "Gateway")
    except LookupError:
        return  # migrated back to before there were any
    rows = [gateway(name=name, channel="sms") for name in settings.SMS_GATEWAYS]
    gateway.objects.using(using).bulk_create(rows, ignore_conflicts=True)
