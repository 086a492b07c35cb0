from django.apps import AppConfig


class ContactsConfig(AppConfig):
    name = "contacts"
    verbose_name = "Contacts"
    audited = {
        "Contact": {
            "subject": "contact:id",
            "left_out": ["created_at", "created_by_id", "updated_at", "updated_by_id", "look_up_at"],
        },
        "Address": {"subject": "contact:contact_id", "left_out": ["created_at", "failures_in_a_row"]},
        "OptOut": {"subject": "contact:contact_id", "left_out": ["created_at", "created_by_id"]},
        "Group": {"left_out": ["created_at", "created_by_id"]},
        "OptIn": {"subject": "contact:contact_id", "left_out": ["created_at", "created_by_id"]},
    }
