"""Files go into outgoing whole or not at all."""

from __future__ import annotations

import errno
import os
import random
import stat
import subprocess
import sys
import threading
import time
import uuid
from collections.abc import Callable
from pathlib import Path

import pytest

from smsbridge.spool.errors import SpoolUnavailable
from smsbridge.spool.folders import Spool, disk, writing
from tests.smsbridge.privileges import ordinary_folder, ordinary_user


def batch(number: int, content: bytes = b"To: 49172\n\nhello") -> list[tuple[str, bytes]]:
    return [(str(uuid.uuid4()), content) for _ in range(number)]


def outgoing(spool: Spool) -> dict[str, bytes]:
    return {path.name: path.read_bytes() for path in Path(spool.path("outgoing")).iterdir()}


@pytest.mark.parametrize("sync", [True, False])
def test_a_batch_lies_there_complete(spool: Spool, sync: bool) -> None:
    spool.sync = sync
    files = [("a", b"one"), ("b", b"two" * 100_000)]
    assert spool.put(files) == [True, True]
    assert outgoing(spool) == dict(files)


def test_the_group_may_read_and_write_whatever_the_umask(spool: Spool) -> None:
    before = os.umask(0o077)
    try:
        spool.put([("a", b"one")])
    finally:
        os.umask(before)
    assert stat.S_IMODE(os.stat(spool.path("outgoing/a")).st_mode) == 0o660


def test_nothing_to_put_is_no_trouble(spool: Spool) -> None:
    assert spool.put([]) == []


@pytest.mark.parametrize(
    "name", ["", ".hidden", "a b", "a;b", "../a", "a/b", "a\n", "ä", "x" * 129, "a\x00b", "$(a)"]
)
def test_names_that_a_shell_would_understand_are_refused(spool: Spool, name: str) -> None:
    with pytest.raises(ValueError, match="not the name"):
        spool.put([("good", b"x"), (name, b"x")])
    assert outgoing(spool) == {}


def test_nobody_sees_a_part_of_a_file(spool: Spool) -> None:
    content = b"x" * 300_000
    partial: list[str] = []
    done = threading.Event()

    def watch() -> None:
        while not done.is_set():
            for name in os.listdir(spool.path("outgoing")):
                if name[0] != "." and os.path.getsize(spool.path(f"outgoing/{name}")) != len(content):
                    partial.append(name)

    watcher = threading.Thread(target=watch)
    watcher.start()
    try:
        for _ in range(10):
            spool.put(batch(10, content))
    finally:
        done.set()
        watcher.join()
    assert partial == []
    assert len(outgoing(spool)) == 100


def failing(real: Callable, error: int, after: int) -> Callable:
    """The function, failing from its call number ``after`` on."""
    calls = iter(range(10**9))

    def call(*args: object, **kwargs: object) -> object:
        if next(calls) >= after:
            raise OSError(error, os.strerror(error))
        return real(*args, **kwargs)

    return call


TROUBLES = {
    "full when a file is begun": ("open", errno.ENOSPC, 3, "disk_full"),
    "full while writing": ("write", errno.ENOSPC, 2, "disk_full"),
    "over quota": ("write", errno.EDQUOT, 0, "disk_full"),
    "made read-only meanwhile": ("fchmod", errno.EROFS, 1, "read_only"),
    "a broken disk": ("write", errno.EIO, 1, "io_error"),
    "no name can be changed": ("rename", errno.EACCES, 0, "no_permission"),
}


@pytest.mark.parametrize(("call", "error", "after", "code"), TROUBLES.values(), ids=TROUBLES.keys())
def test_trouble_leaves_nothing_behind(spool: Spool, monkeypatch, call, error, after, code) -> None:
    files = batch(5)
    with monkeypatch.context() as patched:
        patched.setattr(writing.os, call, failing(getattr(os, call), error, after))
        with pytest.raises(SpoolUnavailable) as trouble:
            spool.put(files)
    assert trouble.value.code == code
    assert outgoing(spool) == {}
    assert spool.put(files) == [True] * 5  # and it heals by itself


def test_a_batch_that_cannot_be_synced_is_not_shown(spool: Spool, monkeypatch) -> None:
    class Libc:
        @staticmethod
        def syncfs(descriptor: int) -> int:
            return -1

    spool.sync = True
    monkeypatch.setattr(disk, "_libc", Libc)
    with pytest.raises(SpoolUnavailable):
        spool.put(batch(writing.FEW + 1))
    assert outgoing(spool) == {}


def test_few_files_are_each_on_the_disk_before_the_first_is_shown(spool: Spool, monkeypatch) -> None:
    steps: list[str] = []
    sync, rename = os.fsync, os.rename

    def synced(descriptor: int) -> None:
        steps.append("folder" if stat.S_ISDIR(os.fstat(descriptor).st_mode) else "file")
        sync(descriptor)

    def renamed(*names: str, **folders: int) -> None:
        steps.append("shown")
        rename(*names, **folders)

    spool.sync = True
    monkeypatch.setattr(writing.os, "fsync", synced)
    monkeypatch.setattr(writing.os, "rename", renamed)
    spool.put(batch(2))
    assert steps == ["file", "file", "shown", "shown", "folder"]


def test_a_single_file_that_cannot_be_synced_is_not_shown(spool: Spool, monkeypatch) -> None:
    def full(descriptor: int) -> None:
        raise OSError(errno.ENOSPC, "no space")

    spool.sync = True
    monkeypatch.setattr(writing.os, "fsync", full)
    with pytest.raises(SpoolUnavailable) as trouble:
        spool.put(batch(1))
    assert trouble.value.code == "disk_full"
    assert outgoing(spool) == {}


def test_without_syncfs_everything_is_synced_before_the_first_rename(spool: Spool, monkeypatch) -> None:
    seen: list[list[str]] = []
    spool.sync = True
    monkeypatch.setattr(disk, "_libc", object())
    monkeypatch.setattr(disk.os, "sync", lambda: seen.append(sorted(os.listdir(spool.path("outgoing")))))
    spool.put([(name, b"one") for name in "abcd"])
    assert seen == [[".a", ".b", ".c", ".d"]]


def test_a_large_file_written_in_pieces_is_complete(spool: Spool, monkeypatch) -> None:
    write = os.write
    monkeypatch.setattr(writing.os, "write", lambda descriptor, content: write(descriptor, content[:7]))
    spool.put([("a", b"0123456789" * 10)])
    assert outgoing(spool) == {"a": b"0123456789" * 10}


def test_one_file_in_trouble_does_not_stop_the_others(spool: Spool, caplog) -> None:
    Path(spool.path("outgoing/b/full")).mkdir(parents=True)  # no file can take this name
    assert spool.put([("a", b"one"), ("b", b"two"), ("c", b"three")]) == [True, False, True]
    assert sorted(os.listdir(spool.path("outgoing"))) == ["a", "b", "c"]
    assert "1 of 3 files" in caplog.text


def test_what_a_dead_worker_staged_is_written_anew(spool: Spool) -> None:
    Path(spool.path("outgoing/.a")).write_bytes(b"half of something much longer")
    assert spool.put([("a", b"one")]) == [True]
    assert outgoing(spool) == {"a": b"one"}


def test_a_link_laid_in_the_way_is_not_followed(spool: Spool, tmp_path: Path) -> None:
    victim = tmp_path / "victim"
    victim.write_bytes(b"mine")
    os.symlink(victim, spool.path("outgoing/.a"))
    with pytest.raises(SpoolUnavailable):
        spool.put([("a", b"one")])
    assert victim.read_bytes() == b"mine"
    assert spool.put([("a", b"one")]) == [True]  # the link went with the failed try


@pytest.mark.parametrize(("mode", "code"), [(0o500, "no_permission"), (0o000, "no_permission")])
def test_a_closed_folder(mode: int, code: str) -> None:
    with ordinary_folder() as folder, ordinary_user():
        spool = Spool(folder, sync=False)
        spool.create()
        os.chmod(spool.path("outgoing"), mode)
        with pytest.raises(SpoolUnavailable) as trouble:
            spool.put(batch(2))
        assert trouble.value.code == code
        os.chmod(spool.path("outgoing"), 0o700)
        assert outgoing(spool) == {}


def test_no_folder(tmp_path: Path) -> None:
    with pytest.raises(SpoolUnavailable) as trouble:
        Spool(tmp_path / "nowhere").put(batch(1))
    assert trouble.value.code == "missing"


ENDLESS_WORKER = """
import sys, uuid
from smsbridge.spool.folders import Spool
spool = Spool(sys.argv[1], sync=False)
print("ready", flush=True)
while True:
    spool.put([(str(uuid.uuid4()), b"y" * 10_000) for _ in range(50)])
"""


def test_a_killed_worker_leaves_whole_files_and_hidden_ones_only(spool: Spool) -> None:
    chance = random.Random(6)
    for _ in range(6):
        command = [sys.executable, "-c", ENDLESS_WORKER, str(spool.root)]
        with subprocess.Popen(command, stdout=subprocess.PIPE, text=True) as worker:
            worker.stdout.readline()
            give_up = time.monotonic() + 20
            # On a busy machine the first files may take their time.
            while not names(spool) and time.monotonic() < give_up:
                time.sleep(0.001)
            time.sleep(0.005 + chance.random() * 0.02)
            worker.kill()
    visible = {name: size for name, size in sizes(spool).items() if name[0] != "."}
    assert visible
    assert set(visible.values()) == {10_000}
    assert set(spool.find_many(visible)) == set(visible)
    spool.discard_staged(older_than=-1)
    assert set(sizes(spool)) == set(visible)


def names(spool: Spool) -> list[str]:
    return [name for name in os.listdir(spool.path("outgoing")) if name[0] != "."]


def sizes(spool: Spool) -> dict[str, int]:
    return {entry.name: entry.stat().st_size for entry in os.scandir(spool.path("outgoing"))}
