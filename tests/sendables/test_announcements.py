"""The worked example of the documentation: an entity with a subject and a priority, built from outside."""

from __future__ import annotations

import pytest

from sendables import operations
from tests.sendables.announcements.models import Announcement

pytestmark = pytest.mark.urls("tests.sendables.urls")

FIRE_DRILL = {"subject": "Fire drill", "priority": 9, "content": "At noon."}


def test_an_announcement_is_sent_and_read(bob, as_staff, as_bob) -> None:
    answer = as_staff.post("/announcements/send/", {**FIRE_DRILL, "recipient_ids": [bob.pk]})
    assert (answer.status_code, answer.json()) == (201, {**FIRE_DRILL, "recipient_ids": [bob.pk]})
    [item] = as_bob.get("/announcements/").json()
    assert item == {**FIRE_DRILL, "id": item["id"], "is_read": False, "sent_on": item["sent_on"]}
    assert as_bob.get(f"/announcements/{item['id']}/").json() == item
    as_bob.patch("/announcements/mark-read/", {"announcement_ids": [item["id"]]})
    assert as_bob.get("/announcements/unread-count/").json() == {"unread_count": 0}
    as_bob.delete("/announcements/delete/", {"announcement_ids": [item["id"]]})
    assert not Announcement.objects.exists()


def test_its_own_fields_are_checked_as_the_model_s_are(bob, as_staff) -> None:
    body = {"subject": "x" * 81, "priority": 4, "content": "", "recipient_ids": [bob.pk]}
    answer = as_staff.post("/announcements/send/", body)
    assert answer.status_code == 400
    assert set(answer.json()) == {"subject", "priority", "content"}


def test_a_field_with_a_default_may_be_left_out(bob, as_staff, as_bob) -> None:
    as_staff.post("/announcements/send/", {"subject": "Soup", "content": "Pea.", "recipient_ids": [bob.pk]})
    assert as_bob.get("/announcements/").json()[0]["priority"] == 5


@pytest.fixture
def three(bob) -> None:
    for subject, priority in (("low", 1), ("urgent", 9), ("normal", 5)):
        fields = {"subject": subject, "priority": priority, "content": "x"}
        operations.send(entity_name="announcement", sender=None, recipients=[bob], fields=fields)


@pytest.mark.usefixtures("three")
def test_urgent_ones_come_first(as_bob) -> None:
    assert [item["subject"] for item in as_bob.get("/announcements/").json()] == ["urgent", "normal", "low"]


@pytest.mark.usefixtures("three")
@pytest.mark.parametrize(
    ("query", "subjects"),
    [
        ("priority=9", ["urgent"]),
        ("priority=x", []),
        ("subject=L", ["normal", "low"]),
        ("content=nothing", ["urgent", "normal", "low"]),
    ],
)
def test_its_own_filters(as_bob, query, subjects) -> None:
    found = as_bob.get(f"/announcements/?{query}").json()
    assert [item["subject"] for item in found] == subjects


@pytest.mark.usefixtures("three")
def test_its_own_order_is_paged_too(as_bob) -> None:
    seen, url = [], "/announcements/?limit=1"
    for _ in range(3):
        answer = as_bob.get(url)
        seen += [item["subject"] for item in answer.json()]
        url = answer.headers.get("Link", "").partition(">")[0].lstrip("<")
    assert seen == ["urgent", "normal", "low"]


def test_only_administrators_announce(bob, as_alice) -> None:
    assert as_alice.post("/announcements/send/", {**FIRE_DRILL, "recipient_ids": [bob.pk]}).status_code == 403


def test_it_has_no_list_of_sent_ones(as_staff) -> None:
    assert as_staff.get("/announcements/sent/").status_code == 404
