"""Telephone users in the admin site, and what is never shown or written of them."""

from __future__ import annotations

import logging

import pytest
from django.urls import reverse

from accounts.models import User
from audit.models import Entry
from contacts.models import Address
from contacts.operations import get_or_create_contact
from telephony import operations
from telephony.models import TelephonyUser, Voicemail
from telephony.recordings import read_recording
from tests.telephony.conftest import recording

pytestmark = pytest.mark.django_db
SECRET = "open-sesame-7895"


@pytest.fixture
def desk(client) -> None:
    client.force_login(User.objects.create_superuser("root", password="p"))


def test_no_page_shows_a_password(client, desk):
    box = Voicemail.objects.create(mailbox="12", fullname="Jean", password=SECRET)
    user = TelephonyUser.objects.create(firstname="Jean", password=SECRET, voicemail=box)
    for model, key in (("telephonyuser", user.pk), ("voicemail", box.pk)):
        for page in (
            reverse(f"admin:telephony_{model}_changelist"),
            reverse(f"admin:telephony_{model}_change", args=[key]),
        ):
            answer = client.get(page)
            assert answer.status_code == 200
            assert "Jean" in answer.content.decode()
            assert SECRET not in answer.content.decode()


def save(client, record: TelephonyUser | Voicemail, **changes: object) -> None:
    """Change something on the record's page, as its form has the rest."""
    page = reverse(f"admin:telephony_{record._meta.model_name}_change", args=[record.pk])
    form = {
        field.name: value
        for field in client.get(page).context["adminform"].form
        if (value := field.value()) not in (None, False)
    }
    assert client.post(page, form | changes).status_code == 302
    record.refresh_from_db()


def test_saving_in_the_admin_keeps_the_password(client, desk):
    user = TelephonyUser.objects.create(firstname="Jean", password=SECRET)
    save(client, user, lastname="Dupond")
    assert (user.lastname, user.password) == ("Dupond", SECRET)


def test_what_is_added_in_the_admin_has_the_defaults_of_the_interface(client, desk):
    page = reverse("admin:telephony_telephonyuser_add")
    form = {"firstname": "Jean", "lastname": "Dupond", "musiconhold": "jazz", "outcallerid": "default"}
    assert client.post(page, form).status_code == 302
    user = TelephonyUser.objects.get()
    assert (user.callerid, user.musiconhold, user.outcallerid) == ("Jean Dupond", "jazz", "default")
    assert client.post(reverse("admin:telephony_voicemail_add"), {"mailbox": "012"}).status_code == 302
    assert Voicemail.objects.get().mailbox == "012"


def test_people_are_reached_in_the_mailbox_that_the_admin_gives_them(client, desk):
    box, other = (Voicemail.objects.create(mailbox=number) for number in ("12", "13"))
    contact, _ = get_or_create_contact(msisdn="+27820001001")
    user = TelephonyUser.objects.create(firstname="Jean", voicemail=box)
    operations.link_contact(user_id=user.pk, contact_id=contact.pk)
    for change in (lambda: save(client, user, voicemail=other.pk), lambda: save(client, other, mailbox="14")):
        change()
        other.refresh_from_db()
        mailboxes = Address.objects.filter(contact=contact, kind="mailbox")
        assert list(mailboxes.values_list("value", flat=True)) == [other.mailbox]


@pytest.mark.parametrize("how", ["its own page", "the list"])
def test_a_mailbox_deleted_in_the_admin_takes_its_recordings_along(
    client, desk, how, django_capture_on_commit_callbacks
):
    box = Voicemail.objects.create(mailbox="12")
    message = operations.store_message(voicemail_id=box.pk, recording=read_recording(recording()))
    page = reverse("admin:telephony_voicemail_changelist")
    form = {"action": "delete_selected", "_selected_action": box.pk, "post": "yes"}
    if how == "its own page":
        page, form = reverse("admin:telephony_voicemail_delete", args=[box.pk]), {"post": "yes"}
    with django_capture_on_commit_callbacks(execute=True):
        assert client.post(page, form).status_code == 302
    assert not Voicemail.objects.exists()
    assert not message.recording.storage.exists(message.recording.name)


def test_neither_the_log_nor_the_audit_log_has_a_password(pbx, caplog):
    caplog.set_level(logging.DEBUG)
    body = {"firstname": "Jean", "password": SECRET}
    key = pbx.post("/1.0/users/", body, format="json").json()["id"]
    pbx.put(f"/1.0/users/{key}", {"password": f"{SECRET}-new", "bad": 1}, format="json")
    assert pbx.get(f"/1.0/users/{key}").json()["password"] == SECRET
    told = caplog.text + str(list(Entry.objects.values_list("before", "after")))
    assert SECRET not in told
