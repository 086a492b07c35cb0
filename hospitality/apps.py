from django.apps import AppConfig


class HospitalityConfig(AppConfig):
    name = "hospitality"
    verbose_name = "Hospitality"

    def ready(self) -> None:
        from hospitality import receivers

        receivers.connect()
