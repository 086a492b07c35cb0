"""The traffic in the admin site."""

from __future__ import annotations

from datetime import timedelta

import pytest
from django.contrib.auth.models import Permission
from django.db import connection
from django.test.utils import CaptureQueriesContext
from django.utils import timezone

from sendables import operations
from sendables.models import MessageReceipt, Posting

ROOT = "/admin/sendables/"
WORDS = "words nobody else should read"


@pytest.fixture
def may(staff):
    """``may("view_message", …)`` gives the member of staff these permissions."""

    def give(*codenames: str) -> None:
        found = Permission.objects.filter(content_type__app_label="sendables", codename__in=codenames)
        assert len(found) == len(codenames)
        staff.user_permissions.add(*found)

    return give


@pytest.fixture
def desk(client, staff):
    client.force_login(staff)
    return client


VIEWS = (
    "view_message",
    "view_notice",
    "view_messagereceipt",
    "view_noticereceipt",
    "view_posting",
    "view_block",
)


@pytest.mark.parametrize("name", ["message", "notice", "messagereceipt", "noticereceipt", "posting", "block"])
def test_each_list_opens_for_those_who_may(alice, bob, desk, may, write, notify, name) -> None:
    write(alice, [bob])
    notify([bob])
    operations.block(blocker=bob, people=[alice.pk])
    assert desk.get(f"{ROOT}{name}/").status_code == 403
    may(*VIEWS)
    assert desk.get(f"{ROOT}{name}/").status_code == 200
    assert desk.get(f"{ROOT}{name}/add/").status_code == 403


def test_bodies_are_for_those_who_may_read_them(alice, bob, desk, may, write, notify) -> None:
    message, notice = write(alice, [bob], WORDS, subject="secret subject"), notify([bob], WORDS)
    may(*VIEWS)
    pages = [
        f"message/{message.pk}/change/",
        f"notice/{notice.pk}/change/",
        "message/",
        "notice/",
        "messagereceipt/",
    ]
    for page in pages:
        text = desk.get(ROOT + page).content.decode()
        assert WORDS not in text
        assert "secret subject" not in text
    may("view_bodies")
    for page in pages[:2]:
        assert WORDS in desk.get(ROOT + page).content.decode()


def found(desk, query: str, name: str = "message") -> int:
    return desk.get(f"{ROOT}{name}/?q={query}").context["cl"].result_count


def test_search_looks_into_bodies_only_for_those_who_may_read_them(alice, bob, desk, may, write) -> None:
    message = write(alice, [bob], WORDS)
    may(*VIEWS)
    assert found(desk, "nobody") == 0
    assert found(desk, "alice") == found(desk, str(message.pk)) == 1
    assert found(desk, "bob", "messagereceipt") == 1
    may("view_bodies")
    assert found(desk, "nobody") == 1


@pytest.mark.parametrize(
    "lookup",
    [
        "message/?content__startswith=words",
        "message/?subject__startswith=x",
        "notice/?content=x",
        "posting/?fields__content__startswith=x",
        "messagereceipt/?sendable__content__startswith=x",
    ],
)
def test_addresses_of_lists_ask_for_bodies_no_more_than_the_search(desk, may, lookup) -> None:
    may(*VIEWS)
    assert desk.get(ROOT + lookup).status_code == 400


def test_a_list_runs_no_statement_per_row(alice, bob, eve, desk, may, write) -> None:
    may(*VIEWS)
    write(alice, [bob])
    for name in ("message", "messagereceipt"):
        desk.get(f"{ROOT}{name}/")
        with CaptureQueriesContext(connection) as one:
            desk.get(f"{ROOT}{name}/")
        for number in range(5):
            write(eve, [bob, alice], str(number))
        with CaptureQueriesContext(connection) as more:
            desk.get(f"{ROOT}{name}/")
        assert len(more) == len(one)


def test_recipients_are_counted_and_lead_to_their_receipts(alice, bob, eve, desk, may, write) -> None:
    message = write(alice, [bob, eve])
    operations.mark_read(entity_name="message", reader=bob, keys=[message.pk])
    may(*VIEWS)
    [row] = desk.get(f"{ROOT}message/").context["cl"].result_list
    assert (row.recipients, row.readers) == (2, 1)
    answer = desk.get(f"{ROOT}messagereceipt/?sendable__id__exact={message.pk}")
    assert answer.context["cl"].result_count == 2


def test_nothing_can_be_changed(alice, bob, desk, may, write, staff) -> None:
    staff.is_superuser = True
    staff.save()
    message = write(alice, [bob], WORDS)
    for page in (
        f"message/{message.pk}/change/",
        f"messagereceipt/{MessageReceipt.objects.get().pk}/change/",
    ):
        assert desk.post(ROOT + page, {"content": "forged"}).status_code == 403
    assert desk.post(f"{ROOT}message/{message.pk}/delete/", {"post": "yes"}).status_code == 403
    message.refresh_from_db()
    assert message.content == WORDS


def stop(desk, posting):
    return desk.post(f"{ROOT}posting/", {"action": "stop", "_selected_action": [posting.pk]}, follow=True)


def test_a_send_that_is_to_come_can_be_stopped(bob, staff, desk, may) -> None:
    posting = operations.post(
        entity_name="notice",
        posted_by=staff,
        fields={"content": WORDS},
        audience={"ids": [bob.pk]},
        publish_at=timezone.now() + timedelta(hours=1),
    )
    may("view_posting")
    stop(desk, posting)
    assert Posting.objects.get().cancelled_at is None
    assert WORDS not in desk.get(f"{ROOT}posting/{posting.pk}/change/").content.decode()
    may("change_posting")
    assert "1 send stopped" in stop(desk, posting).content.decode()
    assert Posting.objects.get().cancelled_at is not None
    assert "0 sends stopped" in stop(desk, posting).content.decode()
