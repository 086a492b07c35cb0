"""Entities known by a UUID or by a code, people known by their names."""

from __future__ import annotations

import uuid

import pytest

pytestmark = pytest.mark.urls("tests.sendables.urls")


def test_a_uuid_is_an_id(alice, bob, as_alice, as_bob) -> None:
    as_alice.post("/parcels/send/", {"content": "Fragile", "recipient_ids": [bob.pk]})
    [item] = as_bob.get("/parcels/").json()
    assert str(uuid.UUID(item["id"])) == item["id"]
    assert as_bob.get(f"/parcels/{item['id']}/").json() == item
    assert as_bob.get(f"/parcels/{uuid.uuid4()}/").status_code == 404
    assert as_bob.get("/parcels/5/").status_code == 404
    body = {"parcel_ids": [item["id"], str(uuid.uuid4())]}
    assert as_bob.patch("/parcels/mark-read/", body).status_code == 200
    assert as_bob.get("/parcels/read/").json()[0]["id"] == item["id"]
    assert as_alice.get("/parcels/sent/").json()[0]["id"] == item["id"]
    assert as_alice.get(f"/parcels/sent/{item['id']}/").json()["id"] == item["id"]
    assert as_bob.delete("/parcels/delete/", body).status_code == 204
    assert as_alice.delete("/parcels/delete-sent/", body).status_code == 204


@pytest.mark.parametrize("bad", [5, "x", None, True])
def test_what_is_no_uuid_is_refused(as_bob, bad) -> None:
    answer = as_bob.patch("/parcels/mark-read/", {"parcel_ids": [bad]})
    # DRF reads a whole number as the integer form of a UUID, which is then nobody's.
    assert (answer.status_code, set(answer.json())) == (400, {"parcel_ids"})


def test_a_code_is_an_id_and_a_name_is_an_address(alice, bob, as_alice, as_bob) -> None:
    body = {"content": "Printer on fire", "done": False, "recipient_usernames": ["bob", "nobody", "a\ufffdb"]}
    answer = as_alice.post("/desk/tickets/send/", body)
    assert answer.json() == {"content": "Printer on fire", "done": False, "recipient_usernames": ["bob"]}
    [item] = as_bob.get("/desk/tickets/").json()
    assert item["code"].startswith("t-")
    assert item["sender"] == {"username": "alice"}
    assert "id" not in item
    assert as_bob.get(f"/desk/tickets/{item['code']}/").json() == item
    assert as_bob.get("/desk/tickets/unknown/").status_code == 404
    assert as_bob.patch("/desk/tickets/mark-read/", {"ticket_codes": [item["code"]]}).status_code == 200
    assert as_bob.get("/desk/tickets/unread-count/").json() == {"unread_count": 0}
    [sent] = as_alice.get("/desk/tickets/sent/").json()
    assert sent["recipients"] == [{"username": "bob"}]
    assert as_alice.get(f"/desk/tickets/sent/{item['code']}/").json() == sent
    assert as_alice.delete("/desk/tickets/delete-sent/", {"ticket_codes": [item["code"]]}).status_code == 204
    assert as_bob.delete("/desk/tickets/delete/", {"ticket_codes": [item["code"]]}).status_code == 204
    assert as_bob.get("/desk/tickets/").json() == []


def test_nul_in_a_name_is_refused(as_alice) -> None:
    body = {"content": "x", "recipient_usernames": ["bo\x00b"]}
    assert as_alice.post("/desk/tickets/send/", body).status_code == 400


@pytest.fixture
def tickets(bob, as_alice) -> None:
    for content, done in (("printer on fire", False), ("fire alarm printer", True), ("coffee", False)):
        as_alice.post(
            "/desk/tickets/send/", {"content": content, "done": done, "recipient_usernames": ["bob"]}
        )


@pytest.mark.usefixtures("tickets")
def test_truth_and_words_and_several_values_can_be_asked_for(as_bob) -> None:
    def found(query: str) -> set[str]:
        return {item["content"] for item in as_bob.get(f"/desk/tickets/?{query}").json()}

    assert found("done=true") == {"fire alarm printer"}
    assert found("done=0") == {"printer on fire", "coffee"}
    assert found("done=perhaps") == set()
    assert found("content=printer fire") == {"printer on fire", "fire alarm printer"}
    assert found("content=alarm&done=false") == set()
    assert found("content=a%00") == set()
    codes = [item["code"] for item in as_bob.get("/desk/tickets/").json()]
    assert len(found(f"code={codes[0]},{codes[2]},x")) == 2


def test_a_name_is_not_cut_to_one_that_is_there(alice, as_alice, django_user_model) -> None:
    longest = "n" * 150
    django_user_model.objects.create_user(longest)
    for name, status in ((longest + "n", 400), (longest, 201), ('quo"te\\', 400)):
        body = {"content": "x", "done": True, "recipient_usernames": [name]}
        assert as_alice.post("/desk/tickets/send/", body).status_code == status
