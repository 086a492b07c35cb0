"""Where a message is, how many wait, and who has waited too long."""

from __future__ import annotations

import os
import stat
import time
from collections.abc import Callable
from datetime import date, timedelta
from pathlib import Path

import pytest

from smsbridge.spool.errors import SpoolUnavailable
from smsbridge.spool.folders import Place, Spool, Stuck
from tests.smsbridge.privileges import ordinary_folder, ordinary_user, some_group

TODAY = date(2026, 11, 21)
NAME = "0198f6f1-0000-7000-8000-000000000001"


def lay(
    spool: Spool, folder: str, name: str = NAME, content: bytes = b"To: 49172\n\nhello", age: float = 0
) -> None:
    path = Path(spool.path(folder)) / name
    path.parent.mkdir(parents=True, exist_ok=True)
    path.write_bytes(b"To: 49172\n\nhello")
    moment = time.time() - age
    os.utime(path, (moment, moment))


def test_every_folder_is_made_for_the_group_and_closed_to_others(tmp_path: Path) -> None:
    before = os.umask(0o077)
    try:
        Spool(tmp_path / "a" / "spool").create()
    finally:
        os.umask(before)
    made = {path.name: stat.S_IMODE(path.stat().st_mode) for path in (tmp_path / "a" / "spool").iterdir()}
    assert set(made) == {
        "outgoing", "checked", "sent", "failed", "incoming", "report", "saved", "archive", "quarantine",
    }  # fmt: skip
    assert set(made.values()) == {0o2770}


def test_new_folders_belong_to_the_spools_group(tmp_path: Path) -> None:
    os.chown(tmp_path, -1, some_group())
    os.chmod(tmp_path, 0o755)  # not setgid, so that the system hands nothing on
    Spool(tmp_path).create()
    assert {path.stat().st_gid for path in tmp_path.iterdir()} == {tmp_path.stat().st_gid}


def test_folders_that_exist_keep_their_modes(tmp_path: Path) -> None:
    (tmp_path / "outgoing").mkdir(mode=0o755)
    Spool(tmp_path).create()
    assert stat.S_IMODE((tmp_path / "outgoing").stat().st_mode) == 0o755


PLACES = {
    "outgoing": ("outgoing", "outgoing"),
    "checked": ("checked", "checked"),
    "a queue's folder": ("D1", "checked"),
    "sent": ("sent", "sent"),
    "failed": ("failed", "failed"),
    "archived after sending": (f"archive/{TODAY}/sent", "sent"),
    "archived after failing": (f"archive/{TODAY - timedelta(3)}/failed", "failed"),
    "set aside": ("quarantine/sent", "quarantine"),
}


@pytest.mark.parametrize(("folder", "stage"), PLACES.values(), ids=PLACES.keys())
def test_a_message_is_found_wherever_it_is(spool: Spool, folder: str, stage: str) -> None:
    lay(spool, folder)
    lay(spool, "sent", "another-name")
    assert spool.find(NAME) == Place(stage, folder, locked=False)


@pytest.mark.parametrize("folder", ["incoming", "report", "saved", "stats", f"archive/{TODAY}/incoming"])
def test_other_folders_hold_no_message_of_ours(spool: Spool, folder: str) -> None:
    lay(spool, folder)
    assert spool.find(NAME) is None


def test_a_staged_or_locked_name_alone_is_nowhere(spool: Spool) -> None:
    lay(spool, "outgoing", f".{NAME}")
    lay(spool, "checked", f"{NAME}.LOCK")
    assert spool.find(NAME) is None


def test_in_two_folders_the_later_counts(spool: Spool) -> None:
    lay(spool, "outgoing")
    lay(spool, "checked")
    assert spool.find(NAME) == Place("checked", "checked", locked=False)
    lay(spool, "sent")
    lay(spool, "sent", f"{NAME}.LOCK")
    assert spool.find(NAME) == Place("sent", "sent", locked=True)


def test_names_that_are_none_are_nowhere(spool: Spool) -> None:
    lay(spool, "outgoing")
    assert spool.find_many(["", ".", "..", "../outgoing/" + NAME, "a\x00b", NAME]).keys() == {NAME}


def test_a_whole_batch_is_found_in_one_go(spool: Spool) -> None:
    for folder, name in [("outgoing", "a"), ("D1", "b"), ("sent", "c"), ("failed", "d")]:
        lay(spool, folder, name)
    found = spool.find_many(["a", "b", "c", "d", "e"])
    assert {name: place.stage for name, place in found.items()} == {
        "a": "outgoing", "b": "checked", "c": "sent", "d": "failed",
    }  # fmt: skip


def test_only_the_newest_days_of_the_archive_are_searched(spool: Spool) -> None:
    for age in range(10):
        lay(spool, f"archive/{TODAY - timedelta(age)}/sent", f"day-{age}")
    lay(spool, "archive/not-a-day/sent", "day-0")
    found = spool.find_many([f"day-{age}" for age in range(10)], days=3)
    assert sorted(found) == ["day-0", "day-1", "day-2"]


class Restless(Spool):
    """A spool in which the message moves on after each look."""

    path_of_life = ("outgoing", "checked", "sent", f"archive/{TODAY}/sent")

    def _present(self, folder: str, names: list[str]) -> dict[str, bool]:
        found = super()._present(folder, names)
        for here, there in zip(self.path_of_life, self.path_of_life[1:], strict=False):
            if os.path.exists(self.path(f"{here}/{NAME}")):
                os.renames(self.path(f"{here}/{NAME}"), self.path(f"{there}/{NAME}"))
                break
        return found


@pytest.mark.parametrize("start", ["outgoing", "checked", "sent"])
def test_a_message_on_the_move_does_not_slip_through(tmp_path: Path, start: str) -> None:
    spool = Restless(tmp_path)
    spool.create()
    lay(spool, start)
    assert spool.find(NAME) is not None


def test_what_cannot_be_looked_into_is_trouble_and_not_absence() -> None:
    with ordinary_folder() as folder, ordinary_user():
        spool = Spool(folder)
        spool.create()
        os.chmod(spool.path("sent"), 0)
        with pytest.raises(SpoolUnavailable) as trouble:
            spool.find(NAME)
        assert trouble.value.code == "no_permission"
        os.chmod(spool.path("sent"), 0o700)


def test_waiting_counts_what_smsd_still_has_to_send(spool: Spool) -> None:
    for number, folder in enumerate(["outgoing", "outgoing", "checked", "D1", "sent", "failed", "stats"]):
        lay(spool, folder, f"file-{number}")
    for hidden in (".staged", "file-0.LOCK", "LOCKED-file"):
        lay(spool, "outgoing", hidden)
    assert spool.waiting(100) == 4


def test_waiting_counts_no_further_than_asked(spool: Spool, monkeypatch) -> None:
    for number in range(20):
        lay(spool, "outgoing", f"file-{number}")
        lay(spool, "checked", f"other-{number}")
    assert spool.waiting(30) == 30
    monkeypatch.setattr(os, "scandir", only_outgoing(os.scandir))
    assert spool.waiting(20) == 20


def only_outgoing(scandir: Callable) -> Callable:
    """Fails where a folder is opened that need not be."""

    def checked(path: str) -> object:
        assert os.path.basename(path) in ("spool", "outgoing")
        return scandir(path)

    return checked


def test_waiting_in_a_spool_that_is_not_there(tmp_path: Path) -> None:
    with pytest.raises(SpoolUnavailable) as trouble:
        Spool(tmp_path / "nowhere").waiting(1)
    assert trouble.value.code == "missing"


def test_files_stuck_in_outgoing_are_shown_the_oldest_first(spool: Spool) -> None:
    for name, age in [("new", 10), ("old", 400), ("older", 4000), (".staged", 9000)]:
        lay(spool, "outgoing", name, age=age)
    now = time.time()
    assert [(stuck.name, round(stuck.seconds, -2)) for stuck in spool.stuck(300, now=now)] == [
        ("older", 4000),
        ("old", 400),
    ]
    assert spool.stuck(5000) == []
    assert isinstance(spool.stuck(1)[0], Stuck)


def test_what_dead_workers_staged_goes_after_an_hour(spool: Spool) -> None:
    for name, age in [(".old", 4000), (".new", 100), ("waiting", 4000)]:
        lay(spool, "outgoing", name, age=age)
    assert spool.discard_staged() == 1
    assert sorted(os.listdir(spool.path("outgoing"))) == [".new", "waiting"]
