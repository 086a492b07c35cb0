"""Log-in to the admin site with a second factor."""

from __future__ import annotations

import importlib
import io
import time
from base64 import b32decode
from datetime import timedelta
from urllib.parse import parse_qsl, urlsplit

import pytest
import time_machine
from cryptography.fernet import Fernet
from django.apps import apps
from django.contrib import admin
from django.core.cache import cache
from django.core.management import call_command
from django.db import connection
from django.urls import reverse
from django_otp.oath import TOTP

from accounts import secondfactor
from accounts.models import Authenticator, User

pytestmark = pytest.mark.django_db
INDEX, LOG_IN, PAGE = (reverse(f"admin:{name}") for name in ("index", "login", "second_factor"))


@pytest.fixture(autouse=True)
def _no_memory_of_wrong_passwords():
    cache.clear()


def code_of(device: Authenticator) -> str:
    totp = TOTP(device.bin_key)
    totp.time = time.time()
    return f"{totp.token():06d}"


@pytest.fixture
def device(staff: User) -> Authenticator:
    return Authenticator.objects.create(user=staff, confirmed=True)


def log_in(client, code: str = "", password: str = "staff-password"):
    return client.post(LOG_IN, {"username": "staff", "password": password, "code": code, "next": INDEX})


def test_without_a_second_factor_the_password_is_enough(client, staff):
    assert log_in(client).status_code == 302
    assert client.get(INDEX).status_code == 200


def test_who_has_one_needs_its_code(client, staff, device):
    assert "Write the code." in log_in(client).content.decode()
    assert "Wrong code" in log_in(client, "000000").content.decode()
    assert client.get(INDEX).status_code == 302


def test_the_right_code_opens(client, staff, device):
    assert log_in(client, code_of(device)).status_code == 302
    assert client.get(INDEX).status_code == 200


def test_a_code_works_once(client, staff, device):
    code = code_of(device)
    log_in(client, code)
    client.logout()
    assert "Wrong code" in log_in(client, code).content.decode()


def test_after_wrong_codes_one_has_to_wait(client, staff, device):
    for _ in range(3):
        log_in(client, "000000")
    assert "Wrong code" in log_in(client, code_of(device)).content.decode()
    with time_machine.travel(timedelta(seconds=60)):
        assert log_in(client, code_of(device)).status_code == 302


def test_a_wrong_password_learns_nothing_about_codes(client, staff, device):
    page = log_in(client, code_of(device), password="wrong")
    assert "code" not in page.context["form"].errors
    # Nor was the code used up.
    assert log_in(client, code_of(device)).status_code == 302


def test_a_code_on_paper_works_once(client, staff, device):
    [first, *_] = secondfactor.new_paper_codes(staff)
    assert log_in(client, first).status_code == 302
    client.logout()
    assert "Wrong code" in log_in(client, first).content.decode()
    assert secondfactor.paper_codes_left(staff) == secondfactor.PAPER_CODES - 1


def test_nobody_gets_in_with_a_session_from_before(client, staff):
    log_in(client)
    Authenticator.objects.create(user=staff, confirmed=True)
    assert client.get(INDEX).status_code == 302


def test_setting_one_up_takes_its_code_and_gives_codes_on_paper(client, staff):
    log_in(client)
    page = client.get(PAGE).content.decode()
    assert "data:image/svg+xml" in page
    device = Authenticator.objects.get(user=staff, confirmed=False)
    wrong = client.post(PAGE, {"step": "confirm", "code": "000000"})
    assert wrong.context["error"]
    with time_machine.travel(timedelta(seconds=10)):
        done = client.post(PAGE, {"step": "confirm", "code": code_of(device)})
    assert len(done.context["codes"]) == secondfactor.PAPER_CODES
    assert client.get(INDEX).status_code == 200
    client.logout()
    assert "Write the code." in log_in(client).content.decode()


def test_taking_it_away_takes_a_code(client, staff, device):
    log_in(client, code_of(device))
    assert client.post(PAGE, {"step": "remove", "code": ""}).context["error"]
    with time_machine.travel(timedelta(seconds=90)):
        client.post(PAGE, {"step": "remove", "code": code_of(device)})
    assert not secondfactor.has_one(staff)


def test_where_it_is_required_nothing_else_opens_before(client, staff, settings):
    settings.ADMIN_SECOND_FACTOR = "required"
    log_in(client)
    for page in (INDEX, reverse("admin:contacts_contact_changelist")):
        assert client.get(page, follow=True).redirect_chain[-1][0] == PAGE
    client.get(PAGE)
    device = Authenticator.objects.get(user=staff)
    client.post(PAGE, {"step": "confirm", "code": code_of(device)})
    assert client.get(INDEX).status_code == 200
    with time_machine.travel(timedelta(seconds=90)):
        client.post(PAGE, {"step": "remove", "code": code_of(device)})
    assert secondfactor.has_one(staff)


def test_the_page_is_for_staff(client, alice):
    client.force_login(alice)
    assert client.get(PAGE).status_code == 302


def test_a_lost_telephone_is_mended_by_an_administrator(client, staff, device):
    client.force_login(User.objects.create_superuser("root", password="root-password"))
    accounts = reverse("admin:accounts_user_changelist")
    client.post(accounts, {"action": "remove_second_factor", "_selected_action": [staff.pk]})
    assert not secondfactor.has_one(staff)


def test_keys_are_shown_on_no_page(client, staff, device):
    client.force_login(User.objects.create_superuser("root", password="root-password"))
    assert Authenticator not in admin.site._registry
    assert (
        device.key not in client.get(reverse("admin:accounts_user_change", args=[staff.pk])).content.decode()
    )


def stored(device: Authenticator) -> str:
    """What the database has of it."""
    with connection.cursor() as cursor:
        cursor.execute("SELECT key, paper_codes FROM accounts_authenticator")
        return " ".join(cursor.fetchone())


def test_the_database_has_neither_the_key_nor_the_codes_in_clear(staff, device):
    codes = secondfactor.new_paper_codes(staff)
    found = stored(device)
    assert all(secret not in found for secret in (device.key, *codes))


def test_the_secrets_are_encrypted_anew_with_a_new_key(client, staff, device, settings):
    old, new = Fernet.generate_key().decode(), Fernet.generate_key().decode()
    settings.FIELD_ENCRYPTION_KEYS = [old]
    device.save()
    [code, *_] = secondfactor.new_paper_codes(staff)
    settings.FIELD_ENCRYPTION_KEYS = [new, old]
    before = stored(device)
    call_command("rotate_field_keys", stdout=io.StringIO())
    assert stored(device) != before
    settings.FIELD_ENCRYPTION_KEYS = [new]
    assert log_in(client, code).status_code == 302
    assert log_in(client, code_of(device)).status_code == 302


def test_the_app_is_told_what_it_needs(device):
    told = urlsplit(device.config_url)
    query = dict(parse_qsl(told.query))
    assert (told.scheme, told.netloc, told.path) == ("otpauth", "totp", "/Switchboard:staff")
    assert b32decode(query["secret"]) == device.bin_key
    assert (query["digits"], query["period"], query["issuer"]) == ("6", "30", "Switchboard")


class Editor:
    """What a migration is given to change the database by."""

    connection = connection
    quote_name = staticmethod(connection.ops.quote_name)

    def execute(self, statement: str) -> None:
        with connection.cursor() as cursor:
            cursor.execute(statement)


OLD_TABLES = [
    "CREATE TABLE otp_totp_totpdevice"
    " (id integer, user_id bigint, name text, confirmed boolean, key text, last_t bigint)",
    "CREATE TABLE otp_static_staticdevice (id integer, user_id bigint)",
    "CREATE TABLE otp_static_statictoken (device_id integer, token text)",
    "INSERT INTO otp_totp_totpdevice VALUES (1, {user}, 'authenticator', TRUE, '{key}', 7)",
    "INSERT INTO otp_static_staticdevice VALUES (4, {user})",
    "INSERT INTO otp_static_statictoken VALUES (4, 'abcd2345')",
]


def test_second_factors_of_before_go_on_working_and_leave_the_clear(client, staff):
    key, editor = "ab" * 20, Editor()
    for statement in OLD_TABLES:
        editor.execute(statement.format(user=staff.pk, key=key))
    migration = importlib.import_module("accounts.migrations.0006_encrypted_second_factor")
    migration.move(apps, editor)
    migration.drop(apps, editor)
    device = Authenticator.objects.get(user=staff)
    assert (device.key, device.last_step, device.confirmed) == (key, 7, True)
    assert log_in(client, "ABCD2345").status_code == 302
    assert not {table for table in connection.introspection.table_names() if table.startswith("otp_")}
    migration.move(apps, editor)
    migration.drop(apps, editor)
    assert Authenticator.objects.count() == 1


@pytest.mark.parametrize("code", ["", "12345", "1234567", "\u0661" * 6, "\x00" * 6, "0" * 40])
def test_an_odd_code_is_a_wrong_one(client, staff, device, code):
    assert log_in(client, code).status_code == 200


def test_too_many_wrong_passwords_close_the_log_in_for_a_while(client, staff, settings):
    settings.PASSWORD_FAILURES = 3
    for _ in range(3):
        log_in(client, password="wrong")
    assert "Too many wrong passwords" in log_in(client).content.decode()
