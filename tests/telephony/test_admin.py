"""Telephone users in the admin site, and what is never shown or written of them."""

from __future__ import annotations

import logging

import pytest
from django.urls import reverse

from accounts.models import User
from audit.models import Entry
from telephony.models import TelephonyUser, Voicemail

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


def test_saving_in_the_admin_keeps_the_password(client, desk):
    user = TelephonyUser.objects.create(firstname="Jean", password=SECRET)
    page = reverse("admin:telephony_telephonyuser_change", args=[user.pk])
    form = {
        field.name: value
        for field in client.get(page).context["adminform"].form
        if (value := field.value()) not in (None, False)
    }
    assert client.post(page, form | {"lastname": "Dupond"}).status_code == 302
    user.refresh_from_db()
    assert (user.lastname, user.password) == ("Dupond", SECRET)


def test_neither_the_log_nor_the_audit_log_has_a_password(pbx, caplog):
    caplog.set_level(logging.DEBUG)
    body = {"firstname": "Jean", "password": SECRET}
    key = pbx.post("/1.0/users/", body, format="json").json()["id"]
    pbx.put(f"/1.0/users/{key}", {"password": f"{SECRET}-new", "bad": 1}, format="json")
    assert pbx.get(f"/1.0/users/{key}").json()["password"] == SECRET
    told = caplog.text + str(list(Entry.objects.values_list("before", "after")))
    assert SECRET not in told
