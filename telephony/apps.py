from django.apps import AppConfig


class TelephonyConfig(AppConfig):
    name = "telephony"
    verbose_name = "Telephony"
    audited = {
        "TelephonyUser": {
            "subject": "telephony:id",
            "hidden": ["password"],
            "left_out": ["created_at", "updated_at"],
        },
        "Voicemail": {
            "subject": "voicemail:id",
            "hidden": ["password"],
            "left_out": ["created_at", "updated_at"],
        },
    }

    def ready(self) -> None:
        from telephony import checks, receivers  # noqa: F401 - registers the system checks

        receivers.connect()
