"""manage.py create_token EMAIL."""

from datetime import timedelta
from io import StringIO

import pytest
from django.core.management import CommandError, call_command
from django.utils import timezone

from accounts.models import ApiToken, User


def create_token(*words: str) -> str:
    out, err = StringIO(), StringIO()
    call_command("create_token", *words, stdout=out, stderr=err)
    lines = out.getvalue().splitlines()
    assert lines[-1] not in err.getvalue()
    return lines[-1]


def test_the_last_line_is_the_key_of_a_token_for_a_new_account(db) -> None:
    token = ApiToken.objects.for_key(create_token("bob@example.org")).usable().get()
    assert (token.user.username, token.user.email) == ("bob@example.org", "bob@example.org")
    assert (token.scopes, token.expires_at) == ([], None)
    assert not token.user.has_usable_password()


def test_a_known_account_is_used_again(alice) -> None:
    assert ApiToken.objects.for_key(create_token("alice@example.org")).get().user == alice


def test_name_scopes_and_expiry_are_kept(db) -> None:
    key = create_token("bob@example.org", "--name", "hub", "--scope", "sms", "--scope", "stagebased:read")
    token = ApiToken.objects.for_key(key).get()
    assert (token.name, token.scopes) == ("hub", ["sms", "stagebased:read"])
    key = create_token("bob@example.org", "--expires-days", "30")
    left = ApiToken.objects.for_key(key).get().expires_at - timezone.now()
    assert timedelta(days=29, hours=23) < left <= timedelta(days=30)


def test_staff_is_given_only_when_asked_and_never_taken(db) -> None:
    create_token("bob@example.org")
    assert not User.objects.get().is_staff
    create_token("bob@example.org", "--staff")
    assert User.objects.get().is_staff
    create_token("bob@example.org")
    assert User.objects.get().is_staff


REFUSED = {
    "no address": ["bob"],
    "too long": ["b" * 60 + "@" + ("d" * 50 + ".") * 2 + "org"],
    "no scope": ["bob@example.org", "--scope", "Everything!"],
    "a scope that no interface has": ["bob@example.org", "--scope", "stagedbased:read"],
    "no days": ["bob@example.org", "--expires-days", "0"],
    "too many days": ["bob@example.org", "--expires-days", "99999999"],
    "long name": ["bob@example.org", "--name", "x" * 101],
}


@pytest.mark.parametrize("words", REFUSED.values(), ids=REFUSED.keys())
def test_bad_words_are_refused_and_make_nothing(db, words) -> None:
    with pytest.raises(CommandError):
        create_token(*words)
    assert not ApiToken.objects.exists()


def test_a_misspelt_scope_is_told_with_those_that_there_are(db) -> None:
    with pytest.raises(CommandError, match=r"'stagedbased:read'; there are: accounts, .*stagebased"):
        create_token("bob@example.org", "--scope", "stagedbased:read")
    assert not User.objects.exists()


def test_a_disabled_account_gets_none(alice) -> None:
    User.objects.filter(pk=alice.pk).update(is_active=False)
    with pytest.raises(CommandError, match="disabled"):
        create_token(alice.email)
