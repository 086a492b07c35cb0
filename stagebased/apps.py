from django.apps import AppConfig


class StagebasedConfig(AppConfig):
    name = "stagebased"
    verbose_name = "Programmes"
