"""Lists: narrowed, ordered and in pages that existing clients can follow."""

from __future__ import annotations

from datetime import UTC, datetime, timedelta
from uuid import uuid4

import pytest

from stagebased.models import Message, MessageSet, Schedule, Subscription

LISTS = ["schedule", "messageset", "message", "binarycontent", "subscriptions"]
NOON = datetime(2026, 11, 20, 12, tzinfo=UTC)


def ids(client, query: str, path: str = "subscriptions") -> list:
    answer = client.get(f"/api/v1/{path}/?{query}")
    assert answer.status_code == 200, answer.content
    assert answer.json()["count"] == len(answer.json()["results"])
    return [record["id"] for record in answer.json()["results"]]


@pytest.fixture
def three(make_subscription, schedule) -> list[str]:
    """Made an hour apart, the oldest first."""
    whatsapp = MessageSet.objects.create(short_name="whatsapp_prebirth.hw_full.1", default_schedule=schedule)
    daily = Schedule.objects.create(hour="9")
    made = [
        make_subscription(created_at=NOON, metadata={"prepend_next_delivery": "Welcome"}, active=False),
        make_subscription(created_at=NOON + timedelta(hours=1), completed=True, metadata={}, version=2),
        make_subscription(
            created_at=NOON + timedelta(hours=2),
            messageset_id=whatsapp.pk,
            schedule_id=daily.pk,
            lang="zul_ZA",
            next_sequence_number=5,
            initial_sequence_number=4,
            process_status=-1,
        ),
    ]
    return [str(subscription.pk) for subscription in made]


FILTERS = {
    "active=True": [0, 1, 1],
    "active=false": [1, 0, 0],
    "active=TRUE&completed=False": [0, 0, 1],
    "completed=true": [0, 1, 0],
    "completed=1": [0, 1, 0],
    "version=2": [0, 1, 0],
    "lang=zul_ZA": [0, 0, 1],
    "next_sequence_number=5": [0, 0, 1],
    "initial_sequence_number=4": [0, 0, 1],
    "process_status=-1": [0, 0, 1],
    "process_status=0": [1, 1, 0],
    "metadata_has_key=prepend_next_delivery": [1, 0, 0],
    "metadata_not_has_key=prepend_next_delivery": [0, 1, 1],
    "messageset_contains=whatsapp_": [0, 0, 1],
    "messageset_contains=prebirth.hw_full": [1, 1, 1],
    "created_after=2026-11-20T13:00:00Z": [0, 1, 1],
    "created_before=2026-11-20T13:00:00%2B00:00": [1, 1, 0],
    "created_after=2026-11-20T15:30:00%2B02:00": [0, 0, 1],
    "created_before=2026-11-20T12:59:59.999999": [1, 0, 0],
    "created_at=2026-11-20T12:00:00Z": [1, 0, 0],
    "created_by=1": [0, 0, 0],
    "updated_by=99999999999999999999999999": [0, 0, 0],
    "version=99999999999999999999999999": [0, 0, 0],
    "metadata_has_key=a'b\"c": [0, 0, 0],
    "unknown=1&offset=0": [1, 1, 1],
    "active=": [1, 1, 1],
    "identity=8646b7bc-b511-4965-a90b-e1145e398703": [0, 0, 0],
}


@pytest.mark.parametrize(("query", "expected"), FILTERS.items(), ids=FILTERS)
def test_subscriptions_narrowed(as_alice, three, query, expected) -> None:
    wanted = {key for key, yes in zip(three, expected, strict=True) if yes}

    assert set(ids(as_alice, query)) == wanted


def test_subscriptions_of_somebody_of_a_set_and_of_a_schedule(as_alice, three) -> None:
    last = Subscription.objects.get(pk=three[2])

    for query in (
        f"identity={last.contact_id}",
        f"id={last.pk}",
        f"messageset={last.messageset_id}",
        f"schedule={last.schedule_id}",
    ):
        assert ids(as_alice, query) == [three[2]]


BAD_FILTERS = {
    "subscriptions": [
        "id=x", "identity=27820001001", "messageset=999", "messageset=x", "messageset=9999999999999999999999",
        "schedule=1.5", "version=x", "version=1.5", "lang=%00", "active=perhaps", "completed=2",
        "created_by=alice",
        "created_after=yesterday", "created_before=0001-01-01T00:00:00%2B14:00", "updated_at=2026-13-01",
        "metadata_has_key=%00", "messageset_contains=%00", "next_sequence_number=" + "9" * 5000,
        "ordering=lang", "ordering=-contact__addresses__value", "cursor=x", "cursor=%00", "cursor=1",
    ],
    "messageset": ["content_type=video", "short_name=%00", "ordering=x"],
    "message": ["messageset=x", "messageset=999", "sequence_number=one", "lang=%00", "ordering=text_content"],
}  # fmt: skip


@pytest.mark.fault("F23")
@pytest.mark.parametrize(
    ("path", "query"), [(path, query) for path, queries in BAD_FILTERS.items() for query in queries]
)
def test_a_value_that_no_filter_understands(as_alice, three, path, query) -> None:
    answer = as_alice.get(f"/api/v1/{path}/?{query}")

    assert answer.status_code == 400
    assert list(answer.json()) == [query.split("=")[0]]


def test_message_sets_and_messages_narrowed(as_alice, three, first_message) -> None:
    second = Message.objects.create(
        messageset=first_message.messageset, sequence_number=2, lang="zul_ZA", text_content="x"
    )

    assert len(ids(as_alice, "short_name=prebirth.hw_full.1", "messageset")) == 1
    assert len(ids(as_alice, "content_type=text", "messageset")) == 2
    assert ids(as_alice, "content_type=audio", "messageset") == []
    assert ids(as_alice, f"messageset={first_message.messageset_id}", "message") == [
        first_message.pk,
        second.pk,
    ]
    assert ids(as_alice, "sequence_number=2", "message") == [second.pk]
    assert ids(as_alice, "lang=eng_ZA", "message") == [first_message.pk]


def test_the_newest_subscription_comes_first(as_alice, three) -> None:
    assert ids(as_alice, "") == three[::-1]
    assert ids(as_alice, "ordering=created_at") == three
    assert ids(as_alice, "ordering=-id") == sorted(three, reverse=True)


def test_other_lists_are_in_the_order_of_their_ids(as_alice, schedule) -> None:
    made = [schedule.pk, *(Schedule.objects.create().pk for _ in range(3))]

    assert ids(as_alice, "", "schedule") == made
    assert ids(as_alice, "ordering=-id", "schedule") == made[::-1]


@pytest.mark.parametrize("path", LISTS)
def test_an_empty_list(as_alice, db, path) -> None:
    for form in (path, path + "/"):
        answer = as_alice.get(f"/api/v1/{form}")
        assert answer.json() == {"count": 0, "next": None, "previous": None, "results": []}


def follow(client, path: str) -> list[str]:
    """All records, as the Python client finds them: it cuts its API URL off ``next``, asks for the rest."""
    api_url, found = "http://testserver/api/v1", []
    while path:
        page = client.get(f"{api_url}{path}").json()
        found += [record["id"] for record in page["results"]]
        assert page["next"] is None or page["next"].startswith(f"{api_url}/subscriptions/?")
        path = page["next"] and page["next"].removeprefix(api_url)
    return found


def test_a_client_follows_next_through_all_pages(as_alice, make_subscription) -> None:
    # All made at the same moment, so that only the tie-break keeps pages apart.
    made = [str(make_subscription(created_at=NOON, active=n != 3).pk) for n in range(8)]

    assert sorted(follow(as_alice, "/subscriptions/?limit=3")) == sorted(made)
    assert sorted(follow(as_alice, "/subscriptions?active=True&limit=2")) == sorted(set(made) - {made[3]})


@pytest.mark.fault("F23")
@pytest.mark.parametrize("order", ["", "ordering=created_at&"])
def test_any_offset_gives_the_right_page(as_alice, make_subscription, order) -> None:
    """Pages of the second half are looked for from the end."""
    for n in range(11):
        make_subscription(created_at=NOON + timedelta(minutes=n // 2))
    whole = ids(as_alice, order)

    for offset in range(13):
        for limit in (1, 3, 20):
            page = as_alice.get(f"/api/v1/subscriptions/?{order}limit={limit}&offset={offset}").json()
            assert [record["id"] for record in page["results"]] == whole[offset : offset + limit]
            assert page["count"] == 11
            assert (page["next"] is None) == (offset + limit >= 11)
            assert (page["previous"] is None) == (offset == 0)


def test_a_client_reads_all_by_cursor_while_others_are_added(as_alice, make_subscription) -> None:
    made = {str(make_subscription(created_at=NOON).pk) for _ in range(7)}
    kept = {str(make_subscription(lang="zul_ZA").pk) for _ in range(4)}
    path = "/api/v1/subscriptions/?cursor=&limit=2&lang=eng_ZA"
    found = []
    while path:
        page = as_alice.get(path).json()
        assert page.keys() == {"next", "previous", "results"}
        assert len(page["results"]) <= 2
        found += [record["id"] for record in page["results"]]
        path = page["next"]
        make_subscription(lang="zul_ZA")

    assert found == sorted(made)
    assert kept <= set(follow(as_alice, "/subscriptions?cursor&lang=zul_ZA&limit=3"))


def test_links_keep_every_other_parameter(as_alice, three) -> None:
    page = as_alice.get("/api/v1/subscriptions/?lang=eng_ZA&limit=1&offset=0&created_after=2026-01-01").json()

    assert page["count"] == 2
    assert "lang=eng_ZA" in page["next"]
    assert "created_after=2026-01-01" in page["next"]
    assert "limit=1" in page["next"]
    assert "offset=1" in page["next"]


@pytest.mark.fault("F23")
def test_a_page_has_a_default_and_a_largest_size(as_alice, make_subscription, settings) -> None:
    settings.API_PAGE_SIZE, settings.API_MAX_PAGE_SIZE = 2, 3
    for _ in range(5):
        make_subscription()

    for query, size in {
        "": 2,
        "limit=1": 1,
        "limit=1000000": 3,
        "limit=0": 2,
        "limit=x": 2,
        "limit=-1": 2,
    }.items():
        assert len(as_alice.get(f"/api/v1/subscriptions/?{query}").json()["results"]) == size
    for offset in ("-1", "x", "9" * 30):
        assert as_alice.get(f"/api/v1/subscriptions/?offset={offset}").status_code == 200


def test_a_stranger_to_every_filter(as_alice, make_subscription) -> None:
    make_subscription(contact_id=uuid4())

    assert ids(as_alice, f"identity={uuid4()}") == []
