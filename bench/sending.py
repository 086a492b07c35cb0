"""The parts of ``bench.sends``: workers, consumer, the bare limit."""

from __future__ import annotations

import os
import signal
import subprocess
import sys
import time
from collections.abc import Iterator
from contextlib import contextmanager, suppress
from pathlib import Path

from celery import current_app
from kombu.exceptions import OperationalError

from bench.common import ROOT, Stopwatch
from bench.programme import TEXT, insert_select, literal
from tests.servers import wait_until

LIMIT_BATCH = 5000
_FILE = "To: {number}\nAlphabet: ISO\nReport: yes\n\n{text}"


class Consumer:
    """``bench.consumer`` on a spool's outgoing."""

    def __init__(self, home: Path, spool: Path) -> None:
        self.outgoing, self.count_file = spool / "outgoing", home / "consumed"

    @contextmanager
    def running(self) -> Iterator[Consumer]:
        """Start from nothing; ends with the block."""
        self.count_file.unlink(missing_ok=True)
        process = subprocess.Popen(
            [sys.executable, "-m", "bench.consumer", str(self.outgoing), str(self.count_file)], cwd=ROOT
        )
        try:
            yield self
        finally:
            process.kill()
            process.wait()

    def taken(self) -> tuple[int, int]:
        """How many different names, and how many files."""
        try:
            names, files = self.count_file.read_text().split()
        except FileNotFoundError:
            return 0, 0
        return int(names), int(files)

    def wait_for(self, count: int, *, seconds: float) -> None:
        wait_until(lambda: self.taken()[1] >= count, seconds=seconds, what=f"{count} files", every=0.01)


@contextmanager
def workers(home: Path, processes: int) -> Iterator[list[int]]:
    """A Celery worker with so many pool processes; the ids of all its processes."""
    with (home / "worker.log").open("wb") as log:
        worker = subprocess.Popen(
            [sys.executable, "-m", "celery", "-A", "config", "worker", "--queues", "switchboard,gateway.sms",
             "--concurrency", str(processes), "--without-mingle", "--without-gossip", "--loglevel", "INFO"],
            cwd=ROOT, stdout=log, stderr=log, start_new_session=True,
            env=os.environ | {"LOG_LEVEL": "INFO"},
        )  # fmt: skip
    try:
        wait_until(lambda: " ready." in (home / "worker.log").read_text(), seconds=60, what="the worker")
        yield [worker.pid, *_children(worker.pid)]
    finally:
        with suppress(ProcessLookupError):
            os.killpg(worker.pid, signal.SIGKILL)
        worker.wait()


def _children(pid: int) -> list[int]:
    listings = Path(f"/proc/{pid}/task").glob("*/children")
    return [int(child) for listing in listings for child in listing.read_text().split()]


def largest_memory(pids: list[int]) -> float:
    """The most resident memory that any of the processes has had, in MB."""
    peaks = [
        int(line.split()[1])
        for pid in pids
        for line in Path(f"/proc/{pid}/status").read_text().splitlines()
        if line.startswith("VmHWM:")
    ]
    return max(peaks) / 1024


def hint(task: str, *arguments: str, queue: str = "switchboard") -> None:
    with suppress(OperationalError):
        current_app.send_task(task, arguments, queue=queue, expires=2, retry=False)


def rate_of_workers(consumer: Consumer, count: int) -> float:
    """Files a second, from the first hint to the last file, while the clock's part is played here."""
    watch, next_hint = Stopwatch(), 0.0
    while consumer.taken()[1] < count:
        if watch.wall() >= next_hint:
            hint("stagebased.plan")
            hint("outbox.run_gateway", "sms", queue="gateway.sms")
            next_hint += 0.5
        if watch.wall() > 60 + count / 200:
            raise TimeoutError(f"only {consumer.taken()[1]} of {count} files")
        time.sleep(0.005)
    return count / watch.wall()


def rate_of_bare_limit(consumer: Consumer, count: int) -> float:
    """Sends a second of one process that does nothing but what cannot be left out.

    One ``INSERT … SELECT`` for each 5000 rows, and for each row a file,
    created and renamed, with the same content as ours.
    """
    watch, last = Stopwatch(), "00000000-0000-0000-0000-000000000000"
    for _ in range(0, count, LIMIT_BATCH):
        rows = _insert(last)
        for key, number, _ in rows:
            _create_and_rename(consumer.outgoing, key, number)
        last = max(cause for _, _, cause in rows)
    consumer.wait_for(count, seconds=600)
    return count / watch.wall()


def _insert(last: str) -> list[tuple[str, str, str]]:
    from outbox.ids import millisecond_prefix
    from outbox.models import Delivery

    prefix = millisecond_prefix()
    return insert_select(
        Delivery,
        "(SELECT id, contact_id FROM stagebased_subscription WHERE id > %s ORDER BY id LIMIT %s) s"
        " JOIN contacts_address a ON a.contact_id = s.contact_id",
        [last, LIMIT_BATCH],
        "id::text, address, cause::text",
        id=f"overlay(gen_random_uuid()::text placing '{prefix[:8]}-{prefix[8:]}-7' from 1 for 15)::uuid",
        source=literal("subscription"), cause="s.id", slot_key=literal("2026-11-21T08:00Z"),
        contact_id="s.contact_id", address="a.value", text=literal(TEXT), parts="1",
        expires_at="now() + interval '2 days'",
    )  # fmt: skip


def _create_and_rename(outgoing: Path, key: str, number: str) -> None:
    content = _FILE.format(number=number, text=TEXT).encode()
    hidden, shown = outgoing / f".{key}", outgoing / key
    descriptor = os.open(hidden, os.O_WRONLY | os.O_CREAT, 0o660)
    os.write(descriptor, content)
    os.close(descriptor)
    os.rename(hidden, shown)
