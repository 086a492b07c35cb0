from django.apps import AppConfig
from django.core import checks


class SendablesConfig(AppConfig):
    name = "sendables"
    verbose_name = "Messages and notices"

    def ready(self) -> None:
        from sendables import receivers
        from sendables.entities.checks import check_settings

        receivers.connect()
        checks.register(check_settings, "sendables")
