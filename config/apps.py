from django.apps import AppConfig
from django.contrib.admin.apps import AdminConfig
from django.utils.module_loading import autodiscover_modules


class SwitchboardConfig(AppConfig):
    """The composition root as an app, for its commands, checks and templates."""

    name = "config"
    label = "switchboard"
    verbose_name = "Switchboard"

    def ready(self) -> None:
        autodiscover_modules("dashboard", "records", "repeats", "retention", "story")
        from config import checks  # noqa: F401 (registers the system checks)


class SwitchboardAdminConfig(AdminConfig):
    """Django's admin with our own site: the theme's look, and the second factor."""

    default_site = "accounts.adminsite.AdminSite"
