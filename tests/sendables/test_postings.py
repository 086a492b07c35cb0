"""Sends to groups and to everybody, scheduled and expiring notices."""

from __future__ import annotations

from datetime import timedelta

import pytest
from django.contrib.auth.models import Group
from django.utils import timezone

from sendables import operations
from sendables.models import Inbox, Notice, Posting
from sendables.operations import postings

URL = "/notices/send/"


def notices(client) -> list[str]:
    return [item["content"] for item in client.get("/notices/").json()]


@pytest.fixture
def crowd(django_user_model) -> None:
    django_user_model.objects.bulk_create(django_user_model(username=f"one{n}") for n in range(6))


@pytest.fixture
def house(alice, bob) -> Group:
    group = Group.objects.create(name="house")
    group.user_set.set([alice, bob])
    return group


def test_everybody_gets_it_without_being_listed(staff, alice, bob, eve, as_staff, as_alice, as_eve) -> None:
    answer = as_staff.post(URL, {"content": "Hello all", "everybody": True})
    active = type(alice).objects.filter(is_active=True).count()
    assert answer.status_code == 201
    assert answer.json() == {"content": "Hello all", "everybody": True, "recipient_count": active - 1}
    assert notices(as_alice) == notices(as_eve) == ["Hello all"]
    assert notices(as_staff) == []


@pytest.mark.usefixtures("house")
def test_members_of_groups_get_it_once(as_staff, as_alice, as_bob, as_eve, alice) -> None:
    Group.objects.create(name="garden").user_set.add(alice)
    answer = as_staff.post(URL, {"content": "Rent", "recipient_groups": ["house", "garden"]})
    assert answer.json() == {
        "content": "Rent",
        "recipient_groups": ["house", "garden"],
        "recipient_count": 2,
    }
    assert (notices(as_alice), notices(as_bob), notices(as_eve)) == (["Rent"], ["Rent"], [])


@pytest.mark.parametrize("body", [{"recipient_groups": ["none"]}, {"recipient_groups": ["house", "house"]}])
def test_a_group_of_nobody_is_400(db, as_staff, body) -> None:
    Group.objects.create(name="house")
    answer = as_staff.post(URL, {"content": "x", **body})
    assert (answer.status_code, set(answer.json())) == (400, {"recipient_ids"})


@pytest.mark.parametrize(
    "body", [{"recipient_groups": []}, {"recipient_groups": "house"}, {"recipient_groups": [1.5, {}]}]
)
def test_groups_that_are_no_list_of_names_are_400(as_staff, body) -> None:
    answer = as_staff.post(URL, {"content": "x", **body})
    assert (answer.status_code, set(answer.json())) == (400, {"recipient_groups"})


@pytest.mark.parametrize("wish", [{"everybody": True}, {"recipient_groups": ["house"]}])
def test_only_administrators_write_to_many(house, bob, as_alice, as_staff, as_bob, wish) -> None:
    body = {"content": "Party", "recipient_ids": [bob.pk], **wish}
    assert as_alice.post("/messages/send/", body).status_code == 403
    assert as_bob.get("/messages/").json() == []
    assert as_staff.post("/messages/send/", {"content": "Party", **wish}).status_code == 201
    assert as_bob.get("/messages/").json()[0]["sender"]["username"] == "staff"


def test_a_word_that_means_no_is_no_wish_for_everybody(bob, as_alice) -> None:
    body = {"content": "x", "recipient_ids": [bob.pk], "everybody": False}
    assert as_alice.post("/messages/send/", body).json()["recipient_ids"] == [bob.pk]


@pytest.mark.usefixtures("crowd")
def test_very_many_are_served_in_bites(staff, bob, as_staff, as_bob, settings, monkeypatch) -> None:
    settings.SENDABLES = {"notice": {"INLINE_RECIPIENTS": 3}}
    monkeypatch.setattr(postings, "BITE", 2)
    answer = as_staff.post(URL, {"content": "Hello all", "everybody": True})
    assert answer.status_code == 201
    assert notices(as_bob) == []
    assert operations.publish_due() == answer.json()["recipient_count"] > 4
    assert notices(as_bob) == ["Hello all"]
    posting = Posting.objects.get()
    assert posting.reached == answer.json()["recipient_count"]
    assert Notice.objects.filter(content="Hello all").count() == 1
    assert operations.publish_due() == 0


@pytest.mark.usefixtures("crowd")
def test_a_crash_between_bites_repeats_nobody(staff, bob, as_staff, settings, monkeypatch) -> None:
    settings.SENDABLES = {"notice": {"INLINE_RECIPIENTS": 1}}
    monkeypatch.setattr(postings, "BITE", 2)
    count = as_staff.post(URL, {"content": "Hello all", "everybody": True}).json()["recipient_count"]
    served = []

    def give_up(kind, sendable, sender, reached) -> None:
        served.extend(reached)
        if len(served) == 4:
            raise RuntimeError("power cut")

    with monkeypatch.context() as broken:
        broken.setattr(postings, "tell", give_up)
        assert operations.publish_due() == 0
    assert Posting.objects.get().reached == 2
    assert operations.publish_due() == count - 2
    notice = Notice.objects.get(content="Hello all")
    assert notice.receipts.count() == count


def test_one_bad_posting_stops_no_other(staff, bob, as_bob, caplog) -> None:
    now = timezone.now()
    for entity, minutes in (("gone", 2), ("notice", 1)):
        made = operations.post(
            entity_name="notice",
            posted_by=staff,
            fields={"content": "hello"},
            audience={"ids": [bob.pk]},
            publish_at=now - timedelta(minutes=minutes),
        )
        # One of an entity that the settings do not name any more.
        Posting.objects.filter(pk=made.pk).update(entity=entity)
    assert operations.publish_due() == 1
    assert notices(as_bob) == ["hello"]
    assert "cannot be published" in caplog.text


def schedule(as_staff, bob, **times: timedelta):
    moments = {name: (timezone.now() + ahead).isoformat() for name, ahead in times.items()}
    return as_staff.post(URL, {"content": "Later", "recipient_ids": [bob.pk], **moments})


def test_a_scheduled_notice_comes_when_it_is_time(bob, as_staff, as_bob) -> None:
    answer = schedule(as_staff, bob, publish_at=timedelta(hours=1))
    assert answer.status_code == 201
    assert set(answer.json()) == {"content", "recipient_ids", "publish_at"}
    assert operations.publish_due() == 0
    assert notices(as_bob) == []
    assert operations.publish_due(now=timezone.now() + timedelta(hours=1)) == 1
    assert notices(as_bob) == ["Later"]


def test_what_is_scheduled_can_be_seen_and_cancelled(bob, as_staff, as_alice, as_bob) -> None:
    schedule(as_staff, bob, publish_at=timedelta(hours=1), expires_at=timedelta(hours=2))
    [item] = as_staff.get("/notices/scheduled/").json()
    assert (item["content"], item["audience"]) == ("Later", {"ids": 1})
    assert as_alice.get("/notices/scheduled/").status_code == 403
    body = {"scheduled_ids": [item["id"], 10**30]}
    assert as_alice.delete("/notices/delete-scheduled/", body).status_code == 403
    assert as_staff.delete("/notices/delete-scheduled/", body).status_code == 204
    assert as_staff.delete("/notices/delete-scheduled/", body).status_code == 400
    assert as_staff.get("/notices/scheduled/").json() == []
    operations.publish_due(now=timezone.now() + timedelta(hours=1))
    assert notices(as_bob) == []


def test_what_would_have_expired_by_then_is_refused(bob, as_staff) -> None:
    for times in ({"expires_at": -1}, {"publish_at": 5, "expires_at": 4}):
        answer = schedule(as_staff, bob, **{name: timedelta(hours=hours) for name, hours in times.items()})
        assert (answer.status_code, set(answer.json())) == (400, {"expires_at"})


def test_what_expired_before_its_publication_is_never_published(staff, bob, as_bob) -> None:
    past = timezone.now() - timedelta(minutes=1)
    operations.post(
        entity_name="notice",
        posted_by=staff,
        fields={"content": "too late", "expires_at": past},
        audience={"ids": [bob.pk]},
        publish_at=past - timedelta(hours=1),
    )
    assert operations.publish_due() == 0
    assert notices(as_bob) == []
    assert Posting.objects.get().finished_at is not None


@pytest.mark.parametrize("bad", ["tomorrow", 5, None, [], "9999999-01-01T00:00:00Z"])
def test_a_moment_that_is_none_is_400(bob, as_staff, bad) -> None:
    answer = as_staff.post(URL, {"content": "x", "recipient_ids": [bob.pk], "publish_at": bad})
    assert (answer.status_code, set(answer.json())) == (400, {"publish_at"})


def test_messages_cannot_be_scheduled(bob, as_alice, as_bob) -> None:
    later = (timezone.now() + timedelta(hours=1)).isoformat()
    as_alice.post("/messages/send/", {"content": "x", "recipient_ids": [bob.pk], "publish_at": later})
    assert len(as_bob.get("/messages/").json()) == 1


def test_an_expired_notice_is_swept_with_its_count(bob, eve, as_bob, notify) -> None:
    from sendables.entities import entity
    from sendables.operations.retention import collecting, expiring

    notice = notify([bob, eve], expires_at=timezone.now() + timedelta(hours=1))
    operations.mark_read(entity_name="notice", reader=eve, keys=[notice.pk])
    kind = entity("notice")
    assert sum(expiring(kind)) == 0
    assert sum(expiring(kind, now=timezone.now() + timedelta(hours=2))) == 1
    assert Inbox.objects.get(user=bob, entity="notice").unread == 0
    assert sum(expiring(kind, now=timezone.now() + timedelta(hours=2))) == 0
    assert sum(collecting(kind)) == 3
    assert not Notice.objects.filter(pk=notice.pk).exists()
