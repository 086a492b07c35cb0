"""What a call costs does not grow with what is kept."""

from __future__ import annotations

from collections.abc import Callable

import pytest
from django.db import connection
from django.test.utils import CaptureQueriesContext

from contacts.models import Contact
from stagebased.models import Message, MessageSet

PATHS = [
    "schedule/", "messageset/", "message/", "binarycontent/", "messageset_languages", "subscriptions/",
    "subscriptions/?active=True&completed=False&messageset_contains=prebirth", "messageset/{set}/messages/",
]  # fmt: skip


@pytest.fixture
def statements(as_alice) -> Callable[..., int]:
    def count(method: str, path: str, *body: object) -> int:
        with CaptureQueriesContext(connection) as queries:
            answer = getattr(as_alice, method)(path, *body)
        assert answer.status_code < 300, answer.content
        return len(queries)

    return count


@pytest.fixture
def more(prebirth, schedule, make_subscription, first_message) -> Callable[[], None]:
    def make() -> None:
        for n in range(20):
            message_set = MessageSet.objects.create(short_name=f"set {n}", default_schedule=schedule)
            for number in (1, 2):
                Message.objects.create(
                    messageset=message_set, sequence_number=number, lang="eng_ZA", text_content="x"
                )
                Message.objects.create(
                    messageset=prebirth, sequence_number=10 + 2 * n + number, lang="eng_ZA", text_content="x"
                )
            make_subscription(messageset_id=message_set.pk)

    return make


@pytest.mark.parametrize("path", PATHS)
def test_a_list_of_one_costs_what_a_list_of_twenty_costs(
    statements, more, make_subscription, prebirth, path
) -> None:
    make_subscription()
    url = "/api/v1/" + path.format(set=prebirth.pk)
    statements("get", url)  # the token's first use is written
    one = statements("get", url)
    more()

    assert statements("get", url) == one
    assert one <= 4


def test_reading_a_subscription_takes_two_statements(statements, make_subscription) -> None:
    url = f"/api/v1/subscriptions/{make_subscription().pk}/"
    statements("get", url)

    assert statements("get", url) == 2  # the token, the row


def test_a_page_takes_three_statements(statements, make_subscription) -> None:
    for _ in range(5):
        make_subscription()
    statements("get", "/api/v1/subscriptions/")

    for offset in (0, 1, 3):  # the token, the count, the rows
        assert statements("get", f"/api/v1/subscriptions/?limit=2&offset={offset}") == 3


def test_counting_and_skipping_rows_touch_no_other_table(as_alice, make_subscription) -> None:
    """Both then read an index alone: with a join they read every row they pass over."""
    for _ in range(5):
        make_subscription()
    with CaptureQueriesContext(connection) as queries:
        as_alice.get("/api/v1/subscriptions/?limit=2&offset=1")

    count, page = (query["sql"] for query in queries.captured_queries[-2:])
    assert "messageset" not in count
    assert "messageset" not in page.split(" IN (")[1].split(")")[0]


def test_a_list_that_fits_its_page_is_not_counted(statements, make_subscription) -> None:
    identity = make_subscription().contact_id
    statements("get", "/api/v1/subscriptions/")

    assert statements("get", f"/api/v1/subscriptions/?identity={identity}") == 2


def test_a_registration_costs_the_same_among_many(statements, more, request_body) -> None:
    statements("get", "/api/v1/schedule/")
    counts = []
    for n in range(3):
        data = {
            **request_body["data"],
            "id": f"request {n}",
            "identity": f"8646b7bc-b511-4965-a90b-e1145e39870{n}",
        }
        counts.append(statements("post", "/api/v1/subscriptions/request", {"data": data}))
        if n == 1:
            more()

    assert Contact.objects.filter(pk__startswith="8646b7bc").count() == 3
    assert len(set(counts)) == 1
