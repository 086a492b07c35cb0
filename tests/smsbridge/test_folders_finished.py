"""Only what smsd has finished with is read, and nothing that lies there stops the sweep."""

from __future__ import annotations

import logging
import os
import threading
import time
from datetime import date
from pathlib import Path

import pytest

from smsbridge.spool.errors import SpoolUnavailable
from smsbridge.spool.folders import Spool, reading
from tests.smsbridge.privileges import ordinary_folder, ordinary_user

DAY = date(2026, 11, 21)


def lay(spool: Spool, path: str, content: bytes = b"To: 49172\n\nhello", age: float = 60) -> Path:
    file = Path(spool.path(path))
    file.write_bytes(content)
    moment = time.time() - age
    os.utime(file, (moment, moment))
    return file


def names(spool: Spool, kind: str = "sent") -> list[str]:
    return sorted(file.name for file in spool.finished(kind))


def test_a_finished_file_comes_with_its_content_and_time(spool: Spool) -> None:
    lay(spool, "sent/a", b"To: 1\n\nx", age=100)
    [file] = spool.finished("sent")
    assert (file.kind, file.name, file.content, file.trouble) == ("sent", "a", b"To: 1\n\nx", "")
    assert file.modified_at == pytest.approx(time.time() - 100, abs=5)


PASSED_OVER = [
    "GSM1-concatenated", "smsd_script.a1B2c3", "test.a1B2c3", ".hidden", "a.LOCK", "LOCKEDa", "LOCKED.b",
]  # fmt: skip


@pytest.mark.parametrize("kind", ["sent", "failed", "incoming", "report"])
def test_smsds_own_files_are_passed_over(spool: Spool, kind: str) -> None:
    for name in PASSED_OVER:
        lay(spool, f"{kind}/{name}")
    lay(spool, f"{kind}/empty", b"")
    Path(spool.path(f"{kind}/folder")).mkdir()
    lay(spool, f"{kind}/GSM1.a1B2c3")
    assert names(spool, kind) == ["GSM1.a1B2c3"]


def test_a_file_with_a_lock_beside_it_is_not_finished(spool: Spool) -> None:
    lay(spool, "sent/a")
    lay(spool, "sent/a.LOCK")
    assert names(spool) == []
    os.unlink(spool.path("sent/a.LOCK"))
    assert names(spool) == ["a"]


def test_a_lock_that_appears_after_the_listing_counts(spool: Spool) -> None:
    lay(spool, "sent/a")
    lay(spool, "sent/b")
    files = spool.finished("sent")
    first = next(files).name
    other = {"a": "b", "b": "a"}[first]
    lay(spool, f"sent/{other}.LOCK")
    assert list(files) == []


def test_a_file_that_another_worker_takes_meanwhile_is_passed_over(spool: Spool) -> None:
    for name in ("a", "b", "c"):
        lay(spool, f"sent/{name}")
    files = spool.finished("sent")
    first = next(files).name
    for name in {"a", "b", "c"} - {first}:
        spool.archive("sent", name, DAY)
    assert list(files) == []


def test_messages_come_in_the_order_of_their_arrival(spool: Spool) -> None:
    for name, age in [("c", 30), ("a", 10), ("b", 20)]:
        lay(spool, f"incoming/{name}", age=age)
    assert [file.name for file in spool.finished("incoming")] == ["c", "b", "a"]


def test_a_large_message_still_being_written_waits(spool: Spool) -> None:
    lay(spool, "incoming/large", b"x" * 5000, age=0)
    lay(spool, "incoming/small", b"x" * 500, age=0)
    lay(spool, "sent/large", b"x" * 5000, age=0)
    assert names(spool, "incoming") == ["small"]
    assert names(spool, "sent") == ["large"]
    lay(spool, "incoming/large", b"x" * 5000, age=3)
    assert names(spool, "incoming") == ["large", "small"]


def test_odd_things_are_named_and_not_opened(spool: Spool, tmp_path: Path) -> None:
    secret = tmp_path / "secret"
    secret.write_bytes(b"nobody's business")
    os.symlink(secret, spool.path("sent/link"))
    os.symlink("nowhere", spool.path("sent/dangling"))
    os.mkfifo(spool.path("sent/fifo"))
    lay(spool, "sent/large", b"x" * 2001)
    lay(spool, "sent/a b;c")
    lay(spool, "sent/" + os.fsdecode(b"\xff\xfe"))
    lay(spool, "sent/good")
    found = {file.name: (file.trouble, file.content) for file in spool.finished("sent", largest=2000)}
    assert found == {
        "link": ("symlink", b""),
        "dangling": ("symlink", b""),
        "fifo": ("special", b""),
        "large": ("too_large", b""),
        "a b;c": ("bad_name", b""),
        os.fsdecode(b"\xff\xfe"): ("bad_name", b""),
        "good": ("", b"To: 49172\n\nhello"),
    }


def test_a_link_or_fifo_swapped_in_after_the_listing_is_not_followed(
    spool: Spool, tmp_path: Path, monkeypatch
) -> None:
    secret = tmp_path / "secret"
    secret.write_bytes(b"nobody's business")
    lay(spool, "sent/a")
    lay(spool, "sent/b")
    list_entries = reading._entries

    def swapped(folder: int, kind: str) -> list[tuple[str, str]]:
        found = list(list_entries(folder, kind))
        for name in ("a", "b"):
            os.unlink(spool.path(f"sent/{name}"))
        os.symlink(secret, spool.path("sent/a"))
        os.mkfifo(spool.path("sent/b"))
        return found

    monkeypatch.setattr(reading, "_entries", swapped)
    found = {file.name: (file.trouble, file.content) for file in spool.finished("sent")}
    assert found == {"a": ("unreadable", b""), "b": ("special", b"")}


def test_a_file_that_may_not_be_read_is_named_so() -> None:
    with ordinary_folder() as folder, ordinary_user():
        spool = Spool(folder)
        spool.create()
        lay(spool, "sent/a").chmod(0)
        [file] = spool.finished("sent")
        assert (file.trouble, file.content) == ("unreadable", b"")


def test_a_folder_that_is_missing_has_nothing_and_a_closed_one_is_trouble() -> None:
    with ordinary_folder() as folder, ordinary_user():
        spool = Spool(folder)
        spool.create()
        os.rmdir(spool.path("report"))
        assert list(spool.finished("report")) == []
        os.chmod(spool.path("sent"), 0)
        with pytest.raises(SpoolUnavailable):
            list(spool.finished("sent"))
        os.chmod(spool.path("sent"), 0o700)


@pytest.mark.parametrize("kind", ["outgoing", "archive", "../sent", ""])
def test_only_four_folders_have_finished_files(spool: Spool, kind: str) -> None:
    with pytest.raises(ValueError, match="no folder of finished files"):
        list(spool.finished(kind))
    with pytest.raises(ValueError, match="no folder of finished files"):
        spool.archive(kind, "a", DAY)


def test_archived_files_lie_by_day_and_kind(spool: Spool) -> None:
    lay(spool, "sent/a", b"content")
    assert spool.archive("sent", "a", DAY) is True
    assert Path(spool.path("archive/2026-11-21/sent/a")).read_bytes() == b"content"
    assert names(spool) == []
    assert spool.archive("sent", "a", DAY) is False  # already done, by us or another worker


def test_archiving_overwrites_nothing(spool: Spool) -> None:
    for content in (b"first", b"second", b"third"):
        lay(spool, "incoming/GSM1.abc123", content)
        assert spool.archive("incoming", "GSM1.abc123", DAY)
    day = Path(spool.path("archive/2026-11-21/incoming"))
    assert {path.name: path.read_bytes() for path in day.iterdir()} == {
        "GSM1.abc123": b"first",
        "GSM1.abc123.2": b"second",
        "GSM1.abc123.3": b"third",
    }


def test_of_two_workers_one_archives_each_file(spool: Spool) -> None:
    every = [f"file-{number}" for number in range(300)]
    for name in every:
        lay(spool, f"sent/{name}")
    taken: list[str] = []

    def work() -> None:
        taken.extend(name for name in every if spool.archive("sent", name, DAY))

    workers = [threading.Thread(target=work) for _ in range(3)]
    for worker in workers:
        worker.start()
    for worker in workers:
        worker.join()
    assert sorted(taken) == sorted(every)
    assert len(os.listdir(spool.path("archive/2026-11-21/sent"))) == 300


def test_quarantine_keeps_the_file_and_logs_why(spool: Spool, caplog) -> None:
    lay(spool, "sent/a", b"+491721234567 secret words")
    with caplog.at_level(logging.WARNING):
        assert spool.quarantine("sent", "a", "no_blank_line") is True
    assert Path(spool.path("quarantine/sent/a")).read_bytes() == b"+491721234567 secret words"
    assert "sent/a: no_blank_line" in caplog.text
    assert "secret" not in caplog.text
    assert spool.quarantine("sent", "a", "no_blank_line") is False


HOSTILE_NAMES = [
    os.fsdecode(b"\xff\xfe"),
    "a b;touch x",
    "line\nbreak",
    "ä" * 100,
    "x" * 200,
    "-rf",
    "$(reboot)",
]


@pytest.mark.parametrize("name", HOSTILE_NAMES)
def test_quarantine_gives_hostile_names_harmless_ones(spool: Spool, name: str, caplog) -> None:
    lay(spool, f"incoming/{name}", b"x")
    [file] = spool.finished("incoming")
    assert spool.quarantine("incoming", file.name, file.trouble or "test")
    [kept] = os.listdir(spool.path("quarantine/incoming"))
    assert set(kept) <= set("abcdefghijklmnopqrstuvwxyz()$-_") - set("()$")
    assert len(kept) <= 128
    assert caplog.text.count("\n") == 1


def test_quarantine_moves_a_link_itself(spool: Spool, tmp_path: Path) -> None:
    (tmp_path / "secret").write_bytes(b"mine")
    os.symlink(tmp_path / "secret", spool.path("sent/link"))
    assert spool.quarantine("sent", "link", "symlink")
    assert os.path.islink(spool.path("quarantine/sent/link"))
    assert (tmp_path / "secret").read_bytes() == b"mine"


def test_quarantine_overwrites_nothing(spool: Spool) -> None:
    for name in ("a b", "a;b"):
        lay(spool, f"sent/{name}", name.encode())
        spool.quarantine("sent", name, "bad_name")
    folder = Path(spool.path("quarantine/sent"))
    assert {path.name: path.read_bytes() for path in folder.iterdir()} == {"_a_b": b"a b", "_a_b.2": b"a;b"}


def test_a_file_that_cannot_be_moved_is_trouble() -> None:
    with ordinary_folder() as folder, ordinary_user():
        spool = Spool(folder)
        spool.create()
        lay(spool, "sent/a")
        os.chmod(spool.path("sent"), 0o500)
        with pytest.raises(SpoolUnavailable) as trouble:
            spool.archive("sent", "a", DAY)
        assert trouble.value.code == "no_permission"
        os.chmod(spool.path("sent"), 0o700)


def test_thousands_of_files_and_oddities_are_listed_in_one_go(spool: Spool) -> None:
    for number in range(3000):
        Path(spool.path(f"incoming/GSM1.{number:06}")).write_bytes(b"From: 1\n\nx")
        if number % 3 == 0:
            Path(spool.path(f"incoming/GSM1.{number:06}.LOCK")).touch()
        if number % 100 == 0:
            os.symlink("x", spool.path(f"incoming/link-{number}"))
            os.mkfifo(spool.path(f"incoming/fifo-{number}"))
    found = list(spool.finished("incoming"))
    assert sum(not file.trouble for file in found) == 2000
    assert len(found) == 2060
