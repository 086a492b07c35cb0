"""Keys are changed while everybody goes on: nobody is logged out, and everything can be verified and read."""

from __future__ import annotations

import ast
from pathlib import Path

import pytest
from cryptography.fernet import Fernet
from django.apps import apps
from django.contrib.sessions.models import Session
from django.core.management import call_command
from django.test import Client
from django.urls import reverse

from accounts.encryption import EncryptedTextField
from accounts.models import ApiToken
from accounts.operations import issue_token
from telephony.models import TelephonyUser
from tests.hospitality.conftest import App, member

pytestmark = [pytest.mark.django_db, pytest.mark.fault("F30")]
BEFORE, AFTER, LATER = ("a key of before " * 4, "a key of afterwards " * 4, "the next key again " * 4)
ROOT = Path(__file__).resolve().parents[2]


@pytest.fixture
def keys(settings):
    """The installation's SECRET_KEY and those it still accepts."""

    def change(new: str, *earlier: str) -> None:
        settings.SECRET_KEY, settings.SECRET_KEY_FALLBACKS = new, list(earlier)

    change(BEFORE)
    return change


def test_nobody_in_the_admin_site_is_logged_out(keys, staff):
    browser = Client()
    browser.force_login(staff)
    home = reverse("admin:index")
    for change in ((AFTER, BEFORE), (AFTER,), (LATER, AFTER), (LATER,)):
        keys(*change)
        assert browser.get(home).status_code == 200, change


def test_without_the_earlier_key_a_session_is_over(keys, staff):
    """What the test above relies on: sessions do depend on the key."""
    browser = Client()
    browser.force_login(staff)
    keys(AFTER)
    assert browser.get(reverse("admin:index")).status_code == 302


def test_no_app_is_logged_out_and_its_token_goes_on(keys, alice):
    member(alice, fullname="Alice")
    app = App(alice)
    assert app.log_in().status_code == 200
    for change in ((AFTER, BEFORE), (AFTER,), (LATER, AFTER), (LATER,)):
        keys(*change)
        assert app.call("message/unreadCount").status_code == 200, change
    assert app.get("/services/session/token").content.decode() == app.token


def test_without_the_earlier_key_an_app_must_log_in_again(keys, alice):
    member(alice, fullname="Alice")
    app = App(alice)
    app.log_in()
    keys(AFTER)
    assert app.call("message/unreadCount").status_code == 403


def test_a_changed_password_ends_app_sessions_also_while_keys_are_changed(keys, alice):
    member(alice, fullname="Alice")
    app = App(alice)
    app.log_in()
    keys(AFTER, BEFORE)
    alice.set_password("another password")
    alice.save()
    assert app.call("message/unreadCount").status_code == 403


def test_api_tokens_do_not_depend_on_the_key(keys, alice, anonymous):
    _, key = issue_token(user=alice)
    anonymous.credentials(HTTP_AUTHORIZATION=f"Token {key}")
    keys(AFTER)
    assert anonymous.get("/api/v1/schedule/").status_code == 200


def test_secrets_in_the_database_are_read_with_the_earlier_key_and_written_anew(keys):
    keys(BEFORE)
    user = TelephonyUser.objects.create(firstname="Alice", password="the telephone's password")
    keys(AFTER, BEFORE)
    assert TelephonyUser.objects.get(pk=user.pk).password == "the telephone's password"
    call_command("rotate_field_keys", verbosity=0)
    keys(AFTER)
    assert TelephonyUser.objects.get(pk=user.pk).password == "the telephone's password"


def test_keys_of_their_own_take_the_place_of_the_derived_one(keys, settings):
    user = TelephonyUser.objects.create(firstname="Alice", password="the telephone's password")
    first, second = (Fernet.generate_key().decode() for _ in range(2))
    settings.FIELD_ENCRYPTION_KEYS = [first]
    TelephonyUser.objects.filter(pk=user.pk).update(password="the telephone's password")
    settings.FIELD_ENCRYPTION_KEYS = [second, first]
    call_command("rotate_field_keys", verbosity=0)
    settings.FIELD_ENCRYPTION_KEYS = [second]
    assert TelephonyUser.objects.get(pk=user.pk).password == "the telephone's password"


def test_a_token_s_key_stands_nowhere(alice):
    """Whoever reads the database cannot call with what they find."""
    _, key = issue_token(user=alice, name="hub")
    (row,) = ApiToken.objects.values_list()
    assert key not in repr(row)
    assert {len(str(value)) for value in row if isinstance(value, str) and str(value) in key} <= {8}, (
        "the prefix"
    )


def test_a_session_s_cookie_is_no_account_and_no_password(alice):
    member(alice, fullname="Alice")
    App(alice).log_in()
    (data,) = Session.objects.values_list("session_data", flat=True)
    assert "alice" not in data
    assert alice.password not in data


def test_every_secret_of_the_database_is_hashed_or_encrypted():
    """Columns by their names: a new one that looks like a secret must say here why it is none."""
    kept = {
        "accounts.User.password": "hashed by Django",
        "accounts.ApiToken.key_hash": "SHA-256 of 160 random bits",
        "audit.Entry.token": "which token it was, by its row",
    }
    names = ("password", "secret", "previous_secret", "token", "key_hash", "pin")
    found = {
        f"{model._meta.label}.{field.name}"
        for model in apps.get_models()
        for field in model._meta.local_fields
        if field.name in (*names, *(["key"] if "otp" in model._meta.app_label else []))
        if not isinstance(field, EncryptedTextField)
    }
    assert found <= set(kept), found - set(kept)


#: Where two such names are compared with == all the same, and why.
NO_SECRETS = {
    "smsbridge/sending/repeats.py": "the digest of a request, to see whether it is the same",
    "stagebased/api/signatures.py": "the setting, not a signature",
}


def test_secrets_are_compared_in_constant_time():
    """No ``==`` with something that is called a token, a secret, a signature or a digest."""
    paths = [path for app in apps.get_app_configs() for path in Path(app.path).glob("**/*.py")]
    ours = {path.relative_to(ROOT).as_posix(): path for path in paths if ROOT in path.parents}
    found = {name: _compared(path) for name, path in ours.items() if not name.startswith(".venv")}
    assert len(found) > 300
    assert {name: lines for name, lines in found.items() if lines and name not in NO_SECRETS} == {}
    assert all(found[name] for name in NO_SECRETS)


_SECRETS = ("token", "secret", "signature", "digest", "key_hash", "csrf")


def _compared(path: Path) -> list[str]:
    found = []
    for node in ast.walk(ast.parse(path.read_text(encoding="utf-8"))):
        if isinstance(node, ast.Compare) and isinstance(node.ops[0], ast.Eq | ast.NotEq):
            names = [_name(each) for each in (node.left, *node.comparators)]
            if any(word in name for name in names for word in _SECRETS):
                found.append(f"line {node.lineno}: {ast.unparse(node)}")
    return found


def _name(node: ast.AST) -> str:
    match node:
        case ast.Name():
            return node.id.lower()
        case ast.Attribute():
            return node.attr.lower()
    return ""
