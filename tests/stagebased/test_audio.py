"""Copies of recordings for telephone platforms that play them from a folder."""

import pytest
from django.core.files.base import ContentFile
from kombu.exceptions import OperationalError

from stagebased.models import BinaryContent
from stagebased.operations.content import copy_audio
from stagebased.operations.content import store_file as store
from stagebased.tasks import copy_audio as task

pytestmark = pytest.mark.django_db
OGG = b"OggS" + b"\0" * 60
PNG = b"\x89PNG\r\n\x1a\n" + b"\0" * 60


@pytest.fixture(autouse=True)
def folders(settings, tmp_path):
    settings.MEDIA_ROOT, settings.AUDIO_FOLDER = tmp_path / "media", tmp_path / "audio"
    settings.AUDIO_FOLDER.mkdir()


def names(folder) -> list[str]:
    return sorted(path.name for path in folder.iterdir())


def keep(content: bytes) -> BinaryContent:
    return store(upload=ContentFile(content, "x"))


def test_recordings_are_copied_once_and_pictures_not(settings):
    recording, _ = keep(OGG), keep(PNG)
    assert [copy_audio(folder=settings.AUDIO_FOLDER) for _ in range(2)] == [1, 0]
    assert names(settings.AUDIO_FOLDER) == [recording.content.name.rpartition("/")[2]]
    assert next(settings.AUDIO_FOLDER.iterdir()).read_bytes() == OGG


def test_what_came_later_is_added_and_what_is_there_is_left_alone(settings):
    (settings.AUDIO_FOLDER / "jingle.wav").write_bytes(b"theirs")
    keep(OGG)
    task()
    keep(OGG + b"2")
    task()
    assert len(names(settings.AUDIO_FOLDER)) == 3
    assert (settings.AUDIO_FOLDER / "jingle.wav").read_bytes() == b"theirs"


def test_a_lost_file_does_not_stop_the_others(settings, caplog):
    lost, _ = keep(OGG), keep(OGG + b"2")
    lost.content.storage.delete(lost.content.name)
    assert copy_audio(folder=settings.AUDIO_FOLDER) == 1
    assert f"audio file {lost.pk} is lost" in caplog.text


def test_half_a_copy_is_never_seen(settings, monkeypatch):
    keep(OGG)

    def fill_up(source, target):
        target.write(b"Ogg")
        raise OSError(28, "No space left on device")

    monkeypatch.setattr("shutil.copyfileobj", fill_up)
    task()  # says so in the log
    assert names(settings.AUDIO_FOLDER) == []


def test_a_folder_that_is_gone_is_no_error_of_the_worker(settings, caplog):
    settings.AUDIO_FOLDER.rmdir()
    task()
    assert "audio was not copied: FileNotFoundError" in caplog.text


def test_the_old_tools_call(as_staff, settings, monkeypatch):
    class Sent:
        id = "task 1"

    told = []
    monkeypatch.setattr("celery.current_app.send_task", lambda name, **how: told.append(name) or Sent)
    for path in ("sync_audio_files/", "sync_audio_files"):
        answer = as_staff.post(f"/api/v1/{path}")
        assert (answer.status_code, answer.json()) == (
            202,
            {"sync_audio_files_initiated": True, "task_id": "task 1"},
        )
    assert told == ["stagebased.copy_audio"] * 2
    settings.AUDIO_FOLDER = None
    answer = as_staff.post("/api/v1/sync_audio_files/")
    assert (answer.status_code, answer.json()["sync_audio_files_initiated"]) == (409, False)
    assert "AUDIO_FOLDER" in answer.json()["reason"]


def test_a_queue_that_does_not_answer(as_staff, monkeypatch):
    def fail(*args: object, **how: object) -> None:
        raise OperationalError

    monkeypatch.setattr("celery.current_app.send_task", fail)
    answer = as_staff.post("/api/v1/sync_audio_files/")
    assert (answer.status_code, answer.json()["sync_audio_files_initiated"]) == (503, False)


def test_nobody_without_the_right_gets_in(anonymous):
    assert anonymous.post("/api/v1/sync_audio_files/").status_code == 401
