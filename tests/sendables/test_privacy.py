"""Export and erasure of one person's messages."""

from __future__ import annotations

import json

import pytest
from django.apps import apps

from sendables import operations
from sendables.models import Message, MessageReceipt, Notice


@pytest.fixture
def life_of_bob(alice, bob, eve, write, notify) -> None:
    write(alice, [bob, eve], "to bob and eve")
    write(bob, [alice, eve], "bob's own words", subject="bob's subject")
    notify([bob], "a notice for bob")
    notify([bob, eve], "a notice for both")
    operations.block(blocker=bob, people=[eve.pk])
    operations.archive_thread(entity_name="message", person=bob, thread=1)


@pytest.mark.usefixtures("life_of_bob")
def test_all_of_it_is_handed_out(bob) -> None:
    records = [(r["kind"], r.get("content")) for r in operations.export_person(bob)]
    assert records == [
        ("received message", "to bob and eve"),
        ("sent message", "bob's own words"),
        ("received notice", "a notice for bob"),
        ("received notice", "a notice for both"),
        ("block", None),
    ]


@pytest.mark.usefixtures("life_of_bob")
def test_one_s_own_can_be_fetched(as_bob, as_alice) -> None:
    answer = as_bob.get("/messages/export/")
    assert answer.headers["Content-Type"] == "application/x-ndjson"
    assert "attachment" in answer.headers["Content-Disposition"]
    received, sent = (json.loads(line) for line in b"".join(answer).splitlines())
    assert (received["sender"], received["content"], received["read_at"]) == ("alice", "to bob and eve", None)
    assert (sent["recipients"], sent["subject"]) == (["alice", "eve"], "bob's subject")
    assert b"bob's own words" in b"".join(as_alice.get("/messages/export/"))


def everything_stored() -> str:
    models = apps.get_app_config("sendables").get_models()
    return "\n".join(str(list(model.objects.values())) for model in models)


@pytest.mark.usefixtures("life_of_bob")
def test_nothing_of_bob_is_left_and_the_others_keep_theirs(alice, bob, eve, as_eve, as_alice) -> None:
    operations.erase_person(bob)
    stored = everything_stored()
    assert "bob's" not in stored
    assert "a notice for bob" not in stored
    assert f"'recipient_id': {bob.pk}," not in stored
    assert f"'user_id': {bob.pk}," not in stored
    assert [item["content"] for item in as_eve.get("/messages/").json()] == ["to bob and eve"]
    assert [item["content"] for item in as_eve.get("/notices/").json()] == ["a notice for both"]
    assert as_alice.get("/messages/").json() == []
    assert as_alice.get("/messages/unread-count/").json() == {"unread_count": 0}
    assert operations.erase_person(bob) == 0


@pytest.mark.usefixtures("life_of_bob")
def test_what_bob_wrote_can_stay_without_his_name(bob, as_alice) -> None:
    operations.erase_person(bob, keep_sent=True)
    [item] = as_alice.get("/messages/").json()
    assert (item["content"], item["sender"]) == ("bob's own words", None)


@pytest.mark.usefixtures("life_of_bob")
def test_erasure_in_small_bites_is_as_thorough(bob, settings) -> None:
    settings.SENDABLES = {name: {"COLLECT_BITE": 1} for name in ("message", "notice")}
    operations.erase_person(bob)
    assert "bob's" not in everything_stored()
    assert Message.objects.filter(content="to bob and eve").exists()
    assert not Notice.objects.filter(content="a notice for bob").exists()
    assert not MessageReceipt.objects.filter(recipient=bob).exists()
