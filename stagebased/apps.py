from django.apps import AppConfig


class StagebasedConfig(AppConfig):
    name = "stagebased"
    verbose_name = "Programmes"

    def ready(self) -> None:
        from stagebased import receivers

        receivers.connect()
