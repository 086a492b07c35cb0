from django.apps import AppConfig


class SwitchboardConfig(AppConfig):
    """The composition root as an app, for its commands, checks and templates."""

    name = "config"
    label = "switchboard"
    verbose_name = "Switchboard"

    def ready(self) -> None:
        from config import checks  # noqa: F401 (registers the system checks)
