"""The search of the suite's output for numbers, texts, passwords and keys finds them."""

from __future__ import annotations

from types import SimpleNamespace

import pytest

from accounts.models import ApiToken
from tests import leaks
from webhooks.signing import new_secret

CLEAN = (
    "2026-11-29 01:14:37,012 INFO config.requests: POST api/v1/subscriptions/request 401 in 2139 ms\n"
    '{"of": {"0198c2a4-7d5e-7b1c-9a3c-278200010010": ["7d9c0d2e-52f1-4c55-9a3c-0f1f2b7f5f10"]}}\n'
    "smsbridge/spool/folders/spool.py:296 in put"
)
TOLD = {
    "a telephone number": [
        "handed over to +27820001001",
        "?mobiles=%2B27820001001&",
        "27820001001 is unknown",
    ],
    "a key": ["Token 9944b09199c62bcf9418ad846dd0e4bbdfc6ee4b", f"secret=whsec_{'MfKQ' * 11}"],
    "a password": ["log-in with alice-password failed"],
    "a session": ["Cookie: sessionid=abcdefghijklmnopqrst"],
    "a text": ["could not send 'Drink enough water.'"],
}


def test_ordinary_lines_are_clean():
    assert leaks.leaks(CLEAN) == {}


@pytest.mark.parametrize(("kind", "line"), [(kind, line) for kind in TOLD for line in TOLD[kind]])
def test_each_kind_is_found(kind, line):
    assert leaks.leaks(f"{CLEAN}\n{line}\n{CLEAN}") == {kind: line}


def test_the_forms_are_those_of_real_keys():
    for key in (ApiToken.new_key(), new_secret()):
        assert list(leaks.leaks(f"key {key}")) == ["a key"]


def test_a_test_whose_log_tells_something_fails():
    report = SimpleNamespace(passed=True, outcome="passed", capstderr=TOLD["a text"][0], longrepr=None)
    leaks.judge(report)
    assert report.outcome == "failed"
    assert "Drink enough water." in report.longrepr


def test_the_logs_of_processes_are_read(tmp_path):
    (tmp_path / "site").mkdir()
    (tmp_path / "site" / "web.log").write_text(CLEAN)
    (tmp_path / "site" / "smsd.log").write_text("To: +27820001001")
    assert leaks.in_files(tmp_path) == {}
    (tmp_path / "site" / "worker.log").write_text(TOLD["a password"][0])
    (found,) = leaks.in_files(tmp_path).values()
    assert list(found) == ["a password"]
    # This run's own search must not find it.
    (tmp_path / "site" / "worker.log").unlink()


def test_the_texts_are_those_of_the_tests():
    assert leaks.texts().search("Drink enough water.")
    assert leaks.texts().pattern.count("|") > 50


@pytest.mark.tells
def test_this_suite_is_searched(pytestconfig):
    """Not a test of one line: without the plugin no test would ever fail."""
    assert pytestconfig.pluginmanager.has_plugin("tests.leaks")
