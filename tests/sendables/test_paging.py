"""Pages by ``?limit=&cursor=`` and ``Link``; the body stays an array."""

from __future__ import annotations

import re

import pytest

from sendables import operations
from sendables.models import Message, MessageReceipt
from sendables.selectors.keyset import Order


def next_of(answer) -> str | None:
    found = re.search(r'<([^>]+)>; rel="next"', answer.headers.get("Link", ""))
    return found.group(1) if found else None


def walk(client, url: str | None) -> list[list[str]]:
    pages = []
    while url:
        answer = client.get(url)
        assert answer.status_code == 200
        pages.append([item["content"] for item in answer.json()])
        url = next_of(answer)
    return pages


@pytest.fixture
def seven(alice, bob, write) -> list[int]:
    """Seven messages; the third and fifth are read."""
    keys = [write(alice, [bob], str(number)).pk for number in range(7)]
    operations.mark_read(entity_name="message", reader=bob, keys=[keys[2], keys[4]])
    return keys


@pytest.mark.usefixtures("seven")
@pytest.mark.parametrize("size", [1, 2, 3, 6, 7, 100])
def test_the_pages_together_are_the_list(as_bob, size) -> None:
    pages = walk(as_bob, f"/messages/?limit={size}")
    assert [text for page in pages for text in page] == ["6", "5", "3", "1", "0", "4", "2"]
    assert all(len(page) == size for page in pages[:-1])
    assert walk(as_bob, f"/messages/unread/?limit={size}")[0] == ["6", "5", "3", "1", "0"][:size]


@pytest.mark.usefixtures("seven")
def test_sent_ones_are_paged_by_message(as_alice) -> None:
    pages = walk(as_alice, "/messages/sent/?limit=3")
    assert pages == [["6", "5", "4"], ["3", "2", "1"], ["0"]]


@pytest.mark.usefixtures("seven")
def test_equal_times_lose_nobody(as_bob) -> None:
    MessageReceipt.objects.update(sent_on="2024-01-01T00:00:00Z")
    pages = walk(as_bob, "/messages/?limit=2")
    assert sorted(text for page in pages for text in page) == list("0123456")


def test_what_arrives_meanwhile_shifts_nothing(alice, bob, as_bob, write, seven) -> None:
    first = as_bob.get("/messages/unread/?limit=2")
    write(alice, [bob], "late")
    operations.delete_received(entity_name="message", reader=bob, keys=[seven[6], seven[5]])
    rest = walk(as_bob, next_of(first))
    assert [text for page in rest for text in page] == ["3", "1", "0"]


@pytest.mark.usefixtures("seven")
def test_other_parameters_travel_along(as_bob) -> None:
    answer = as_bob.get("/messages/?limit=1&sender__username=alice")
    assert "sender__username=alice" in next_of(answer)
    second = as_bob.get(next_of(answer))
    assert 'rel="first"' in second.headers["Link"]


@pytest.mark.usefixtures("seven")
def test_a_list_without_limit_has_an_end_and_says_so(as_bob, settings) -> None:
    settings.SENDABLES = {"message": {"MAX_UNPAGINATED": 5}}
    answer = as_bob.get("/messages/")
    assert len(answer.json()) == 5
    assert walk(as_bob, "/messages/") == [["6", "5", "3", "1", "0"], ["4", "2"]]


@pytest.mark.usefixtures("seven")
def test_a_page_has_an_upper_limit(as_bob, settings) -> None:
    settings.SENDABLES = {"message": {"MAX_PAGE_SIZE": 2}}
    assert len(as_bob.get("/messages/?limit=5").json()) == 2
    assert len(as_bob.get(f"/messages/?limit={'9' * 6000}").json()) == 2


def test_the_last_page_has_no_link(as_bob, seven) -> None:
    assert "Link" not in as_bob.get("/messages/?limit=7").headers
    assert "Link" not in as_bob.get("/messages/").headers


@pytest.mark.parametrize("limit", ["0", "-1", "x", "", "1.5", "٣"])
def test_a_limit_that_is_none_is_400(as_bob, limit) -> None:
    answer = as_bob.get(f"/messages/?limit={limit}")
    assert (answer.status_code, set(answer.json())) == (400, {"limit"})


def cursor(*values: object) -> str:
    import base64
    import json

    return base64.urlsafe_b64encode(json.dumps(values).encode()).decode().rstrip("=")


BAD_CURSORS = {
    "no base64": "%%%",
    "not ASCII": "é",
    "no JSON": "YWJj",
    "an object": "e30",
    "a number": "NQ",
    "too few": cursor("True", "2024-01-01T00:00:00+00:00"),
    "no time": cursor("True", "yesterday", "5"),
    "no number": cursor("True", "2024-01-01T00:00:00+00:00", "x"),
    "a huge number": cursor("True", "2024-01-01T00:00:00+00:00", "9" * 30),
    "nothing": cursor(None, None, None),
    "empty": "",
    "deep": cursor([[[]]] * 3),
}


@pytest.mark.parametrize("text", BAD_CURSORS.values(), ids=BAD_CURSORS.keys())
def test_a_cursor_that_is_none_is_400(as_bob, text) -> None:
    answer = as_bob.get("/messages/", {"cursor": text})
    assert (answer.status_code, set(answer.json())) == (400, {"cursor"})


@pytest.mark.usefixtures("seven")
def test_too_many_recipients_shorten_the_page_of_sent_ones(
    alice, bob, eve, as_alice, write, settings
) -> None:
    write(alice, [bob, eve], "to two")
    settings.SENDABLES = {"message": {"MAX_SENT_RECIPIENTS": 3}}
    pages = walk(as_alice, "/messages/sent/")
    assert [text for page in pages for text in page] == ["to two", *"6543210"]
    assert max(len(page) for page in pages) == 3
    settings.SENDABLES = {"message": {"MAX_SENT_RECIPIENTS": 1}}
    first = as_alice.get("/messages/sent/").json()
    assert [len(item["recipients"]) for item in first] == [2]
    assert [text for page in walk(as_alice, "/messages/sent/") for text in page] == ["to two", *"6543210"]


def test_mixed_directions_are_paged_too(alice, bob, write, seven) -> None:
    order = Order(MessageReceipt, ["-unread", "sent_on"], last="sendable_id")
    rows = MessageReceipt.objects.filter(recipient=bob)
    found = []
    cursor = None
    while True:
        page = order.apply(rows.filter(order.behind(order.read(cursor))) if cursor else rows)[:2]
        found += [receipt.sendable_id for receipt in page]
        if len(page) < 2:
            break
        last = page[1]
        cursor = order.write([last.unread, last.sent_on, last.sendable_id])
    unread = [seven[at] for at in (0, 1, 3, 5, 6)]
    assert found == [*unread, seven[2], seven[4]]


@pytest.mark.parametrize("sign", ["", "-"])
@pytest.mark.parametrize("then", ["sent_on", "-sent_on"])
def test_an_order_by_what_may_be_nothing_loses_nobody(
    alice, bob, eve, as_bob, write, settings, sign, then
) -> None:
    for number, sender in enumerate([alice, eve, alice, eve, alice]):
        write(sender, [bob], str(number))
    Message.objects.filter(content__in="03").update(sender=None)
    settings.SENDABLES = {"message": {"ORDER_RECEIVED": [f"{sign}sendable__sender__username", then]}}
    people = ["24", "1"] if then == "sent_on" else ["42", "1"]
    nobodys = "03" if then == "sent_on" else "30"
    expected = "".join([*(people if sign == "" else reversed(people)), nobodys])
    for url in ("/messages/?limit=1", "/messages/?limit=2", "/messages/?limit=1&content=", "/messages/"):
        assert "".join(text for page in walk(as_bob, url) for text in page) == expected
