"""What PRODUCTION=true promises, asked of a process that starts with it."""

from __future__ import annotations

import json
import os
import subprocess
import sys
from pathlib import Path

import pytest
from django.test import Client

ROOT = Path(__file__).resolve().parents[2]
#: Asks for one answer of each kind and prints their status and headers.
ASK = """
import json, django
django.setup()
from django.core.management import call_command
from django.test import Client
from accounts.models import User
call_command("migrate", verbosity=0)
User.objects.create_superuser("root", "root@example.org", "root-password")
User.objects.create_user("alice", "alice@example.org", "alice-password")
def told(answer):
    cookies = {name: {k: value for k, value in one.items() if value} for name, one in answer.cookies.items()}
    return {"status": answer.status_code, "headers": dict(answer.headers), "cookies": cookies}
def client():
    return Client(headers={"host": "switchboard.example.org", "accept": "text/html"})
def get(path, **more):
    answer = client().get(path, secure=True, **more)
    list(answer.streaming_content) if answer.streaming else None
    answer.close()
    return told(answer)
found = {
    "plain": told(client().get("/back-office/login/")),
    "page": get("/"),
    "document": get("/docs/security"),
    "api page": get("/api/docs/"),
    "admin": get("/back-office/login/"),
    "usual place": get("/admin/login/"),
    "api": get("/api/v1/schedule/"),
    "unknown": get("/nothing", headers={"host": "switchboard.example.org", "accept": "*/*"}),
    "static": get("/static/switchboard/api-docs.js"),
}
browser = client()
browser.get("/back-office/login/", secure=True)
found["log-in"] = told(
    browser.post("/back-office/login/", {"username": "root", "password": "root-password"}, secure=True)
)
found["app"] = told(
    client().post(
        "/services/rest/user/login", {"username": "alice", "password": "alice-password"}, secure=True,
        headers={"host": "switchboard.example.org", "accept": "application/json"},
    )
)
found["front page"] = client().get("/", secure=True).content.decode()
print(json.dumps(found))
"""


def production(folder: Path, *command: str) -> subprocess.CompletedProcess[str]:
    environment = {
        "PATH": os.environ["PATH"], "VAR_DIR": str(folder / "var"), "ENV_FILE": "", "PRODUCTION": "true",
        "SECRET_KEY": "k9" * 30 + "abcdef", "ALLOWED_HOSTS": "switchboard.example.org",
        "ADMIN_PATH": "back-office", "DJANGO_SETTINGS_MODULE": "config.settings", "LOG_LEVEL": "ERROR",
    }  # fmt: skip
    return subprocess.run(
        [sys.executable, *command], cwd=ROOT, env=environment, text=True, capture_output=True, timeout=180
    )


@pytest.fixture(scope="module")
def answers(tmp_path_factory):
    done = production(tmp_path_factory.mktemp("production"), "-c", ASK)
    assert done.returncode == 0, done.stderr
    return json.loads(done.stdout)


PAGES = ["page", "document", "api page", "admin"]
OTHERS = ["api", "unknown", "static"]


def test_the_deployment_check_finds_nothing(tmp_path):
    done = production(tmp_path, "manage.py", "check", "--deploy", "--fail-level", "WARNING")
    assert (done.returncode, done.stdout.strip()) == (0, "System check identified no issues (0 silenced).")


@pytest.mark.parametrize("name", [*PAGES, *OTHERS])
def test_every_answer_keeps_browsers_in_bounds(answers, name):
    headers = answers[name]["headers"]
    assert headers["X-Content-Type-Options"] == "nosniff"
    assert headers["Strict-Transport-Security"] == "max-age=31536000; includeSubDomains; preload"
    assert headers["Referrer-Policy"] == "same-origin"
    assert headers["Cross-Origin-Opener-Policy"] == "same-origin"
    assert name == "static" or headers["X-Frame-Options"] == "DENY"
    policy = dict(part.strip().partition(" ")[::2] for part in headers["Content-Security-Policy"].split(";"))
    assert (policy["default-src"], policy["frame-ancestors"], policy["base-uri"]) == ("'none'",) * 3
    assert "Server" not in headers
    assert "X-Powered-By" not in headers


@pytest.mark.parametrize("name", PAGES)
def test_pages_run_only_what_this_installation_serves(answers, name):
    assert answers[name]["status"] == 200
    policy = answers[name]["headers"]["Content-Security-Policy"]
    scripts = policy.partition("script-src ")[2].partition(";")[0]
    assert scripts == ("'self' 'unsafe-eval'" if name == "admin" else "'self'")
    assert "http" not in policy


@pytest.mark.parametrize("name", OTHERS)
def test_what_is_no_page_loads_nothing(answers, name):
    assert "'self'" not in answers[name]["headers"]["Content-Security-Policy"]


def test_plain_http_is_sent_to_https(answers):
    assert answers["plain"]["status"] == 301
    assert answers["plain"]["headers"]["Location"] == "https://switchboard.example.org/back-office/login/"


def test_the_admin_site_is_where_the_setting_says_and_nowhere_else(answers):
    assert answers["admin"]["status"] == 200
    assert answers["usual place"]["status"] == 404


def test_the_front_page_does_not_tell_where(answers):
    assert "back-office" not in answers["front page"]
    assert "Documents" in answers["front page"]


def test_cookies_go_over_https_only_and_no_script_reads_a_session(answers):
    session = answers["log-in"]["cookies"]["sessionid"]
    assert (session["secure"], session["httponly"], session["samesite"]) == (True, True, "Lax")
    (app,) = answers["app"]["cookies"].values()
    assert (app["secure"], app["httponly"], app["samesite"]) == (True, True, "Lax")
    form = answers["admin"]["cookies"]["csrftoken"]
    assert (form["secure"], form["samesite"]) == (True, "Lax")


@pytest.mark.django_db
def test_a_view_that_says_a_stricter_policy_keeps_it(client: Client):
    answer = client.get("/docs/images/dashboard.png")
    answer.close()
    assert answer["Content-Security-Policy"] == "default-src 'none'; style-src 'unsafe-inline'"


def test_the_admin_path_takes_no_other_s_place(tmp_path):
    environment = {"PATH": os.environ["PATH"], "VAR_DIR": str(tmp_path), "ENV_FILE": "", "ADMIN_PATH": "api"}
    done = subprocess.run(
        [sys.executable, "manage.py", "check"], cwd=ROOT, env=environment, text=True, capture_output=True
    )
    assert done.returncode != 0
    assert "ADMIN_PATH='api'" in done.stderr
