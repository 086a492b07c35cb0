from django.apps import AppConfig


class SmsbridgeConfig(AppConfig):
    name = "smsbridge"
    verbose_name = "SMS"
