"""The loopback gateway plays smsd so well that nothing else can tell."""

from __future__ import annotations

import os
import signal
import subprocess
import sys
import uuid
from pathlib import Path
from zoneinfo import ZoneInfo

import pytest
from django.core.management import CommandError, call_command

from contacts.models import Address
from outbox.dispatcher import dispatch
from outbox.models import Delivery
from outbox.operations import queue
from smsbridge.collector import collect
from smsbridge.loopback import Behaviour, Loopback, Occupied
from smsbridge.models import InboundMessage, PartReference
from smsbridge.spool.codec import render
from tests import servers

pytestmark = pytest.mark.django_db
BOB = "+27820001002"


class Clock:
    def __init__(self) -> None:
        self.now = 1_795_000_000.0

    def __call__(self) -> float:
        return self.now


@pytest.fixture
def clock() -> Clock:
    return Clock()


@pytest.fixture
def loopback(spool, clock) -> Loopback:
    return Loopback(spool, Behaviour(stop_numbers=frozenset({BOB[1:]})), zone=ZoneInfo("UTC"), clock=clock)


def queued(number: str, text: str = "hello") -> Delivery:
    delivery, _ = queue(source="test", cause=uuid.uuid4(), slot_key="1", address=number, text=text)
    return delivery


def run(loopback: Loopback, gateway, clock: Clock, steps: int = 6) -> None:
    """Let time go by, a second at a time."""
    for _ in range(steps):
        dispatch(gateway.name)
        loopback.step()
        clock.now += 1
        loopback.step()
        collect(gateway)


def states() -> list[str]:
    return list(Delivery.objects.order_by("id").values_list("state", flat=True))


def test_a_message_is_sent_then_delivered(gateway, loopback, clock):
    queued("+27820001001")
    run(loopback, gateway, clock, 1)
    assert states() == ["sent"]
    run(loopback, gateway, clock, 1)
    assert states() == ["delivered"]


def test_a_number_that_is_not_assigned_fails_with_its_reason(gateway, loopback, clock):
    queued("+27820009999")
    run(loopback, gateway, clock)
    delivery = Delivery.objects.get()
    assert (delivery.state, delivery.reason) == ("failed", "gateway_refused")
    assert "Unassigned" in delivery.detail


def test_each_part_is_reported(gateway, loopback, clock):
    queued("+27820001001", "😀" * 70)
    run(loopback, gateway, clock)
    assert states() == ["delivered"]
    assert PartReference.objects.filter(status=0).count() == 3


def test_one_number_answers_stop_to_its_second_message(gateway, loopback, clock, mary):
    Address.objects.update(value=BOB)
    for text in ("one", "two", "three"):
        delivery, _ = queue(
            source="test", cause=uuid.uuid4(), slot_key="1", contact=mary, address=BOB, text=text
        )
        run(loopback, gateway, clock, 4)
    delivery.refresh_from_db()
    assert (delivery.state, delivery.reason) == ("skipped", "opted_out")
    assert InboundMessage.objects.get().text == "STOP"
    assert Delivery.objects.get(source="inbound").state == "delivered"


def test_the_file_in_sent_is_smsds(spool, loopback, clock):
    spool.put([("m1", render(to="27820001001", text="hi", report=True, own={"X-Ref": "7"}))])
    loopback.step()
    clock.now += 1
    loopback.step()
    [file] = spool.finished("sent")
    lines = file.content.decode().splitlines()
    assert lines[0] == "To: 27820001001"
    assert "X-Ref: 7" in lines
    assert "Modem: LOOP1" in lines
    assert any(line.startswith("Message_id: ") and line.endswith(" .") for line in lines)
    assert lines[-2:] == ["", "hi"]


@pytest.mark.parametrize("content", [b"", b"To: 12\n", b"no header at all", b"To: \n\nhi", b"\xff" * 50])
def test_odd_files_do_not_stop_it(spool, loopback, clock, content):
    (Path(spool.path("outgoing")) / "odd").write_bytes(content)
    os.symlink("/etc/passwd", Path(spool.path("outgoing")) / "link")
    os.mkfifo(Path(spool.path("outgoing")) / "pipe")
    spool.put([("good", render(to="27820001001", text="hi"))])
    loopback.step()
    clock.now += 1
    loopback.step()
    assert "good" in os.listdir(spool.path("sent"))
    assert set(os.listdir(spool.path("failed"))) <= {"odd"}


def test_what_was_begun_goes_on_after_a_restart(gateway, spool, loopback, clock):
    queued("+27820001001")
    queued(BOB)
    dispatch(gateway.name)
    loopback.step()
    for _ in range(4):
        clock.now += 1
        again = Loopback(
            spool, Behaviour(stop_numbers=frozenset({BOB[1:]})), zone=ZoneInfo("UTC"), clock=clock
        )
        again.step()
        collect(gateway)
    assert states() == ["delivered", "delivered"]


def test_references_go_on_after_a_restart_and_wrap(spool, clock):
    behaviour = Behaviour()
    Path(spool.path(".loopback.json")).write_text('{"reference": 254, "heard": {}}')
    for n in range(3):
        spool.put([(f"m{n}", render(to="27820001001", text="hi", report=True))])
        player = Loopback(spool, behaviour, zone=ZoneInfo("UTC"), clock=clock)
        player.step()
        clock.now += 1
        player.step()
    ids = [
        (Path(spool.path("sent")) / f"m{n}").read_text().split("Message_id: ")[1].split()[0] for n in range(3)
    ]
    assert ids == ["255", "0", "1"]


@pytest.mark.parametrize("memory", ["", "nonsense", "[]", '{"reference": "x", "heard": 1}'])
def test_a_damaged_memory_is_forgotten(spool, loopback, clock, memory):
    Path(spool.path(".loopback.json")).write_text(memory)
    Loopback(spool, Behaviour(), zone=ZoneInfo("UTC"), clock=clock).step()


def test_only_one_plays_on_a_spool(spool, loopback, clock):
    with loopback.alone():
        other = Loopback(spool, Behaviour(), zone=ZoneInfo("UTC"), clock=clock)
        with pytest.raises(Occupied), other.alone():
            pass
        with pytest.raises(CommandError, match="Another"):
            call_command("run_loopback", "--once")


def test_the_command_makes_one_step(spool, capsys):
    spool.put([("m1", render(to="27820001001", text="hi"))])
    call_command("run_loopback", "--once", "--delay", "0")
    assert os.listdir(spool.path("sent")) == ["m1"]


@pytest.mark.parametrize("number", ["clinic", "+", "12", "+27 82 000 1001"])
def test_the_command_refuses_what_is_no_number(spool, number):
    with pytest.raises(CommandError, match="telephone number"):
        call_command("run_loopback", "--once", "--stop-number", number)


@pytest.mark.parametrize("number", [signal.SIGTERM, signal.SIGINT])
def test_the_command_ends_quietly_when_told_to(tmp_path, number):
    environment = {"VAR_DIR": str(tmp_path / "var"), "PATH": os.environ["PATH"]}
    process = subprocess.Popen(
        [sys.executable, "manage.py", "run_loopback"], env=environment, stderr=subprocess.PIPE,
        cwd=Path(__file__).resolve().parents[2],
    )  # fmt: skip
    lock = tmp_path / "var" / "spool" / ".loopback.lock"
    servers.wait_until(lock.exists, seconds=30, what="the loopback gateway")
    servers.wait_until(lambda: _caught(process.pid, number), seconds=10, what="its signal handler")
    process.send_signal(number)
    _, errors = process.communicate(timeout=10)
    assert (process.returncode, errors) == (0, b"")


def _caught(pid: int, number: int) -> bool:
    """Whether the process has a handler for the signal of its own (proc(5), SigCgt)."""
    status = Path(f"/proc/{pid}/status").read_text()
    mask = int(next(line.split()[1] for line in status.splitlines() if line.startswith("SigCgt")), 16)
    # Python itself catches SIGINT from the start; SIGTERM only the command does.
    return bool(mask >> (signal.SIGTERM - 1) & 1) and bool(mask >> (number - 1) & 1)
