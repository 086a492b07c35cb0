from django.apps import AppConfig


class BroadcastsConfig(AppConfig):
    name = "broadcasts"
    verbose_name = "Broadcasts"
    audited = {
        "Broadcast": {
            "left_out": [
                "created_at", "cursor", "total", "dealt_with", "paced_at", "repeat_after", "repeat_until",
                "problems", "problem_count", "summary", "prepared_at", "started_at", "finished_at",
            ],
        },
        "Text": {},
    }  # fmt: skip

    def ready(self) -> None:
        from broadcasts import receivers

        receivers.connect()
