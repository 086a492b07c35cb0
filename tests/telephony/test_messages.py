from __future__ import annotations

import io
import json
import math
import wave
from array import array
from pathlib import Path
from uuid import uuid4

import pytest
from django.core import mail
from django.core.files.base import ContentFile
from django.core.files.storage import default_storage
from django.utils import timezone

from outbox import dispatcher
from outbox.models import Delivery
from outbox.operations import queue
from telephony import asterisk, operations
from telephony.models import Voicemail, VoicemailMessage
from telephony.recordings import read_recording
from tests.telephony.conftest import JSON, recording

pytestmark = pytest.mark.django_db


@pytest.fixture
def box(db) -> Voicemail:
    return Voicemail.objects.create(mailbox="12")


def leave(pbx, box, content: bytes | None = None, query: str = ""):
    return pbx.generic(
        "POST", f"/1.0/voicemails/{box.pk}/messages/{query}", content or recording(), content_type="audio/wav"
    )


def test_a_recording_is_stored_listed_heard_and_deleted(pbx, box, django_capture_on_commit_callbacks):
    made = leave(pbx, box, recording(seconds=3), "?caller_id_name=Anne&caller_id_num=0611")
    assert made.status_code == 201
    key = made.json()["id"]
    assert (made.json()["duration"], made.json()["folder"]) == (3, "new")
    listed = pbx.get(f"/1.0/voicemails/{box.pk}/messages/?_folder=new").json()
    assert (listed["total"], listed["items"][0]["id"]) == (1, key)
    url = f"/1.0/voicemails/{box.pk}/messages/{key}"
    moved = pbx.generic("PUT", url, b'{"folder": "old"}', content_type=JSON)
    assert moved.json()["folder"] == "old"
    path = Path(VoicemailMessage.objects.get().recording.path)
    with django_capture_on_commit_callbacks(execute=True):
        assert pbx.delete(url).status_code == 200
    assert not path.exists()
    assert pbx.get(url).status_code == 404


def test_listening_changes_nothing_and_understands_ranges(pbx, box):
    content = recording()
    url = f"/1.0/voicemails/{box.pk}/messages/{leave(pbx, box, content).json()['id']}/recording"
    whole = pbx.get(url)
    assert b"".join(whole.streaming_content) == content
    assert whole["Content-Disposition"].startswith("attachment")
    assert whole["X-Content-Type-Options"] == "nosniff"
    part = pbx.get(url, HTTP_RANGE="bytes=10-19")
    assert (part.status_code, b"".join(part.streaming_content)) == (206, content[10:20])
    assert part["Content-Range"] == f"bytes 10-19/{len(content)}"
    assert b"".join(pbx.get(url, HTTP_RANGE="bytes=-5").streaming_content) == content[-5:]
    assert pbx.get(url, HTTP_RANGE="bytes=999999999-").status_code == 416
    assert pbx.get(url, HTTP_RANGE="bytes=9-1").status_code == 200
    assert VoicemailMessage.objects.get().folder == "new"


NOT_RECORDINGS = {
    "text": b"hello",
    "empty": b" ",
    "stereo": recording(channels=2),
    "8 bits": recording(width=1),
    "44100 Hz": recording(rate=44100),
    "cut header": recording()[:20],
}


@pytest.mark.parametrize("content", NOT_RECORDINGS.values(), ids=NOT_RECORDINGS.keys())
def test_what_no_telephone_plays_is_refused(pbx, box, content):
    answer = leave(pbx, box, content)
    assert answer.status_code == 400
    assert isinstance(answer.json(), list)
    assert not VoicemailMessage.objects.exists()


def test_a_message_of_another_mailbox_is_not_found(pbx, box):
    other = Voicemail.objects.create(mailbox="13")
    key = leave(pbx, box).json()["id"]
    assert pbx.get(f"/1.0/voicemails/{other.pk}/messages/{key}").status_code == 404
    assert pbx.delete(f"/1.0/voicemails/{other.pk}/messages/{key}").status_code == 404
    assert VoicemailMessage.objects.exists()


@pytest.mark.parametrize("body", [{"folder": "work"}, {"folder": None}, {"folder": ["old"]}, {"seen": 1}])
def test_a_folder_that_is_none_is_refused(pbx, box, body):
    key = leave(pbx, box).json()["id"]
    url = f"/1.0/voicemails/{box.pk}/messages/{key}"
    answer = pbx.generic("PUT", url, json.dumps({"folder": "old"} | body), content_type=JSON)
    assert answer.status_code == 400
    assert VoicemailMessage.objects.get().folder == "new"


def test_a_full_mailbox_refuses(pbx, box, settings):
    settings.VOICEMAIL_MAX_MESSAGES = 1
    assert leave(pbx, box).status_code == 201
    full = leave(pbx, box)
    assert full.status_code == 409
    assert "full" in full.json()[0]


def left_with_mail(box: Voicemail, **changes) -> VoicemailMessage:
    operations.change_voicemail(voicemail_id=box.pk, values={"email": "anne@example.org", **changes})
    return operations.store_message(voicemail_id=box.pk, recording=read_recording(recording()))


def test_a_message_is_mailed_once_with_its_recording(box):
    left_with_mail(box, attach=True)
    assert operations.mail_messages() == 1
    assert operations.mail_messages() == 0
    assert [name for name, *_ in mail.outbox[0].attachments] == [f"{VoicemailMessage.objects.get().pk}.wav"]


@pytest.mark.parametrize(("attach", "left"), [(True, 0), (False, 1)])
def test_delete_after_send_needs_a_mail_that_carries_the_recording(box, attach, left):
    left_with_mail(box, attach=attach, deleteaftersend=True)
    operations.mail_messages()
    assert VoicemailMessage.objects.count() == left


def test_delete_after_send_keeps_what_no_mail_server_took(box, settings):
    settings.EMAIL_BACKEND = "config.mail.NoMail"
    settings.VOICEMAIL_MAIL_ATTEMPTS = 2
    left_with_mail(box, attach=True, deleteaftersend=True)
    for _ in range(3):
        assert operations.mail_messages() == 0
    message = VoicemailMessage.objects.get()
    assert (message.mail_due, message.mail_attempts) == (False, 2)


def test_asterisk_gets_a_copy_that_it_can_read(box, settings, tmp_path, django_capture_on_commit_callbacks):
    settings.ASTERISK_VOICEMAIL_SPOOL = tmp_path
    with django_capture_on_commit_callbacks(execute=True):
        for _ in range(2):
            operations.store_message(
                voicemail_id=box.pk,
                recording=read_recording(recording(seconds=2)),
                caller_id_name='An"ne\nflag=Urgent',
                caller_id_num="0611",
            )
    inbox = tmp_path / "default" / "12" / "INBOX"
    assert sorted(path.name for path in inbox.iterdir()) == [
        "msg0000.txt", "msg0000.wav", "msg0001.txt", "msg0001.wav",
    ]  # fmt: skip
    lines = (inbox / "msg0000.txt").read_text().splitlines()
    assert 'callerid="Anneflag=Urgent" <0611>' in lines
    assert lines[-1] == "duration=2"
    assert list((tmp_path / "default" / "12" / "tmp").iterdir()) == []


def test_asterisk_gets_a_wide_recording_in_the_format_that_it_plays(box, tmp_path):
    samples = array("h", (round(9000 * math.sin(2 * math.pi * 440 * n / 16000)) for n in range(16001)))
    content = io.BytesIO()
    with wave.open(content, "wb") as file:
        file.setnchannels(1)
        file.setsampwidth(2)
        file.setframerate(16000)
        file.writeframes(samples.tobytes())
    message = operations.store_message(voicemail_id=box.pk, recording=read_recording(content.getvalue()))
    written = asterisk.export(message, read_recording(content.getvalue()), tmp_path)
    assert sorted(path.name for path in written.parent.iterdir()) == ["msg0000.txt", "msg0000.wav"]
    with wave.open(str(written.with_suffix(".wav"))) as file:
        assert (file.getframerate(), file.getnchannels(), file.getsampwidth()) == (8000, 1, 2)
        heard = array("h", file.readframes(file.getnframes()))
    # The same tone for the same time; the filter takes little of it.
    assert len(heard) == 8001
    assert max(abs(9000 * math.sin(2 * math.pi * 440 * n / 8000) - heard[n]) for n in range(1, 8000)) < 150


def test_asterisk_gets_a_recording_that_was_cut_within_a_sample(box, tmp_path):
    cut = read_recording(recording(rate=16000)[:-3])
    message = operations.store_message(voicemail_id=box.pk, recording=cut)
    with wave.open(str(asterisk.export(message, cut, tmp_path).with_suffix(".wav"))) as file:
        assert file.getnframes() == 8000 - 1


def test_asterisk_is_waited_for_but_not_for_ever(box, tmp_path, monkeypatch):
    monkeypatch.setattr(asterisk, "LOCK_WAIT", 0.1)
    message = operations.store_message(voicemail_id=box.pk, recording=read_recording(recording()))
    inbox = tmp_path / "default" / "12" / "INBOX"
    inbox.mkdir(parents=True)
    (inbox / ".lock").touch()
    with pytest.raises(asterisk.FolderLocked):
        asterisk.export(message, read_recording(recording()), tmp_path)
    assert [path.name for path in inbox.iterdir()] == [".lock"]
    assert list((inbox.parent / "tmp").iterdir()) == []


def queued(box: str, *names: str, slot: str = "1") -> Delivery:
    delivery, _ = queue(
        source="test", cause=uuid4(), slot_key=slot, channel="voicemail", address=box,
        options={"audio": [f"/media/{name}" for name in names]},
    )  # fmt: skip
    return delivery


def test_an_audio_delivery_arrives_in_the_mailbox_once(box, django_capture_on_commit_callbacks):
    for name in ("a.wav", "b.wav"):
        default_storage.save(name, ContentFile(recording(seconds=2)))
    delivery = queued("12", "a.wav", "b.wav")
    dispatcher.dispatch("voicemail", now=timezone.now())
    delivery.refresh_from_db()
    assert delivery.state == Delivery.State.DELIVERED
    message = VoicemailMessage.objects.get()
    assert (message.delivery_id, message.duration) == (delivery.pk, 4)
    again = operations.store_message(
        voicemail_id=box.pk, recording=read_recording(recording()), delivery_id=delivery.pk
    )
    assert again == message


def test_people_who_share_a_mailbox_find_a_message_there_once(box):
    for name in ("a.wav", "b.wav"):
        default_storage.save(name, ContentFile(recording()))
    shared = [queued("12", "a.wav"), queued("12", "a.wav")]
    dispatcher.dispatch("voicemail", now=timezone.now())
    shared.append(queued("12", "a.wav"))
    dispatcher.dispatch("voicemail", now=timezone.now())
    assert set(Delivery.objects.values_list("state", flat=True)) == {"delivered"}
    assert VoicemailMessage.objects.get().delivery_id == shared[0].pk
    # Another slot, or something else to hear, is another message.
    queued("12", "a.wav", slot="2")
    queued("12", "b.wav")
    dispatcher.dispatch("voicemail", now=timezone.now())
    assert VoicemailMessage.objects.count() == 3


@pytest.mark.parametrize(
    ("mailbox", "name", "reason"),
    [
        ("99", "a.wav", "not_found"),
        ("12", "missing.wav", "unusable_recording"),
        ("12", "../../etc/passwd", "unusable_recording"),
        ("12", "text.wav", "unusable_recording"),
    ],
)
def test_an_audio_delivery_that_cannot_arrive_fails_with_its_reason(box, mailbox, name, reason):
    default_storage.save("a.wav", ContentFile(recording()))
    default_storage.save("text.wav", ContentFile(b"text"))
    delivery = queued(mailbox, name)
    dispatcher.dispatch("voicemail", now=timezone.now())
    delivery.refresh_from_db()
    assert (delivery.state, delivery.reason) == (Delivery.State.FAILED, reason)


def test_a_full_mailbox_is_a_failure_of_that_delivery_alone(box, settings):
    settings.VOICEMAIL_MAX_MESSAGES = 1
    Voicemail.objects.create(mailbox="13")
    default_storage.save("a.wav", ContentFile(recording()))
    deliveries = [queued("12", "a.wav"), queued("12", "a.wav", slot="2"), queued("13", "a.wav")]
    dispatcher.dispatch("voicemail", now=timezone.now())
    states = [Delivery.objects.get(pk=delivery.pk) for delivery in deliveries]
    assert [(row.state, row.reason) for row in states] == [
        ("delivered", ""), ("failed", "mailbox_full"), ("delivered", ""),
    ]  # fmt: skip
