"""``make run``, as somebody who has just cloned the repository sees it."""

from __future__ import annotations

import re
import signal
import socket
from collections.abc import Iterator
from pathlib import Path

import pytest
from django.core.management import CommandError

from config.management.commands import run
from tests import servers
from tests.installation import Installation


@pytest.fixture
def installation(tmp_path: Path) -> Iterator[Installation]:
    made = Installation(tmp_path)
    yield made
    made.end()


@pytest.mark.processes
def test_the_demo_sends_delivers_obeys_a_stop_and_goes_on_after_a_restart(installation: Installation):
    installation.start()
    name, password = re.search(r"Log-in: name (\S+), password (\S+)", installation.output()).groups()
    kept = installation.var / "demo-login.txt"
    assert kept.read_text() == f"name: {name}\npassword: {password}\n"
    assert kept.stat().st_mode & 0o777 == 0o600

    servers.wait_until(lambda: installation.count("delivered") >= 3, seconds=100, what="delivery", every=1)
    servers.wait_until(lambda: installation.count("failed") >= 1, seconds=30, what="failure", every=1)
    servers.wait_until(
        lambda: installation.ask("SELECT 1 FROM contacts_optout WHERE lifted_at IS NULL"),
        seconds=60, what="the opt-out of the one who replies STOP", every=1,
    )  # fmt: skip
    installation.stop(signal.SIGINT, everybody=True)

    before = installation.count("delivered")
    installation.start()
    assert password not in installation.output()
    assert f"as before, in {kept}" in installation.output()
    servers.wait_until(lambda: installation.count("delivered") > before, seconds=100, what="more", every=1)
    stopped = installation.ask("SELECT count(*) FROM contacts_contact WHERE opted_out_at IS NOT NULL")
    stopped += installation.ask("SELECT count(*) FROM contacts_address WHERE opted_out_at IS NOT NULL")
    assert sum(count for (count,) in stopped) >= 1
    twice = installation.ask(
        "SELECT cause, slot_key FROM outbox_delivery GROUP BY cause, slot_key, source HAVING count(*) > 1"
    )
    assert twice == []
    installation.stop(signal.SIGTERM, everybody=False)


@pytest.mark.processes
@pytest.mark.parametrize("how", [signal.SIGINT, signal.SIGKILL])
def test_nothing_is_left_when_only_make_gets_the_signal(installation: Installation, how):
    installation.start()
    installation.stop(how, everybody=False)


def test_a_taken_port_is_said_at_once(settings):
    with socket.create_server(("127.0.0.1", 0)) as taken:
        settings.BIND_ADDRESS, settings.PORT = taken.getsockname()
        with pytest.raises(CommandError, match="Choose another port"):
            run.check_port()


def test_every_address_that_is_printed_answers(client, db, settings):
    root = f"http://localhost:{settings.PORT}"
    printed = re.findall(rf"{root}(/[^\s)]*)", run.addresses())
    assert len(printed) == 5
    assert [path for path in printed if client.get(path, follow=True).status_code not in (200, 503)] == []


def test_demo_subscribers_are_not_loaded_where_a_real_smsd_would_send_to_them(monkeypatch):
    monkeypatch.delenv("SMS_SPOOL", raising=False)
    assert run.demo_wanted()
    monkeypatch.setenv("SMS_SPOOL", "/var/spool/sms")
    assert not run.demo_wanted()


def test_where_somebody_can_log_in_already_no_account_is_made(db, staff, settings, tmp_path):
    settings.VAR_DIR = tmp_path
    assert "made earlier" in run.log_in_note()
    assert not (tmp_path / "demo-login.txt").exists()
