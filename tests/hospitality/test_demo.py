"""The demo's members, and the limit of what new members may send."""

from datetime import timedelta

import pytest
from django.core.management import call_command
from django.utils import timezone

from accounts.models import User
from hospitality.management import demo
from hospitality.models import Feedback, Member, Picture
from hospitality.places import box
from hospitality.selectors import threads
from hospitality.selectors.hosts import by_place
from sendables.models import Message


@pytest.fixture(autouse=True)
def media(settings, tmp_path):
    settings.MEDIA_ROOT = tmp_path


def test_the_demo_is_loaded_once(db, capsys):
    call_command("seed_members")
    call_command("seed_members", if_empty=True)
    assert Member.objects.count() == Picture.objects.count() == len(demo.PEOPLE)
    assert (Message.objects.count(), Feedback.objects.count()) == (9, 5)
    assert not any(user.has_usable_password() for user in User.objects.all())


def test_the_demo_has_something_for_an_app_to_show(db):
    call_command("seed_members")
    anna = User.objects.get(username="demo-anna")
    around = box(51.5, 53.5, 12, 14)
    page = by_place(place=around, centre=around.centre, limit=9)
    assert sorted(host.username for host in page.hosts) == ["demo-anna", "demo-bruno", "demo-freya"]
    listed = threads.page(anna, box="current", limit=9, offset=0)
    assert [(each.subject, each.unread) for each in listed] == [
        ("Pump left behind", 1), ("Elbe tour", 2), ("A night in May?", 0),
    ]  # fmt: skip


def test_where_there_are_members_none_are_added(members):
    call_command("seed_members", if_empty=True)
    assert Member.objects.count() == 3


@pytest.fixture
def limited(settings):
    settings.HOSPITALITY_NEW_MEMBER_RECIPIENTS = 1
    rules = {"RECIPIENT_RATE": "hospitality.limits.recipient_rate"}
    settings.SENDABLES = {**settings.SENDABLES, "message": rules}


def send(app):
    return app.call("message/send", {"recipients": "bob", "subject": "s", "body": "b"})


def test_new_members_write_to_few_people_a_day(limited, alices, bob):
    assert send(alices).status_code == 200
    assert send(alices).status_code == 400


def test_older_members_and_other_accounts_have_no_such_limit(limited, alices, alice, bob):
    User.objects.filter(pk=alice.pk).update(date_joined=timezone.now() - timedelta(days=8))
    assert [send(alices).status_code for _ in range(3)] == [200, 200, 200]
