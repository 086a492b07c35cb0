from django.apps import AppConfig


class AccountsConfig(AppConfig):
    name = "accounts"
    verbose_name = "Accounts"
    audited = {
        "User": {
            "subject": "account:id", "hidden": ["password"], "left_out": ["last_login", "date_joined"],
        },
        "User.groups": {"subject": "account:user_id"},
        "User.user_permissions": {"subject": "account:user_id"},
        "auth/Group": {},
        "Authenticator": {
            "subject": "account:user_id",
            "hidden": ["key", "paper_codes"],
            "left_out": [
                "created_at", "last_used_at", "last_step", "throttling_failure_timestamp",
                "throttling_failure_count",
            ],
        },
        "auth/Group.permissions": {},
        "ApiToken": {
            "subject": "account:user_id", "hidden": ["key_hash"], "left_out": ["last_used_at", "created_at"],
        },
    }  # fmt: skip

    def ready(self) -> None:
        from accounts import roles

        roles.connect()
