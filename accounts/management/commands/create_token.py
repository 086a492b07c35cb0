"""``manage.py create_token EMAIL``: a token for a program, printed once."""

from __future__ import annotations

from argparse import ArgumentParser
from datetime import datetime, timedelta
from typing import Any

from django.core.exceptions import ValidationError
from django.core.management.base import BaseCommand, CommandError
from django.core.validators import MaxLengthValidator, validate_email
from django.utils import timezone

from accounts.models import ApiToken, User
from accounts.operations import AccountDisabled, InvalidScope, account_for_email, issue_token
from accounts.scopes import check_known_scopes


class Command(BaseCommand):
    help = "Makes an API token and prints its key. The account is made, without a password, when it is new."

    def add_arguments(self, parser: ArgumentParser) -> None:
        parser.add_argument("email", metavar="EMAIL", help="e-mail address of the account")
        parser.add_argument("--name", default="command line", help="what will use the token")
        parser.add_argument(
            "--scope",
            action="append",
            default=[],
            help="limit the token, e.g. stagebased or sms:read; may be repeated",
        )
        parser.add_argument("--expires-days", type=int, metavar="N", help="end the token after N days")
        parser.add_argument("--staff", action="store_true", help="let the account use the admin's API calls")

    def handle(self, *args: Any, **options: Any) -> None:
        email, name = _checked_email(options["email"]), _checked_name(options["name"])
        expires_at = _expiry(options["expires_days"])
        try:
            scopes = check_known_scopes(options["scope"])
            user = account_for_email(email=email, is_staff=options["staff"])
            token, key = issue_token(user=user, name=name, scopes=scopes, expires_at=expires_at)
        except AccountDisabled:
            raise CommandError(f"The account {email} is disabled.") from None
        except InvalidScope as error:
            raise CommandError(str(error)) from None
        self.stderr.write(f"Token {token.prefix}… for {user.username}; it is not shown again.")
        self.stdout.write(key)


def _checked_email(email: str) -> str:
    try:
        validate_email(email)
        MaxLengthValidator(User._meta.get_field("username").max_length)(email)
    except ValidationError as error:
        raise CommandError(f"{email}: {error.messages[0]}") from None
    return email


def _checked_name(name: str) -> str:
    most = ApiToken._meta.get_field("name").max_length
    if most is not None and len(name) > most:
        raise CommandError(f"The name has at most {most} characters.")
    return name


def _expiry(days: int | None) -> datetime | None:
    if days is None:
        return None
    if not 1 <= days <= 36_500:
        raise CommandError("--expires-days takes a number of days from 1 to 36500.")
    return timezone.now() + timedelta(days=days)
