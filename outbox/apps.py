from django.apps import AppConfig


class OutboxConfig(AppConfig):
    name = "outbox"
    verbose_name = "Outbox"
    audited = {"Gateway": {"left_out": ["created_at", "recent", "trouble", "trouble_since"]}}

    def ready(self) -> None:
        from outbox import receivers

        receivers.connect()
