from django.apps import AppConfig


class StagebasedConfig(AppConfig):
    name = "stagebased"
    verbose_name = "Programmes"
    audited = {
        "Schedule": {"left_out": ["created_at", "updated_at", "planned_until"]},
        "MessageSet": {"left_out": ["created_at", "updated_at", "edition"]},
        "Message": {"left_out": ["created_at", "updated_at", "revision_id"]},
        "Welcome": {"left_out": ["revision_id"]},
        "BinaryContent": {"left_out": ["created_at"]},
        "Subscription": {
            "subject": "contact:contact_id",
            "left_out": [
                "created_at",
                "created_by_id",
                "updated_at",
                "updated_by_id",
                "last_slot_at",
                "counted_from",
                "counted_position",
            ],
        },
    }

    def ready(self) -> None:
        from stagebased import receivers

        receivers.connect()
