"""What can happen to a spool: full, closed, crowded, and crashes while it is written."""

from __future__ import annotations

import os
import subprocess
import time
from collections.abc import Iterator
from contextlib import suppress
from pathlib import Path

import pytest

from tests.chaos import faults
from tests.chaos.faults import Outcome
from tests.chaos.installation import Installation, wait_for
from tests.chaos.sending import BRISK, fill, heal, reading

pytestmark = [pytest.mark.processes, pytest.mark.own_postgres, pytest.mark.redis]
PEOPLE = 300
#: Runs a program without root's freedom from permissions, as every process of ours should be.
ORDINARY = ("setpriv", "--bounding-set", "-dac_override,-dac_read_search,-fowner")


@pytest.fixture
def small_disk(tmp_path: Path) -> Iterator[Path]:
    """A file system of its own where the spool will be; root may make one."""
    spool = tmp_path / "spool"
    spool.mkdir()
    if subprocess.run(["mount", "-t", "tmpfs", "-o", "size=8m", "tmpfs", spool]).returncode:
        pytest.skip("a file system of its own needs root")
    try:
        yield spool
    finally:
        subprocess.run(["mount", "-o", "remount,rw", spool])
        subprocess.run(["umount", "-l", spool], check=True)


def trouble(system: Installation) -> str:
    rows = system.sql("SELECT trouble FROM outbox_gateway WHERE name = 'sms'")
    return rows[0][0] if rows else ""


@pytest.mark.fault("F5")
@pytest.mark.parametrize("how", ["full", "read-only", "closed"])
def test_messages_wait_while_the_spool_takes_nothing_and_go_out_when_it_does(
    small_disk: Path, installation, outcome: Outcome, how: str
) -> None:
    system = installation(**BRISK)
    fill(system, PEOPLE)
    token, web = system.token(), system.web(before=ORDINARY)
    close, open_again = HOW[how]
    close(small_disk)
    system.worker("worker", before=ORDINARY)
    system.beat("beat")
    with reading(system) as reader:
        system.hint("stagebased.plan", times=2)
        wait_for("the gateway's trouble", lambda: trouble(system), seconds=60)
        outcome.notes.append(trouble(system))
        answer = web.call(
            "POST", "/api/v1.0/sms/outgoing", {"mobiles": ["+27820009997"], "text": "hi"}, token=token
        )
        assert answer.status == 201, "what is sent meanwhile was refused"
        ready = web.call("GET", "/healthz/ready")
        assert ready.status == 200, "the web site serves requests all the same"
        assert b"sms" in ready.body, "and says what is wrong"
        assert os.listdir(small_disk / "outgoing") == [], "half a file, or a visible one"
        states = system.sql("SELECT DISTINCT state, attempts FROM outbox_delivery WHERE attempts > 0")
        assert states == [], "an attempt was counted though the gateway took nothing"
        open_again(small_disk)
        outcome.injected = 1
        since = time.monotonic()
        wait_for("all files", lambda: len(reader.seen) == PEOPLE + 1, seconds=65)
        outcome.healed = time.monotonic() - since
        wait_for("the end of the trouble", lambda: not trouble(system), seconds=20)
    outcome.deliveries = PEOPLE + 1
    outcome.doubled = sum(times - 1 for times in reader.seen.values())
    assert outcome.doubled == 0


def fill_disk(spool: Path) -> None:
    ballast = os.open(spool / "ballast", os.O_WRONLY | os.O_CREAT)
    with suppress(OSError):
        while True:
            os.write(ballast, bytes(4096))
    os.close(ballast)


HOW = {
    "full": (fill_disk, lambda spool: (spool / "ballast").unlink()),
    "read-only": (
        lambda spool: subprocess.run(["mount", "-o", "remount,ro", spool], check=True),
        lambda spool: subprocess.run(["mount", "-o", "remount,rw", spool], check=True),
    ),
    "closed": (
        lambda spool: (spool / "outgoing").chmod(0),
        lambda spool: (spool / "outgoing").chmod(0o770),
    ),
}


@pytest.mark.fault("F6")
@pytest.mark.parametrize("point", ["staged", "shown", "unrecorded", "recorded"])
def test_a_crash_at_any_point_of_a_hand_over_neither_loses_nor_doubles(
    installation, outcome: Outcome, point: str
) -> None:
    people = 100
    system = installation(**BRISK)
    fill(system, people)
    died = system.start_shell(
        f"from tests.chaos.failpoints import hand_over_until; hand_over_until({point!r})"
    )
    assert died.wait(timeout=60) == -9
    outcome.injected = 1
    visible = [name for name in os.listdir(system.spool / "outgoing") if not name.startswith(".")]
    assert len(visible) == {"staged": 0, "shown": 10, "unrecorded": people, "recorded": people}[point]
    assert all(
        (system.spool / "outgoing" / name).read_text().endswith("\n\nmessage 1") for name in visible
    ), "a file was visible before it was whole"
    system.worker("worker")
    system.beat("beat")
    with reading(system) as reader:
        heal(system, reader, outcome, deliveries=people)


#: Files of other programs and of an unlucky past, by name.
STRANGE = {
    "no-blank-line": b"To: 27820001001\nAlphabet: ISO",
    "binary": bytes(range(256)) * 40,
    "not-utf-8": b"To: 27820001001\nAlphabet: UTF-8\n\n\xff\xfe",
    "empty": b"",
    "GSM1.LOCK": b"",
    "headers-only": b"From: 27820001001\n\n",
    "name with blanks": b"To: 27820001001\n\nhello",
}


@pytest.mark.chaos
@pytest.mark.fault("F31")
def test_a_crowded_spool_with_strange_files_is_worked_off(installation, outcome: Outcome) -> None:
    crowd = 100_000 if faults.FULL else 3_000
    system = installation(**BRISK)
    token, web = system.token("gateway@example.org", "--staff"), system.web()
    finished = b"To: 27820001001\nAlphabet: ISO\nModem: GSM1\nSent: 26-11-20 10:00:00\n\nhello"
    for number in range(crowd):
        (system.spool / "sent" / f"foreign.{number:06}").write_bytes(finished)
    for kind in ("sent", "failed", "incoming"):
        for name, content in STRANGE.items():
            (system.spool / kind / name).write_bytes(content)
        os.symlink("/etc/passwd", system.spool / kind / "link")
        os.mkfifo(system.spool / kind / "pipe")
    outcome.injected = crowd + 3 * (len(STRANGE) + 2)
    begun = time.monotonic()
    listed = web.call("GET", "/api/v1.0/sms/sent/?limit=100", token=token)
    outcome.notes.append(f"a list among {crowd:,} files took {time.monotonic() - begun:.2f} s")
    assert listed.status == 200
    assert web.call("GET", "/api/v1.0/sms/sent/link", token=token).status in (403, 404)
    assert web.call("GET", "/api/v1.0/sms/sent/pipe", token=token).status in (403, 404)
    fill(system, 50)
    system.worker("worker")
    system.beat("beat")
    with reading(system) as reader:
        wait_for("the messages beside them", lambda: len(reader.seen) == 50, seconds=100)
        since = time.monotonic()
        wait_for("an empty folder", lambda: not left(system), seconds=60 + crowd / 400)
        outcome.healed = time.monotonic() - since
    assert all(times == 1 for times in reader.seen.values())
    assert b"root:" not in web.call("GET", "/api/v1.0/sms/sent/link", token=token).body


def left(system: Installation) -> list[str]:
    """What the collector has still to see to; what is empty, locked or has no end yet, it leaves."""
    ours = {"empty", "GSM1.LOCK", "headers-only"}
    return [
        name for kind in ("sent", "failed") for name in os.listdir(system.spool / kind) if name not in ours
    ]
