"""The log in the admin site."""

from __future__ import annotations

import pytest
from django.contrib.auth.models import Group
from django.urls import reverse

from accounts.models import User
from audit.acting import Actor, acting
from audit.models import Entry
from stagebased.models import Schedule

pytestmark = pytest.mark.django_db
LOG = reverse("admin:audit_entry_changelist")


@pytest.fixture
def as_root(client):
    client.force_login(User.objects.create_superuser("root", password="root-password"))
    return client


@pytest.fixture
def entry() -> Entry:
    schedule = Schedule.objects.create(hour="8")
    with acting(Actor("admin", 7, "olga")):
        Schedule.objects.filter(pk=schedule.pk).update(hour="9")
    return Entry.objects.get()


def test_an_entry_shows_what_was_there_before_and_after(as_root, entry):
    page = as_root.get(reverse("admin:audit_entry_change", args=[entry.pk])).content.decode()
    assert "<tr><th>hour</th><td>8</td><td>9</td></tr>" in page
    assert "olga" in page


def test_an_entry_speaks_in_the_words_of_the_pages(as_root):
    changed = {"model": "accounts.User", "object_id": "1", "act": "change", "via": "admin"}
    entry = Entry.objects.create(**changed, before={"is_staff": 0}, after={"is_staff": 1, "gone_by_now": ""})
    page = as_root.get(reverse("admin:audit_entry_change", args=[entry.pk])).content.decode()
    assert "<tr><th>staff status</th><td>no</td><td>yes</td></tr>" in page
    assert "<tr><th>gone by now</th><td>—</td><td>—</td></tr>" in page
    assert str(entry) == "changed user 1"


def test_not_even_a_superuser_changes_the_log(as_root, entry):
    page = reverse("admin:audit_entry_change", args=[entry.pk])
    assert as_root.post(page, {"actor": "nobody"}).status_code == 403
    assert as_root.post(reverse("admin:audit_entry_delete", args=[entry.pk])).status_code == 403
    assert as_root.get(reverse("admin:audit_entry_add")).status_code == 403
    as_root.post(LOG, {"action": "delete_selected", "_selected_action": [entry.pk], "post": "yes"})
    assert Entry.objects.get().actor == "olga"


def test_an_objects_history_is_the_log_narrowed_to_it(as_root, entry):
    history = reverse("admin:stagebased_schedule_history", args=[entry.object_id])
    found = as_root.get(history, follow=True).context["cl"].result_list
    assert list(found) == [entry]
    other = reverse("admin:stagebased_schedule_history", args=[int(entry.object_id) + 1])
    assert list(as_root.get(other, follow=True).context["cl"].result_list) == []


def test_who_may_not_see_the_log_is_not_sent_there(client, staff, entry):
    page = reverse("admin:stagebased_schedule_change", args=[entry.object_id])
    client.force_login(staff)
    for role, sees in (("Editor", False), ("Operator", True)):
        staff.groups.set([Group.objects.get(name=role)])
        assert ("/history/" in client.get(page).content.decode()) is sees, role


@pytest.mark.parametrize("term", ["olga", "object"])
def test_the_log_is_searched_by_who_and_by_object(as_root, entry, term):
    term = entry.object_id if term == "object" else term
    assert list(as_root.get(LOG, {"q": term}).context["cl"].result_list) == [entry]
    assert list(as_root.get(LOG, {"q": "nobody"}).context["cl"].result_list) == []
