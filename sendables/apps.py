from django.apps import AppConfig


class SendablesConfig(AppConfig):
    name = "sendables"
    verbose_name = "Messages and notices"
