"""Broadcasts in the admin site."""

from __future__ import annotations

import pytest
from django.contrib.auth.models import Group as Role
from django.urls import reverse

from broadcasts.models import Broadcast
from contacts.models import Contact, Group
from tests.broadcasts.conftest import work

pytestmark = pytest.mark.django_db
ADD = reverse("admin:broadcasts_broadcast_add")


@pytest.fixture
def as_operator(client, staff, channel):
    staff.groups.add(Role.objects.get(name="Operator"))
    client.force_login(staff)
    return client


def form(group: Group, texts: dict[str, str], **given) -> dict:
    rows = {
        f"texts-{at}-{name}": value
        for at, pair in enumerate(texts.items())
        for name, value in zip(("lang", "text"), pair, strict=True)
    }
    management = {"texts-TOTAL_FORMS": len(texts), "texts-INITIAL_FORMS": 0}
    fields = {"name": "Closed", "channel": "sms", "audience": "group", "group": group.pk, "timezone": "UTC"}
    return fields | management | rows | given


def step(client, broadcast: Broadcast, name: str):
    return client.post(reverse("admin:broadcasts_broadcast_step", args=[broadcast.pk, name]), follow=True)


def test_one_is_written_counted_sent_and_watched(as_operator, group, crowd, staff):
    sent = as_operator.post(ADD, form(group, {"eng_ZA": "Closed.", "zul_ZA": "Sivaliwe."}))
    assert sent.status_code == 302
    broadcast = Broadcast.objects.get()
    assert (broadcast.created_by, broadcast.texts.count()) == (staff, 2)
    step(as_operator, broadcast, "prepare")
    work(broadcast)
    page = as_operator.get(reverse("admin:broadcasts_broadcast_change", args=[broadcast.pk])).content.decode()
    assert "Send it" in page
    step(as_operator, broadcast, "start")
    work(broadcast)
    stand = as_operator.get(reverse("admin:broadcasts_broadcast_stand", args=[broadcast.pk])).content.decode()
    assert 'data-figure="waiting">10<' in stand
    step(as_operator, broadcast, "cancel")
    assert work(broadcast).state == "cancelled"


def test_what_cannot_be_sent_is_said_on_the_page(as_operator, group):
    answer = as_operator.post(ADD, form(group, {"eng_ZA": "x"}, default_language="zul_ZA"))
    assert "There is no text in this language" in answer.content.decode()
    assert as_operator.post(ADD, form(group, {})).status_code == 200
    answer = as_operator.post(ADD, form(group, {"eng_ZA": "x"}, audience="set", not_before="08:00"))
    assert set(answer.context["adminform"].form.errors) == {"messageset", "not_after"}
    assert not Broadcast.objects.exists()


def test_changing_a_counted_one_makes_it_a_draft(as_operator, ready, group):
    page = reverse("admin:broadcasts_broadcast_change", args=[ready.pk])
    assert as_operator.post(page, form(group, {"eng_ZA": "Open."})).status_code == 302
    ready.refresh_from_db()
    assert (ready.state, ready.texts.get().text) == ("draft", "Open.")


def test_one_on_its_way_is_neither_changed_nor_deleted(as_operator, ready, group):
    step(as_operator, ready, "start")
    page = reverse("admin:broadcasts_broadcast_change", args=[ready.pk])
    shown = as_operator.get(page)
    assert shown.status_code == 200
    assert len(shown.context["inline_admin_formsets"][0].formset.forms) == ready.texts.count()
    assert as_operator.post(page, form(group, {"eng_ZA": "Open."})).status_code == 403
    assert as_operator.post(reverse("admin:broadcasts_broadcast_delete", args=[ready.pk])).status_code == 403


def test_steps_are_for_those_who_may_and_never_taken_by_looking(client, staff, ready):
    staff.groups.add(Role.objects.get(name="Viewer"))
    client.force_login(staff)
    start = reverse("admin:broadcasts_broadcast_step", args=[ready.pk, "start"])
    assert client.get(start).status_code == 405
    assert client.post(start).status_code == 403
    ready.refresh_from_db()
    assert ready.state == "ready"
    page = reverse("admin:broadcasts_broadcast_change", args=[ready.pk])
    for shown in (page, reverse("admin:broadcasts_broadcast_stand", args=[ready.pk])):
        assert "Send it" not in client.get(shown).content.decode()


def test_people_are_put_into_a_group_from_their_list(as_operator, crowd):
    other = Group.objects.create(name="Clinic 8")
    contacts = reverse("admin:contacts_contact_changelist")
    chosen = {"action": "put_into_group", "_selected_action": [crowd[0].pk, crowd[1].pk]}
    assert "Which group?" in as_operator.post(contacts, chosen).content.decode()
    as_operator.post(contacts, chosen | {"group": other.pk})
    assert other.members.count() == 2
    found = as_operator.get(contacts, {"group": other.pk}).context["cl"].result_list
    assert {one.pk for one in found} == {crowd[0].pk, crowd[1].pk}
    as_operator.post(contacts, chosen | {"action": "take_out_of_group", "group": other.pk})
    assert other.members.count() == 0
    assert Contact.objects.count() == 10


def test_the_lists_cost_the_same_for_one_and_for_many(as_operator, draft, django_assert_num_queries):
    from django.db import connection
    from django.test.utils import CaptureQueriesContext

    url = reverse("admin:broadcasts_broadcast_changelist")
    draft()
    as_operator.get(url)
    with CaptureQueriesContext(connection) as few:
        as_operator.get(url)
    for _ in range(10):
        draft()
    with django_assert_num_queries(len(few)):
        as_operator.get(url)
