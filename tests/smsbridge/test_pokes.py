"""smsd's eventhandler pokes, whatever it is called with, and the collector hears it."""

from __future__ import annotations

import os
import subprocess
import threading
import time
from pathlib import Path

import pytest
from django.core.management import CommandError, call_command
from django.db import connection

from outbox.models import Gateway
from smsbridge import pokes
from smsbridge.management.commands.run_collector import follow
from smsbridge.models import InboundMessage
from tests import servers

EVENTHANDLER = Path(__file__).resolve().parents[2] / "smsbridge" / "eventhandler"
HOSTILE = [
    "a;touch pwned;b", "$(touch pwned)", "`touch pwned`", "-n", "--help", "a b\tc", "*", "\n", "'\"\\",
    "../../etc/passwd", "|touch pwned", "&& touch pwned", "$PATH", "\u202e", "x" * 100_000,
]  # fmt: skip


def run_eventhandler(spool: Path, *arguments: str) -> None:
    done = subprocess.run(
        [EVENTHANDLER, *arguments], env={"SMS_SPOOL": str(spool), "PATH": os.environ["PATH"]}, cwd=spool,
        capture_output=True, timeout=10,
    )  # fmt: skip
    assert (done.returncode, done.stdout, done.stderr) == (0, b"", b"")


@pytest.mark.parametrize("name", HOSTILE, ids=lambda name: repr(name[:20]))
def test_no_argument_is_ever_more_than_a_word(tmp_path, name):
    run_eventhandler(tmp_path, "SENT", name, name)
    assert os.listdir(tmp_path) == [".poke"]


def test_a_spool_whose_name_begins_with_a_dash_is_no_option(tmp_path):
    (tmp_path / "-r").mkdir()
    subprocess.run(
        [EVENTHANDLER, "SENT", "x"], env={"SMS_SPOOL": "-r", "PATH": os.environ["PATH"]}, cwd=tmp_path
    )
    assert (tmp_path / "-r" / ".poke").exists()


def test_a_poke_is_taken_once(spool):
    assert not pokes.take(spool)
    run_eventhandler(spool.root, "SENT", "x")
    run_eventhandler(spool.root, "REPORT", "y")
    assert pokes.take(spool)
    assert not pokes.take(spool)


@pytest.mark.parametrize("kind", ["link", "pipe"])
def test_a_poke_is_never_opened(spool, tmp_path, kind):
    secret = tmp_path / "secret"
    secret.write_text("kept")
    path = spool.root / ".poke"
    path.symlink_to(secret) if kind == "link" else os.mkfifo(path)
    assert pokes.take(spool)
    assert secret.read_text() == "kept"


def test_a_directory_in_its_place_is_no_poke(spool):
    (spool.root / ".poke").mkdir()
    assert not pokes.take(spool)


@pytest.mark.django_db
def test_collecting_once(gateway, smsd, capsys):
    smsd.received("hello there")
    call_command("run_collector", "--once")
    assert capsys.readouterr().out == "took in 1\n"


@pytest.mark.django_db
def test_a_gateway_that_does_not_exist_is_refused(gateway):
    with pytest.raises(CommandError, match="north"):
        call_command("run_collector", "north", "--once")


@pytest.mark.django_db(transaction=True)
def test_a_poke_brings_a_reply_in_long_before_the_interval(gateway, smsd, spool):
    stopped = threading.Event()

    def listen() -> None:
        follow(["sms"], interval=3600, stopped=stopped)
        connection.close()

    listening = threading.Thread(target=listen)
    listening.start()
    try:
        time.sleep(0.5)
        reply = smsd.received("hello there")
        run_eventhandler(spool.root, "RECEIVED", "x")
        # Without the database: SQLite in memory refuses a reader beside a writer.
        servers.wait_until(lambda: not reply.exists(), seconds=60, what="the reply taken in")
    finally:
        stopped.set()
        listening.join(10)
    assert InboundMessage.objects.exists()


@pytest.mark.django_db
def test_trouble_with_one_gateway_does_not_stop_the_others(gateway, smsd, settings, tmp_path):
    settings.SMS_GATEWAYS = {"north": tmp_path / "not mounted", **settings.SMS_GATEWAYS}
    smsd.received("hello there")
    call_command("run_collector", "--once")
    assert InboundMessage.objects.exists()
    assert Gateway.objects.get(name="north").trouble.startswith("Collecting: missing")
