"""What is known of a person: on their page, and handed out as JSON."""

from __future__ import annotations

import json

import pytest
from django.apps import apps
from django.contrib.auth.models import Group, Permission
from django.urls import reverse

from accounts.models import User
from audit.models import Entry
from contacts import records
from contacts.models import Contact
from contacts.operations import opt_out
from sendables.operations.sending import send_message
from tests.contacts.test_forgetting import NUMBER, spool, zanele  # noqa: F401 (fixtures)

pytestmark = pytest.mark.django_db


@pytest.fixture
def as_operator(client, staff):
    staff.groups.add(Group.objects.get(name="Operator"))
    client.force_login(staff)
    return client


def exported(client, person: Contact) -> dict:
    answer = client.get(reverse("admin:contacts_contact_export", args=[person.pk]))
    assert answer.status_code == 200
    assert "attachment" in answer["Content-Disposition"]
    return json.loads(b"".join(answer.streaming_content))


def test_the_export_holds_what_every_app_knows(as_operator, zanele):  # noqa: F811 (fixture)
    told = exported(as_operator, zanele)
    assert told["person"][0]["name"] == "Zanele Mthembu"
    assert told["person"][0]["addresses"][0]["value"] == NUMBER
    assert {name for name, rows in told.items() if rows} >= {
        "person", "deliveries", "received", "subscriptions", "changes", "opt-outs", "in-app", "telephony",
        "hospitality", "feedback",
    }  # fmt: skip
    assert told["deliveries"][0]["text"] == "secretwords"
    assert "page" not in told["deliveries"][0]


def test_handing_out_is_on_record(as_operator, zanele, staff):  # noqa: F811 (fixture)
    exported(as_operator, zanele)
    entry = Entry.objects.get(act="export")
    assert (entry.actor, entry.object_id) == (staff.username, str(zanele.pk))


def test_a_viewer_exports_and_forgets_nobody(client, staff, zanele):  # noqa: F811 (fixture)
    staff.groups.add(Group.objects.get(name="Viewer"))
    client.force_login(staff)
    for name in ("export", "forget_one"):
        page = reverse(f"admin:contacts_contact_{name}", args=[zanele.pk])
        assert client.get(page).status_code == 403, name
        assert client.post(page).status_code == 403, name
    assert Contact.objects.get(pk=zanele.pk).name


def test_the_page_tells_all_of_it(as_operator, zanele):  # noqa: F811 (fixture)
    page = as_operator.get(reverse("admin:contacts_contact_change", args=[zanele.pk])).content.decode()
    for section in records.sections():
        assert section.title in page
    assert "secretwords" in page


def test_the_page_tells_what_people_wrote_to_those_who_may_read_it(as_operator, zanele, alice, staff):  # noqa: F811
    send_message(sender=alice, recipients=[zanele.user], content="between us")
    page = reverse("admin:contacts_contact_change", args=[zanele.pk])
    shown = as_operator.get(page).content.decode()
    assert "between us" not in shown
    assert "not shown to you" in shown
    staff.user_permissions.add(Permission.objects.get(codename="view_bodies"))
    assert "between us" in as_operator.get(page).content.decode()


def test_forgetting_from_the_page_asks_first(as_operator, zanele):  # noqa: F811 (fixture)
    page = reverse("admin:contacts_contact_forget_one", args=[zanele.pk])
    assert "cannot be undone" in as_operator.get(page).content.decode()
    assert Contact.objects.get(pk=zanele.pk).name
    assert as_operator.post(page, {"confirmed": "yes"}).status_code == 302
    assert Contact.objects.get(pk=zanele.pk).name == ""


def test_every_app_that_points_at_people_tells_what_it_knows():
    pointing = {
        relation.related_model._meta.app_label
        for model in (Contact, User)
        for relation in model._meta.related_objects
        if not relation.related_name or not relation.related_name.endswith("+")
    }
    # Only ever an account's own doings, which its audit entries tell.
    silent = {"accounts", "admin", "keyed", "announcements", "contacts"}
    telling = {section.records.__module__.partition(".")[0] for section in records.sections()}
    assert {app for app in pointing - silent if apps.is_installed(app)} <= telling


def test_a_page_of_somebody_new_opens(as_operator):
    assert as_operator.get(reverse("admin:contacts_contact_add")).status_code == 200
    person = Contact.objects.create()
    opt_out(kind="stopall", contact_ids=[person.pk], source="admin")
    assert exported(as_operator, person)["opt-outs"][0]["kind"] == "all addresses"
