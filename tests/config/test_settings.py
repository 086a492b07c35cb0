"""What the settings promise, checked where it acts: in a process that starts with them."""

import json
import os
import subprocess
import sys
from pathlib import Path

import pytest
from django.conf import settings
from django.db import connection

ROOT = Path(__file__).resolve().parents[2]
LONG_KEY = "k9" * 30 + "abcdef"


def start(tmp_path: Path, code: str, **variables: str) -> subprocess.CompletedProcess[str]:
    """Run Python with the real settings and nothing but these variables."""
    environment = {"PATH": os.environ["PATH"], "VAR_DIR": str(tmp_path / "var"), "ENV_FILE": ""} | variables
    code = "import django, json; django.setup(); from django.conf import settings;" + code
    return subprocess.run(
        [sys.executable, "-c", code], cwd=ROOT, text=True, capture_output=True, timeout=60,
        env=environment | {"DJANGO_SETTINGS_MODULE": "config.settings"},
    )  # fmt: skip


def value(tmp_path: Path, expression: str, **variables: str):
    done = start(tmp_path, f"print(json.dumps({expression}, default=str))", **variables)
    assert done.returncode == 0, done.stderr
    return json.loads(done.stdout)


def refusal(tmp_path: Path, **variables: str) -> str:
    done = start(tmp_path, "", **variables)
    assert done.returncode != 0
    return done.stderr.strip().splitlines()[-1]


def test_with_nothing_set_everything_lies_under_var(tmp_path):
    found = value(
        tmp_path,
        "[settings.DATABASES['default']['NAME'], settings.SMS_SPOOL, settings.MEDIA_ROOT,"
        " settings.CELERY_BROKER_TRANSPORT_OPTIONS['data_folder_in'],"
        " settings.DEBUG, settings.ALLOWED_HOSTS]",
    )
    var = str(tmp_path / "var")
    assert found == [
        f"{var}/db.sqlite3", f"{var}/spool", f"{var}/media", f"{var}/broker/messages",
        False, ["localhost", "127.0.0.1", "[::1]"],
    ]  # fmt: skip


def test_sqlite_takes_its_write_lock_at_once_and_lets_readers_go_on(tmp_path):
    found = value(
        tmp_path,
        "(lambda c: [c.execute('PRAGMA journal_mode').fetchone(),"
        " c.execute('PRAGMA foreign_keys').fetchone(),"
        " c.db.settings_dict['OPTIONS']['transaction_mode']])"
        "(__import__('django.db').db.connection.cursor())",
    )
    assert [[str(mode) for mode in row] if isinstance(row, list) else row for row in found] == [
        ["wal"], ["1"], "IMMEDIATE",
    ]  # fmt: skip


def test_three_variables_make_it_the_production_set(tmp_path):
    found = value(
        tmp_path,
        "[settings.DATABASES['default']['ENGINE'], settings.CELERY_BROKER_URL,"
        " settings.CACHES['default']['LOCATION'], settings.SMS_GATEWAYS]",
        DATABASE_URL="postgres://u:p@db/switchboard",
        BROKER_URL="redis://broker:6379/0",
        SMS_SPOOL="/var/spool/sms",
    )
    assert found == [
        "django.db.backends.postgresql", "redis://broker:6379/0", "redis://broker:6379/0",
        {"sms": "/var/spool/sms"},
    ]  # fmt: skip


def test_the_key_is_made_once_and_kept_for_its_owner_only(tmp_path):
    first, second = (value(tmp_path, "settings.SECRET_KEY") for _ in range(2))
    assert first == second
    assert len(first) >= 50
    assert (tmp_path / "var" / "secret_key").stat().st_mode & 0o777 == 0o600


@pytest.mark.parametrize(
    ("variables", "said"),
    [
        ({"DEBUG": "yes"}, "DEBUG='yes': write 'true' or 'false'"),
        ({"DATABASE_URL": "mysql://u:p@h/d"}, "DATABASE_URL: the URL must begin with"),
        ({"BROKER_URL": "sqs://"}, "BROKER_URL: the URL must begin with"),
        ({"SMS_SPOOL": "spool"}, "SMS_SPOOL='spool': write an absolute path"),
        ({"SMS_REGION": "zaf"}, "SMS_REGION='zaf'"),
        ({"SMS_REGION": "XX"}, "SMS_REGION='XX': not a country"),
        ({"SMS_GATEWAYS": "two=/spool/2,two=/spool/3"}, "SMS_GATEWAYS names 'two' twice"),
        ({"OUTBOX_BACH": "5"}, "OUTBOX_BACH is not a setting: did you mean OUTBOX_BATCH?"),
        ({"PRODUCTION": "true"}, "SECRET_KEY is required when PRODUCTION=true"),
        ({"PRODUCTION": "true", "SECRET_KEY": "short"}, "SECRET_KEY is shorter than 50 characters"),
        ({"PRODUCTION": "true", "SECRET_KEY": LONG_KEY}, "ALLOWED_HOSTS is required when PRODUCTION=true"),
        (
            {"ALLOWED_HOSTS": "https://switchboard.example.org"},
            "ALLOWED_HOSTS: 'https://switchboard.example.org'",
        ),
        ({"ALLOWED_HOSTS": "switchboard.example.org:8000"}, "ALLOWED_HOSTS: 'switchboard.example.org:8000'"),
        ({"PRODUCTION": "true", "DEBUG": "true"}, "DEBUG=true and PRODUCTION=true exclude each other"),
    ],
)
def test_a_value_that_is_not_understood_stops_the_start(tmp_path, variables, said):
    assert said in refusal(tmp_path, **variables)


def test_production_speaks_https_only(tmp_path):
    found = value(
        tmp_path,
        "[settings.SECURE_SSL_REDIRECT, settings.SESSION_COOKIE_SECURE, settings.CSRF_COOKIE_SECURE,"
        " settings.SECURE_HSTS_SECONDS > 0]",
        PRODUCTION="true", SECRET_KEY=LONG_KEY, ALLOWED_HOSTS="switchboard.example.org",
    )  # fmt: skip
    assert found == [True, True, True, True]


def test_the_redirect_is_off_outside_production_and_can_be_left_to_the_proxy(tmp_path):
    assert value(tmp_path, "settings.SECURE_SSL_REDIRECT") is False
    production = {"PRODUCTION": "true", "SECRET_KEY": LONG_KEY, "ALLOWED_HOSTS": "x.example"}
    assert value(tmp_path, "settings.SECURE_SSL_REDIRECT", SSL_REDIRECT="false", **production) is False


@pytest.mark.postgres
def test_connections_to_postgresql_are_kept_and_checked():
    assert connection.settings_dict["CONN_MAX_AGE"] == settings.DATABASE_CONN_MAX_AGE
    assert connection.settings_dict["CONN_HEALTH_CHECKS"] is True


def test_no_beat_entry_depends_on_a_zone_or_carries_data(tmp_path):
    assert settings.CELERY_TIMEZONE == "UTC"
    for entry in settings.CELERY_BEAT_SCHEDULE.values():
        assert not entry.get("args")
        assert entry["options"]["expires"] <= 60


def test_a_setting_that_is_not_understood_is_told_in_one_line(tmp_path):
    environment = {"PATH": os.environ["PATH"], "VAR_DIR": str(tmp_path), "ENV_FILE": "", "SMS_SPOL": "/x"}
    done = subprocess.run(
        [sys.executable, "manage.py", "check"], cwd=ROOT, text=True, capture_output=True, timeout=60,
        env=environment,
    )  # fmt: skip
    assert done.returncode == 1
    assert done.stderr == "check: SMS_SPOL is not a setting: did you mean SMS_SPOOL?\n"
