"""Whatever lies in the folders: nothing is lost, nothing counts twice, nothing stops the sweep."""

from __future__ import annotations

import os
import shutil
import socket
from collections import Counter
from dataclasses import dataclass
from pathlib import Path

import pytest
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st

from contacts.models import Contact
from outbox.models import Delivery
from smsbridge.collector import collect
from smsbridge.models import CollectorCount, InboundMessage, PartReference, StatusReport
from smsbridge.spool.folders import FINISHED_KINDS, Spool
from tests.smsbridge.smsd_files import PlayedSmsd, handed

pytestmark = pytest.mark.django_db
DELIVERIES = 4

REPORT = "SMS STATUS REPORT\nMessage_id: 1\nStatus: 0,Ok"
WHEN = "Sent: 26-11-21 08:00:00\nReceived: 26-11-21 08:00:01\n"
FILES = {
    "sent": b"To: 27820001001\nModem: GSM1\nSent: 26-11-21 08:00:00\nMessage_id: 1 2 .\nIMSI: 1\n\nhello",
    "failed": b"To: 27820001001\nModem: GSM1\nFail_reason: ERROR\nFailed: 26-11-21 08:00:00\n\nhello",
    "received": f"From: 27820001001\nFrom_TOA: 91\n{WHEN}Alphabet: UTF-8\n\nhello there".encode(),
    "stop": f"From: 27820001001\nFrom_TOA: 91\n{WHEN}Alphabet: UTF-8\n\nSTOP".encode(),
    "emoji": f"From: 27820001001\n{WHEN}Alphabet: UCS2\n\n".encode() + "😀".encode("utf-16-be"),
    "call": f"From: 27820001001\n{WHEN}Call_type: missed\n\nCALL MISSED".encode(),
    "report": f"From: 27820001001\n{WHEN}Modem: GSM1\n\n{REPORT}".encode(),
}
CONTENTS = (
    st.sampled_from(list(FILES.values()))
    | st.builds(lambda raw, end: raw[:end], st.sampled_from(list(FILES.values())), st.integers(0, 120))
    | st.builds(lambda raw, mess: mess + raw, st.sampled_from(list(FILES.values())), st.binary(max_size=8))
    | st.binary(max_size=200)
)
OWN = st.integers(0, DELIVERIES - 1).map(str)
MODEMS = st.integers(0, 9).map(lambda n: f"GSM1.{n:06d}")
ODD = st.sampled_from(
    ["a b", "$(id)", "-n", "ünïcode", "x" * 255, "GSM1.000001.LOCK", ".hidden", "LOCKED1",
     "smsd_script.AbCdEf", "GSM1-concatenated", "new\nline", "quarantine", "archive", "\udcff\udcfe"]
)  # fmt: skip


@dataclass(frozen=True)
class Entry:
    """Something in a folder; a digit as name stands for a delivery's id."""

    folder: str
    name: str
    content: bytes
    kind: str


ENTRIES = st.lists(
    st.builds(
        Entry,
        folder=st.sampled_from(FINISHED_KINDS),
        name=OWN | MODEMS | ODD,
        content=CONTENTS,
        kind=st.sampled_from(["file"] * 8 + ["link", "pipe", "folder", "socket"]),
    ),
    max_size=12,
    unique_by=lambda entry: (entry.folder, entry.name),
)


def make(root: Path, entry: Entry, names: list[str], secret: Path) -> None:
    path = root / entry.folder / (names[int(entry.name)] if entry.name.isdigit() else entry.name)
    match entry.kind:
        case "file":
            path.write_bytes(entry.content)
        case "link":
            path.symlink_to(secret)
        case "pipe":
            os.mkfifo(path)
        case "folder":
            path.mkdir()
        case "socket":
            # A socket's path is short (unix(7)); the folder is entered instead.
            with socket.socket(socket.AF_UNIX) as made:
                made.bind(f"/proc/self/fd/{(folder := os.open(path.parent, os.O_RDONLY))}/s")
                os.close(folder)
            os.rename(path.parent / "s", path)


def regular_files(root: Path) -> Counter[bytes]:
    return Counter(path.read_bytes() for path in root.rglob("*") if path.is_file() and not path.is_symlink())


def rows() -> list[object]:
    """Everything that collecting writes, but for counters of what lies about."""
    return [
        *Delivery.objects.order_by("id").values_list("id", "state", "sent_at", "reason", "detail"),
        *PartReference.objects.order_by("id").values_list("delivery", "reference", "status"),
        *StatusReport.objects.order_by("id").values_list("fingerprint", "matched"),
        *InboundMessage.objects.order_by("id").values_list("fingerprint", "text", "meaning", "answer"),
        *Contact.objects.order_by("id").values_list("id", "opted_out_at"),
    ]


@pytest.mark.fault("F31")
@settings(max_examples=60, deadline=None, suppress_health_check=[HealthCheck.function_scoped_fixture])
@given(entries=ENTRIES)
def test_any_spool_is_swept(gateway, spool: Spool, tmp_path: Path, entries: list[Entry]):
    secret = tmp_path / "secret"
    secret.write_bytes(FILES["sent"])
    for model in (CollectorCount, StatusReport, InboundMessage, PartReference, Delivery, Contact):
        model.objects.all().delete()
    shutil.rmtree(spool.root)
    spool.create()
    names = [str(handed().pk) for _ in range(DELIVERIES)]
    for entry in entries:
        make(spool.root, entry, names, secret)
    before = regular_files(spool.root)

    collect(gateway)

    after = rows()
    assert regular_files(spool.root) == before
    assert secret.read_bytes() == FILES["sent"]
    check_fates(entries, names)
    collect(gateway)
    assert rows() == after


def check_fates(entries: list[Entry], names: list[str]) -> None:
    """A file of content under a delivery's name in sent or failed decides, by the folder alone."""
    files = {(e.folder, e.name) for e in entries if e.kind == "file" and e.content}
    states = dict(Delivery.objects.filter(source="test").values_list("id", "state"))
    for place, name in enumerate(names):
        state = next(state for key, state in states.items() if str(key) == name)
        decided = {folder for folder in ("sent", "failed") if (folder, str(place)) in files}
        # A report may have followed: then "sent" has become "delivered".
        possible = {"sent": {"sent", "delivered"}, "failed": {"failed"}}
        assert (
            state in set().union(*(possible[folder] for folder in decided)) if decided else state == "handed"
        )


@pytest.mark.parametrize("kind", ["sent", "incoming"])
def test_the_first_of_many_files_is_had_after_one_listing(spool: Spool, kind: str, monkeypatch):
    """However many there are, only those are opened that are asked for."""
    folder = Path(spool.path(kind))
    for base in range(4):
        (folder / f"base{base}").write_bytes(FILES[{"sent": "sent", "incoming": "received"}[kind]])
        for n in range(500):
            os.link(folder / f"base{base}", folder / f"m{base}{n:05d}")
    listed, opened = [], []
    scandir, open_file = os.scandir, os.open
    monkeypatch.setattr(os, "scandir", lambda *args: listed.append(args) or scandir(*args))
    monkeypatch.setattr(
        os, "open", lambda *args, **options: opened.append(args) or open_file(*args, **options)
    )
    found = spool.finished(kind)
    assert next(found).content
    assert (len(listed), len(opened)) == (1, 2), "the folder and one file"
    assert next(found).content
    assert (len(listed), len(opened)) == (1, 3)


def test_a_great_backlog_leaves_the_other_folders_their_turn(gateway, smsd: PlayedSmsd, monkeypatch):
    monkeypatch.setattr("smsbridge.collector.sweep.BUDGET", 0.0)
    monkeypatch.setattr("smsbridge.collector.sweep.BATCH", 5)
    for _ in range(12):
        smsd.sent(handed())
    smsd.report(1)
    smsd.received("hello there")
    assert collect(gateway) == 7
    assert InboundMessage.objects.count() == 1
    assert collect(gateway) == 5
    assert collect(gateway) == 2
