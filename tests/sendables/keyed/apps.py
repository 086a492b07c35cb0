from django.apps import AppConfig


class KeyedConfig(AppConfig):
    name = "tests.sendables.keyed"
    label = "keyed"
    default_auto_field = "django.db.models.BigAutoField"
