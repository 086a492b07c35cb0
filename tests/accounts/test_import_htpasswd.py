"""``manage.py import_htpasswd``: accounts come over with their passwords."""

from __future__ import annotations

from io import StringIO

import bcrypt
import pytest
from django.contrib.auth import authenticate
from django.core.cache import cache
from django.core.management import CommandError, call_command
from passlib.hash import apr_md5_crypt, des_crypt, ldap_sha1, md5_crypt, sha256_crypt, sha512_crypt

from accounts.models import API_CLIENTS, User
from config import settings as configured

pytestmark = pytest.mark.django_db

PASSWORD = "Sech5-zwölf"
HASHES = {
    "apr1": apr_md5_crypt.hash(PASSWORD),
    "bcrypt": bcrypt.hashpw(PASSWORD.encode(), bcrypt.gensalt(4)).decode().replace("$2b$", "$2y$"),
    "sha": ldap_sha1.hash(PASSWORD),
    "crypt": des_crypt.hash(PASSWORD),
    "md5crypt": md5_crypt.hash(PASSWORD),
    "sha256crypt": sha256_crypt.using(rounds=1000).hash(PASSWORD),
    "sha512crypt": sha512_crypt.using(rounds=1000).hash(PASSWORD),
}


@pytest.fixture(autouse=True)
def hashers(settings):
    """Tests hash by MD5; here the installation's own readers stand behind that."""
    settings.PASSWORD_HASHERS = [
        *settings.PASSWORD_HASHERS,
        *(path for path in configured.PASSWORD_HASHERS if path.startswith("accounts.")),
    ]
    cache.clear()


def imported(tmp_path, *lines: str, **options) -> str:
    path, out = tmp_path / "htpasswd", StringIO()
    path.write_text("\n".join(lines), encoding="utf-8")
    call_command("import_htpasswd", str(path), stdout=out, stderr=StringIO(), **options)
    return out.getvalue()


@pytest.mark.parametrize("kind", HASHES)
def test_the_old_password_opens_and_is_then_hashed_anew(tmp_path, kind):
    assert "new accounts: 1" in imported(tmp_path, f"lvv:{HASHES[kind]}")
    assert User.objects.get().password.startswith("htpasswd_")
    assert authenticate(username="lvv", password="wrong") is None
    assert authenticate(username="lvv", password=f"{PASSWORD}\x00") is None
    assert User.objects.get().password.startswith("htpasswd_")
    assert authenticate(username="lvv", password=PASSWORD) == User.objects.get()
    assert User.objects.get().password.startswith("md5$")
    assert authenticate(username="lvv", password=PASSWORD) == User.objects.get()


def test_a_bcrypt_password_longer_than_bcrypt_reads_still_opens(tmp_path):
    long = "x" * 100
    hashed = bcrypt.hashpw(long.encode()[:72], bcrypt.gensalt(4)).decode()
    imported(tmp_path, f"lvv:{hashed}")
    assert authenticate(username="lvv", password=long) == User.objects.get()


def test_comments_empty_lines_and_further_fields_are_passed_over(tmp_path):
    imported(tmp_path, "# people", "", f"lvv:{HASHES['apr1']}:realm", f"bob:{HASHES['sha']}")
    assert set(User.objects.values_list("username", flat=True)) == {"lvv", "bob"}


def test_accounts_that_exist_keep_their_password_unless_told_otherwise(tmp_path, alice):
    assert "left as they were: 1" in imported(tmp_path, f"alice:{HASHES['apr1']}")
    assert authenticate(username="alice", password="alice-password") == alice
    assert "replaced: 1" in imported(tmp_path, f"alice:{HASHES['apr1']}", overwrite=True)
    assert authenticate(username="alice", password=PASSWORD) == alice


def test_new_accounts_may_use_what_programs_may(tmp_path):
    from django.contrib.auth.models import Group

    Group.objects.get_or_create(name=API_CLIENTS)
    imported(tmp_path, f"lvv:{HASHES['apr1']}")
    assert User.objects.get().groups.filter(name=API_CLIENTS).exists()
    assert not User.objects.get().is_staff


@pytest.mark.parametrize(
    "line",
    [
        "lvv:plain",
        "lvv",
        "lvv:",
        "a b:{SHA}EfatjsUqKYSrqv18O1FlA3hcIHI=",
        "lvv:$apr1$x$short",
        "lvv:$2y$31$" + "a" * 53,
    ],
)
def test_lines_that_cannot_be_taken_are_named_and_the_others_taken(tmp_path, line):
    with pytest.raises(CommandError, match="not taken"):
        imported(tmp_path, line, f"bob:{HASHES['apr1']}")
    assert list(User.objects.values_list("username", flat=True)) == ["bob"]


def test_a_missing_file_is_told(tmp_path):
    with pytest.raises(CommandError, match="No such file"):
        call_command("import_htpasswd", str(tmp_path / "none"))


def test_a_damaged_hash_opens_nothing(db):
    User.objects.create(username="lvv", password="htpasswd_bcrypt$$2y$04$damaged")
    assert authenticate(username="lvv", password=PASSWORD) is None


def test_a_dry_run_counts_and_changes_nothing(tmp_path, capsys):
    path = tmp_path / "htpasswd"
    path.write_text(f"lvv:{HASHES['apr1']}\n")
    call_command("import_htpasswd", str(path), dry_run=True)
    assert capsys.readouterr().out.splitlines() == ["new accounts: 1", "Nothing was changed (dry run)."]
    assert not User.objects.exists()
