"""What SENDABLES changes."""

from __future__ import annotations

import pytest
from django.core.cache import cache
from django.db import connection
from django.test.utils import CaptureQueriesContext

from tests.sendables import custom

HERE = "tests.sendables.custom"


@pytest.fixture
def configure(settings):
    def set_keys(entity: str = "message", **keys: object) -> None:
        settings.SENDABLES = {entity: keys}

    return set_keys


def send(client, *people, content: str = "hello", **more: object):
    return client.post(
        "/messages/send/", {"content": content, "recipient_ids": [p.pk for p in people], **more}
    )


def texts(answer) -> list[str]:
    return [item["content"] for item in answer.json()]


STRICT_RECIPIENTS = {"GET_VALID_RECIPIENTS": "sendables.api.policies.get_valid_recipients_strict"}
STRICT_ITEMS = {"GET_VALID_ITEMS": "sendables.api.policies.get_valid_items_strict"}


def test_strict_recipients_are_named_ascending(alice, bob, as_alice, as_bob, configure) -> None:
    configure(**STRICT_RECIPIENTS)
    body = {"content": "x", "recipient_ids": [10**20, 999_999, bob.pk, alice.pk]}
    answer = as_alice.post("/messages/send/", body)
    assert answer.status_code == 400
    assert answer.json() == {"recipient_ids": [f"Invalid recipients: {alice.pk}, 999999, {10**20}."]}
    assert as_bob.get("/messages/").json() == []
    assert send(as_alice, bob).status_code == 201


def test_strict_recipients_may_include_oneself_when_allowed(alice, as_alice, configure) -> None:
    configure(**STRICT_RECIPIENTS, ALLOW_SEND_TO_SELF=True)
    assert send(as_alice, alice).json()["recipient_ids"] == [alice.pk]


@pytest.mark.parametrize("action", ["mark-read", "mark-unread", "delete"])
def test_strict_items_are_named_and_nothing_changes(
    alice, bob, eve, as_bob, write, configure, action
) -> None:
    mine, hers = write(alice, [bob]), write(alice, [eve])
    before = as_bob.get("/messages/").json()
    configure(**STRICT_ITEMS)
    method = as_bob.delete if action == "delete" else as_bob.patch
    answer = method(f"/messages/{action}/", {"message_ids": [999_999, hers.pk, mine.pk]})
    assert answer.status_code == 400
    assert answer.json() == {"message_ids": [f"Invalid messages: {hers.pk}, 999999."]}
    assert as_bob.get("/messages/").json() == before
    assert method(f"/messages/{action}/", {"message_ids": [mine.pk]}).status_code in (200, 204)


def test_strict_items_hold_for_sent_ones(alice, bob, as_alice, write, configure) -> None:
    mine, his = write(alice, [bob]), write(bob, [alice])
    configure(**STRICT_ITEMS)
    answer = as_alice.delete("/messages/delete-sent/", {"message_ids": [his.pk, mine.pk]})
    assert answer.json() == {"message_ids": [f"Invalid messages: {his.pk}."]}
    assert len(as_alice.get("/messages/sent/").json()) == 1


def test_policies_written_for_the_original_work(alice, bob, eve, as_alice, as_bob, configure) -> None:
    configure(
        GET_VALID_RECIPIENTS=f"{HERE}.recipients_like_the_original",
        GET_VALID_ITEMS=custom.items_like_the_original,
    )
    assert send(as_alice, bob, eve).json()["recipient_ids"] == [bob.pk]
    [item] = as_bob.get("/messages/").json()
    assert as_bob.patch("/messages/mark-read/", {"message_ids": [item["id"]]}).status_code == 200
    assert as_bob.delete("/messages/delete/", {"message_ids": [item["id"]]}).status_code == 204
    assert as_alice.delete("/messages/delete-sent/", {"message_ids": [item["id"]]}).status_code == 204


def test_recipient_checks_narrow_every_send(bob, eve, as_alice, configure) -> None:
    configure(RECIPIENT_CHECKS=[f"{HERE}.no_bobs", "sendables.selectors.audience.active_only"])
    eve.is_active = False
    eve.save()
    assert send(as_alice, bob, eve).status_code == 400


def test_people_of_one_group_among_themselves(
    alice, bob, eve, as_alice, configure, django_user_model
) -> None:
    from django.contrib.auth.models import Group

    house = Group.objects.create(name="house")
    for person in (alice, bob):
        person.groups.add(house)
    configure(RECIPIENT_CHECKS=["sendables.selectors.audience.same_group"])
    assert send(as_alice, bob, eve).json()["recipient_ids"] == [bob.pk]


def test_sending_to_oneself_can_be_allowed(alice, staff, as_alice, as_staff, configure) -> None:
    configure(ALLOW_SEND_TO_SELF=f"{HERE}.to_self_if_staff")
    assert send(as_alice, alice).status_code == 400
    assert send(as_staff, staff).status_code == 201


def test_the_number_of_recipients_has_a_limit(bob, eve, as_alice, configure) -> None:
    configure(MAX_RECIPIENTS=1)
    answer = send(as_alice, bob, eve)
    assert answer.status_code == 400
    assert "1" in answer.json()["recipient_ids"][0]


def test_the_length_of_content_can_have_a_limit(bob, as_alice, configure) -> None:
    configure(MAX_CONTENT_LENGTH=5)
    assert set(send(as_alice, bob, content="too long").json()) == {"content"}
    assert send(as_alice, bob, content="short").status_code == 201


def test_own_serializers_show_receipts_and_contents(
    alice, bob, eve, as_alice, as_bob, write, configure
) -> None:
    message = write(alice, [bob, eve], "hello")
    configure(
        LIST_SERIALIZER_CLASS=f"{HERE}.Receipt",
        DETAIL_SERIALIZER_CLASS=f"{HERE}.Receipt",
        LIST_SENT_SERIALIZER_CLASS=f"{HERE}.Sent",
        DETAIL_SENT_SERIALIZER_CLASS=f"{HERE}.Sent",
    )
    item = {"text": "hello", "seen": False, "by": "alice"}
    assert as_bob.get("/messages/").json() == [item]
    assert as_bob.get(f"/messages/{message.pk}/").json() == item
    assert as_alice.get("/messages/sent/").json() == [{"text": "hello", "number": 2}]
    assert as_alice.get(f"/messages/sent/{message.pk}/").json() == {"text": "hello", "number": 2}


def test_people_can_be_shown_otherwise(alice, bob, as_alice, as_bob, write, configure) -> None:
    message = write(alice, [bob])
    person = f"{HERE}.Person"
    configure(
        SENDER_FIELD_TYPE_LIST=person,
        SENDER_FIELD_TYPE_DETAIL=person,
        RECIPIENT_FIELD_TYPE_LIST=person,
        RECIPIENT_FIELD_TYPE_DETAIL=person,
    )
    assert as_bob.get("/messages/").json()[0]["sender"] == "alice <alice@example.org>"
    assert as_bob.get(f"/messages/{message.pk}/").json()["sender"] == "alice <alice@example.org>"
    assert as_alice.get("/messages/sent/").json()[0]["recipients"] == ["bob <bob@example.org>"]
    assert as_alice.get(f"/messages/sent/{message.pk}/").json()["recipients"] == ["bob <bob@example.org>"]


def test_own_serializers_cost_no_statement_per_row(alice, bob, as_alice, as_bob, write, configure) -> None:
    configure(
        LIST_SERIALIZER_CLASS=f"{HERE}.Receipt",
        LIST_SENT_SERIALIZER_CLASS=f"{HERE}.Sent",
        GET_RECEIVED_PREFETCH_FIELDS="sendables.api.policies.get_received_prefetch_fields",
    )
    write(alice, [bob])
    for client, url in ((as_bob, "/messages/"), (as_alice, "/messages/sent/")):
        client.get(url)
        with CaptureQueriesContext(connection) as one:
            client.get(url)
        for _ in range(5):
            write(alice, [bob])
        with CaptureQueriesContext(connection) as more:
            client.get(url)
        assert len(one) == len(more)


@pytest.fixture
def three(alice, bob, write) -> None:
    for content in ("mid!", "longest", "ab"):
        write(alice, [bob], content)


@pytest.mark.usefixtures("three")
def test_other_orders(as_alice, as_bob, configure) -> None:
    configure(ORDER_RECEIVED=["sendable__content"], ORDER_SENT=["content"])
    assert texts(as_bob.get("/messages/")) == ["ab", "longest", "mid!"]
    assert texts(as_alice.get("/messages/sent/")) == ["ab", "longest", "mid!"]


@pytest.mark.usefixtures("three")
@pytest.mark.parametrize("by_setting", ["SORT", "ORDER"])
def test_sort_keys_of_the_original(as_alice, as_bob, configure, by_setting) -> None:
    if by_setting == "SORT":
        configure(SORT_RECEIVED_KEY=f"{HERE}.by_length", SORT_SENT_KEY=f"{HERE}.by_length_sent")
    else:
        configure(ORDER_RECEIVED=custom.by_length, ORDER_SENT=custom.by_length_sent)
    assert texts(as_bob.get("/messages/")) == ["ab", "mid!", "longest"]
    assert texts(as_alice.get("/messages/sent/")) == ["ab", "mid!", "longest"]
    first = as_bob.get("/messages/?limit=2")
    assert texts(first) == ["ab", "mid!"]
    following = first.headers["Link"].partition(">")[0].lstrip("<")
    assert texts(as_bob.get(following)) == ["longest"]
    assert as_bob.get("/messages/?cursor=x").status_code == 400


@pytest.mark.usefixtures("three")
def test_filters_of_one_s_own_for_one_list_or_all(as_alice, as_bob, configure) -> None:
    configure(LIST_UNREAD_FILTER_SENDABLES=f"{HERE}.only_shouted")
    assert texts(as_bob.get("/messages/unread/?x=")) == ["mid!"]
    assert len(texts(as_bob.get("/messages/?x="))) == 3
    configure(FILTER_SENDABLES=f"{HERE}.only_shouted")
    for client, url in ((as_bob, "/messages/"), (as_bob, "/messages/unread/"), (as_alice, "/messages/sent/")):
        assert texts(client.get(url)) == ["mid!"]


@pytest.mark.usefixtures("three")
@pytest.mark.parametrize("url", ["/messages/", "/messages/unread/", "/messages/sent/"])
@pytest.mark.parametrize("paginator", ["Pages", "Window", "Cursor"])
def test_the_framework_s_paginators_page_in_the_database(
    as_alice, as_bob, eve, bob, alice, write, configure, url, paginator
) -> None:
    write(alice, [bob, eve], "to two")
    configure(PAGINATION_CLASS=f"{HERE}.{paginator}")
    client = as_alice if "sent" in url else as_bob
    seen, pages = [], 0
    while url:
        with CaptureQueriesContext(connection) as queries:
            body = client.get(url).json()
        assert any("LIMIT" in query["sql"] for query in queries)
        seen += [item["content"] for item in body["results"]]
        if body["results"] and "recipients" in body["results"][0]:
            assert all(
                len(item["recipients"]) == 1 + (item["content"] == "to two") for item in body["results"]
            )
        assert body.get("count", 4) == 4
        url, pages = body["next"], pages + 1
    assert seen == ["to two", "ab", "longest", "mid!"]
    assert pages == 2


def test_pagination_of_one_list(alice, bob, as_bob, write, configure) -> None:
    write(alice, [bob])
    configure(LIST_READ_PAGINATION_CLASS=custom.Pages)
    assert as_bob.get("/messages/read/").json()["count"] == 0
    assert isinstance(as_bob.get("/messages/").json(), list)


def test_permissions_throttles_and_authentication_per_view(
    bob, as_alice, as_bob, anonymous, configure
) -> None:
    cache.clear()
    configure(
        LIST_PERMISSIONS=[custom.Nobody],
        SEND_THROTTLES=[custom.OncePerDay],
        LIST_READ_AUTHENTICATION=["accounts.authentication.TokenAuthentication"],
        UNREAD_COUNT_PERMISSIONS=[],
    )
    assert as_alice.get("/messages/").status_code == 403
    assert as_alice.get("/messages/unread/").status_code == 200
    assert [send(as_alice, bob).status_code for _ in range(2)] == [201, 429]
    assert anonymous.get("/messages/read/").status_code == 401
    assert anonymous.get("/messages/unread/").status_code == 403
