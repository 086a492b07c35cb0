from django.apps import AppConfig


class HospitalityConfig(AppConfig):
    name = "hospitality"
    verbose_name = "Hospitality"
