"""Query parameters of the lists."""

from __future__ import annotations

from datetime import UTC, datetime, timedelta

import pytest

from sendables.models import Message, MessageReceipt

NOON = datetime(2024, 2, 15, 12, tzinfo=UTC)


@pytest.fixture
def inbox(alice, bob, eve, write) -> None:
    """Bob has three: from alice at noon and the day after, from eve the day before."""
    for sender, text, hours in ((alice, "Hello Bob", 0), (alice, "100% sure", 24), (eve, "hello again", -24)):
        message = write(sender, [bob], text)
        at = NOON + timedelta(hours=hours)
        Message.objects.filter(pk=message.pk).update(sent_on=at)
        MessageReceipt.objects.filter(sendable=message).update(sent_on=at)


def found(client, query: str, url: str = "/messages/") -> list[str]:
    answer = client.get(f"{url}?{query}")
    assert answer.status_code == 200, answer.content
    return [item["content"] for item in answer.json()]


ALL = ["100% sure", "Hello Bob", "hello again"]
AT = NOON.timestamp()
CASES = {
    "contains": ("content=hello", ["Hello Bob", "hello again"]),
    "contains a wildcard sign": ("content=0%25", ["100% sure"]),
    "nothing contains it": ("content=_", []),
    "empty content": ("content=", ALL),
    "the same key twice": ("content=again&content=sure", ["100% sure", "hello again"]),
    "different keys": ("content=hello&sender__username=eve", ["hello again"]),
    "sender by name": ("sender__username=alice", ["100% sure", "Hello Bob"]),
    "names have a case": ("sender__username=Alice", []),
    "exactly then": (f"sent_on={AT}", ["Hello Bob"]),
    "exact": (f"sent_on__exact={AT}", ["Hello Bob"]),
    "a fraction": (f"sent_on__gt={AT - 0.5}", ["100% sure", "Hello Bob"]),
    "after": (f"sent_on__gt={AT}", ["100% sure"]),
    "from": (f"sent_on__gte={AT}", ["100% sure", "Hello Bob"]),
    "before": (f"sent_on__lt={AT}", ["hello again"]),
    "until": (f"sent_on__lte={AT}", ["Hello Bob", "hello again"]),
    "on the day": (f"sent_on__date={AT + 3600}", ["Hello Bob"]),
    "two bounds": (f"sent_on__gte={AT}&sent_on__lt={AT + 60}", ["Hello Bob"]),
    "unknown lookup": (f"sent_on__foo={AT}", []),
    "no number": ("sent_on=abc", ALL),
    "an ISO date": ("sent_on__gte=2024-02-15", ALL),
    "no value": ("sent_on__gte=", ALL),
    "not a number at all": ("sent_on__gte=nan", ALL),
    "nonsense beside sense": (f"sent_on__gt=abc&sent_on__gt={AT}", ["100% sure"]),
    "unknown key": ("foo=bar", ALL),
    "a lookup on content": ("content__regex=(", ALL),
    "recipient of a received one": ("recipient_id=1&recipient_username=x", ALL),
    # What the server of the original answers with 500:
    "sender no number": ("sender__id=abc", []),
    "sender empty": ("sender__id=", []),
    "sender beyond 64 bits": ("sender__id=99999999999999999999999", []),
    "sender with NUL": ("sender__id=1%00", []),
    "NUL in content": ("content=a%00b", []),
    "NUL in a name": ("sender__username=a%00", []),
    "infinity": ("sent_on__gte=inf", []),
    "until infinity": ("sent_on__lte=inf", ALL),
    "beyond the calendar": ("sent_on=1e30", []),
    "before the calendar": ("sent_on=-1e18", []),
    "since before the calendar": ("sent_on__gte=-1e18", ALL),
    "year": ("sent_on__year=2024", []),
    "hour": ("sent_on__hour=12", []),
    "range": ("sent_on__range=1,2", []),
    "in": ("sent_on__in=1,2", []),
    "isnull": ("sent_on__isnull=1", []),
    "regex": ("sent_on__regex=(", []),
    "digits without end": ("sender__id=" + "9" * 5000, []),
}


@pytest.mark.usefixtures("inbox")
@pytest.mark.parametrize(("query", "contents"), CASES.values(), ids=CASES.keys())
def test_received_lists_are_filtered(as_bob, query, contents) -> None:
    assert found(as_bob, query) == contents
    assert found(as_bob, query, "/messages/unread/") == contents
    assert found(as_bob, query, "/messages/read/") == []


@pytest.mark.usefixtures("inbox")
def test_by_the_sender_s_id(as_bob, eve) -> None:
    assert found(as_bob, f"sender__id={eve.pk}") == ["hello again"]


def test_notices_have_no_sender_to_filter_by(bob, as_bob, notify) -> None:
    notify([bob], "one")
    assert found(as_bob, "content=ONE", "/notices/") == ["one"]
    assert found(as_bob, "sender__id=1", "/notices/") == []
    assert found(as_bob, "sender__username=x", "/notices/") == []


def test_sent_ones_by_recipient_with_all_their_recipients(alice, bob, eve, as_alice, write) -> None:
    write(alice, [bob], "to bob")
    write(alice, [bob, eve], "to both")
    [item] = as_alice.get(f"/messages/sent/?recipient_id={eve.pk}").json()
    assert item["content"] == "to both"
    assert len(item["recipients"]) == 2
    url = "/messages/sent/"
    assert found(as_alice, "recipient_username=bob", url) == ["to both", "to bob"]
    assert found(as_alice, f"recipient_id={eve.pk}&recipient_username=bob", url) == []
    assert found(as_alice, f"recipient_id={eve.pk}&recipient_id={bob.pk}", url) == ["to both", "to bob"]
    assert found(as_alice, "content=bob&recipient_username=bob", url) == ["to bob"]
    assert found(as_alice, f"sender__id={alice.pk}", url) == ["to both", "to bob"]
    for nonsense in (
        "recipient_id=abc",
        "recipient_id=",
        "recipient_id=9999999999999999999999",
        "recipient_id=%00",
    ):
        assert found(as_alice, nonsense, url) == []


@pytest.mark.usefixtures("inbox")
def test_nonsense_can_be_an_error(as_bob, settings) -> None:
    from sendables.entities import FilterType

    settings.SENDABLES = {
        "message": {"FILTER_INVALID": {FilterType.DATETIME: "error", FilterType.EQUALS: "ignore"}}
    }
    answer = as_bob.get("/messages/?sent_on__gte=abc")
    assert (answer.status_code, set(answer.json())) == (400, {"sent_on__gte"})
    assert found(as_bob, "sender__id=abc") == ALL


@pytest.mark.usefixtures("inbox")
def test_what_a_project_says_of_one_kind_of_nonsense_leaves_the_others_as_they_are(as_bob, settings) -> None:
    from sendables.entities import FilterType

    settings.SENDABLES = {"message": {"FILTER_INVALID": {FilterType.EQUALS: "error"}}}
    assert as_bob.get("/messages/?sender__id=abc").status_code == 400
    assert found(as_bob, "sent_on=abc") == ALL
