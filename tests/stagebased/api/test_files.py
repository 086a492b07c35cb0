"""Audio and pictures: uploaded, kept as what they are, fetched by anybody who has the address."""

from __future__ import annotations

from pathlib import Path

import pytest
from django.core.files.uploadedfile import SimpleUploadedFile

from stagebased.models import BinaryContent, Message, Revision
from stagebased.operations.content import Place, save_draft
from stagebased.operations.content.kinds import file_kind
from tests.stagebased.api.conftest import PNG

pytestmark = pytest.mark.fault("F34")

MP3 = b"ID3\x04\x00" + b"\x00" * 60
KNOWN = {
    "png": (PNG, "image/png"),
    "jpeg": (b"\xff\xd8\xff\xe0" + b"\x00" * 20, "image/jpeg"),
    "gif": (b"GIF89a" + b"\x00" * 20, "image/gif"),
    "webp": (b"RIFF\x10\x00\x00\x00WEBPVP8 ", "image/webp"),
    "wav": (b"RIFF\x10\x00\x00\x00WAVEfmt ", "audio/wav"),
    "ogg": (b"OggS\x00\x02", "audio/ogg"),
    "flac": (b"fLaC\x00", "audio/flac"),
    "amr": (b"#!AMR\n", "audio/amr"),
    "m4a": (b"\x00\x00\x00\x20ftypM4A ", "audio/mp4"),
    "mp3 with tag": (MP3, "audio/mpeg"),
    "mp3 frame": (b"\xff\xfb\x90\x44" + b"\x00" * 20, "audio/mpeg"),
}
UNKNOWN = {
    "web page": b"<html><script>alert(1)</script></html>",
    "drawing with a script": b"<svg xmlns='http://www.w3.org/2000/svg' onload='alert(1)'/>",
    "program": b"\x7fELF\x02\x01\x01",
    "text": b"hello",
    "other RIFF": b"RIFF\x10\x00\x00\x00AVI LIST",
    "film": b"\x00\x00\x00\x20ftypqt  ",
    "UTF-16 text": b"\xff\xfeh\x00i\x00",
    "frame that cannot be": b"\xff\xff\xff\xff",
    "PDF": b"%PDF-1.7",
}


@pytest.fixture(autouse=True)
def media(settings, tmp_path: Path) -> Path:
    settings.MEDIA_ROOT = tmp_path / "media"
    return tmp_path / "media" / "content"


def upload(
    client,
    content: bytes = MP3,
    name: str = "hello.mp3",
    method: str = "post",
    path: str = "/api/v1/binarycontent/",
):
    file = SimpleUploadedFile(name, content, content_type="text/html")
    return getattr(client, method)(path, {"content": file}, format="multipart")


def files(folder: Path) -> list[bytes]:
    return sorted(file.read_bytes() for file in folder.glob("*"))


@pytest.mark.parametrize(("content", "content_type"), KNOWN.values(), ids=KNOWN)
def test_a_file_is_known_by_its_content(content, content_type) -> None:
    assert file_kind(content).content_type == content_type


@pytest.mark.parametrize("content", UNKNOWN.values(), ids=UNKNOWN)
def test_other_content_is_refused_whatever_it_is_called(as_alice, db, media, content) -> None:
    answer = upload(as_alice, content, name="hello.mp3")

    assert answer.status_code == 400
    assert list(answer.json()) == ["content"]
    assert not BinaryContent.objects.exists()
    assert files(media) == []


def test_an_uploaded_file_gets_a_name_that_nobody_can_guess(as_alice, db) -> None:
    answer = upload(as_alice, name="../../secret name.html")

    record = BinaryContent.objects.get()
    assert answer.status_code == 201
    assert answer.json() == {"id": record.pk, "content": f"http://testserver/media/{record.content.name}"}
    assert answer["Location"] == f"http://testserver/api/v1/binarycontent/{record.pk}/"
    folder, name = record.content.name.split("/")
    assert folder == "content"
    assert len(name.removesuffix(".mp3")) == 32


def test_anybody_with_the_address_can_fetch_the_file_and_no_browser_runs_it(as_alice, anonymous, db) -> None:
    url = upload(as_alice).json()["content"]

    answer = anonymous.get(url)

    assert answer.status_code == 200
    assert b"".join(answer.streaming_content) == MP3
    assert answer["Content-Type"] == "audio/mpeg"
    assert answer["X-Content-Type-Options"] == "nosniff"
    assert answer["Content-Disposition"].startswith("attachment; filename=")
    assert "sandbox" in answer["Content-Security-Policy"]


def test_a_telephone_platform_asks_first_how_long_the_file_is(as_alice, anonymous, db) -> None:
    answer = anonymous.head(upload(as_alice).json()["content"])

    assert (answer.status_code, answer.content) == (200, b"")
    assert (answer["Content-Type"], answer["Content-Length"]) == ("audio/mpeg", str(len(MP3)))


@pytest.mark.parametrize("name", ["nothing.mp3", "..%2f..%2fdb.sqlite3", "%2e%2e", "a/b", ""])
def test_nothing_else_is_served(anonymous, db, media, name) -> None:
    media.mkdir(parents=True)
    (media / "left.mp3").write_bytes(MP3)

    assert anonymous.get(f"/media/content/{name}").status_code == 404
    assert anonymous.get("/media/content/left.mp3").status_code == 404


def test_a_file_lost_from_the_disk_is_not_found(as_alice, anonymous, db, media) -> None:
    url = upload(as_alice).json()["content"]
    for file in media.glob("*"):
        file.unlink()

    assert anonymous.get(url).status_code == 404


def test_a_file_beyond_the_limit(as_alice, db, settings, media) -> None:
    settings.MAX_UPLOAD_BYTES = 2000

    answer = upload(as_alice, MP3 + b"\x00" * 2001)
    assert (answer.status_code, list(answer.json())) == (400, ["content"])
    # So much is not read at all.
    assert upload(as_alice, MP3 + b"\x00" * 200_000).status_code == 413
    assert upload(as_alice, MP3 + b"\x00" * (2000 - len(MP3))).status_code == 201
    assert [len(content) for content in files(media)] == [2000]


@pytest.mark.parametrize(
    ("body", "format"),
    [
        ({"content": "just text"}, "multipart"),
        ({}, "multipart"),
        ({"content": "text"}, "json"),
        ({"content": None}, "json"),
        ([], "json"),
    ],
)
def test_something_that_is_no_file(as_alice, db, body, format) -> None:
    answer = as_alice.post("/api/v1/binarycontent/", body, format=format)

    assert answer.status_code == 400
    assert list(answer.json()) == (["content"] if body != [] else ["non_field_errors"])


def test_an_empty_file(as_alice, db) -> None:
    assert upload(as_alice, b"").json() == {"content": ["The submitted file is empty."]}


def test_a_broken_multipart_body(as_alice, db) -> None:
    answer = as_alice.post(
        "/api/v1/binarycontent/", b"--x\r\nnonsense", content_type="multipart/form-data; boundary=\x00"
    )

    assert answer.status_code == 400


def test_a_replaced_file_leaves_nothing_behind(
    as_alice, db, media, django_capture_on_commit_callbacks
) -> None:
    made = upload(as_alice).json()

    with django_capture_on_commit_callbacks(execute=True):
        changed = upload(as_alice, PNG, method="put", path=f"/api/v1/binarycontent/{made['id']}/")

    assert changed.status_code == 200
    assert changed.json()["id"] == made["id"]
    assert changed.json()["content"].endswith(".png")
    assert files(media) == [PNG]


def test_a_deleted_file_is_gone_from_the_disk(
    as_alice, db, media, django_capture_on_commit_callbacks
) -> None:
    made = upload(as_alice).json()

    with django_capture_on_commit_callbacks(execute=True):
        assert as_alice.delete(f"/api/v1/binarycontent/{made['id']}/").status_code == 204

    assert files(media) == []


def test_a_file_that_messages_use_stays_and_so_do_they(as_alice, prebirth, media) -> None:
    made = upload(as_alice).json()
    Message.objects.create(
        messageset=prebirth, sequence_number=1, lang="eng_ZA", binary_content_id=made["id"]
    )

    answer = as_alice.delete(f"/api/v1/binarycontent/{made['id']}/")

    assert (answer.status_code, answer.json()) == (409, {"detail": "The file is used by messages."})
    assert Message.objects.count() == 1
    assert files(media) == [MP3]


def test_a_message_shows_its_file(as_alice, prebirth) -> None:
    file = upload(as_alice).json()
    body = {"messageset": prebirth.pk, "sequence_number": 1, "lang": "eng_ZA", "binary_content": file["id"]}

    message = as_alice.post("/api/v1/message/", body).json()

    assert message["binary_content"] == file["id"]
    for form in ("content", "content/"):
        assert as_alice.get(f"/api/v1/message/{message['id']}/{form}").json()["binary_content"] == file


def test_when_the_row_is_not_kept_the_file_is_not_either(as_alice, db, media, monkeypatch) -> None:
    def fail(*args, **kwargs):
        raise RuntimeError("the database went away")

    monkeypatch.setattr(BinaryContent, "save_base", fail)
    as_alice.raise_request_exception = False

    assert upload(as_alice).status_code == 500
    assert files(media) == []


def test_the_list_of_files(as_alice, db) -> None:
    first, second = upload(as_alice).json(), upload(as_alice, PNG).json()

    assert as_alice.get("/api/v1/binarycontent/").json()["results"] == [first, second]
    assert as_alice.get(f"/api/v1/binarycontent/{first['id']}/").json() == first


# --- files that have gone out ---------------------------------------------------------


@pytest.fixture
def spoken(as_alice, prebirth) -> dict:
    """A message with a file, as an API client publishes it."""
    file = upload(as_alice).json()
    body = {"messageset": prebirth.pk, "sequence_number": 1, "lang": "eng_ZA", "binary_content": file["id"]}
    return {"file": file, "message": as_alice.post("/api/v1/message/", body).json()}


def replace(client, file: dict) -> dict:
    return upload(client, PNG, method="put", path=f"/api/v1/binarycontent/{file['id']}/").json()


def test_a_replaced_file_can_still_be_fetched_by_whoever_was_sent_its_address(
    as_alice, anonymous, spoken, media, django_capture_on_commit_callbacks
) -> None:
    with django_capture_on_commit_callbacks(execute=True):
        changed = replace(as_alice, spoken["file"])

    answer = anonymous.get(spoken["file"]["content"])
    assert (answer.status_code, answer["Content-Type"]) == (200, "audio/mpeg")
    assert b"".join(answer.streaming_content) == MP3
    assert files(media) == sorted([MP3, PNG])
    assert as_alice.get("/api/v1/binarycontent/").json()["results"] == [changed]


def test_replacing_a_file_publishes_its_messages_anew(as_alice, spoken, prebirth) -> None:
    changed = replace(as_alice, spoken["file"])

    old, new = Revision.objects.order_by("edition").values_list("file", flat=True)
    assert spoken["file"]["content"].endswith(old)
    assert changed["content"].endswith(new)
    assert Message.objects.get().revision.file == new


def test_a_file_that_has_gone_out_is_removed_from_sight_only(as_alice, anonymous, spoken, media) -> None:
    path = f"/api/v1/binarycontent/{spoken['file']['id']}/"
    as_alice.delete(f"/api/v1/message/{spoken['message']['id']}/")

    assert as_alice.delete(path).status_code == 204
    assert as_alice.get(path).status_code == 404
    assert anonymous.head(spoken["file"]["content"]).status_code == 200
    body = {"messageset": spoken["message"]["messageset"], "sequence_number": 1, "lang": "eng_ZA"}
    again = as_alice.post("/api/v1/message/", body | {"binary_content": spoken["file"]["id"]})
    assert (again.status_code, list(again.json())) == (400, ["binary_content"])


def test_a_file_that_only_a_draft_uses_stays(as_alice, prebirth) -> None:
    file = upload(as_alice).json()
    save_draft(message_set_id=prebirth.pk, place=Place(1, "eng_ZA"), binary_content_id=file["id"])

    assert as_alice.delete(f"/api/v1/binarycontent/{file['id']}/").status_code == 409
