"""Webhooks in the admin site."""

from __future__ import annotations

import re

import pytest
from django.test import Client
from django.urls import reverse

from accounts.models import User
from tests.webhooks.conftest import again
from webhooks.models import Endpoint

pytestmark = pytest.mark.django_db


@pytest.fixture
def admin(settings) -> Client:
    client = Client()
    client.force_login(User.objects.create_superuser("root", "root@example.org", "x"))
    return client


def act(client: Client, model: str, action: str, *rows):
    url = reverse(f"admin:webhooks_{model}_changelist")
    return client.post(url, {"action": action, "_selected_action": [row.pk for row in rows]}, follow=True)


def test_the_secret_is_on_the_page_that_follows_and_nowhere_later(admin):
    page = admin.post(
        reverse("admin:webhooks_endpoint_add"),
        {"url": "https://hooks.example.org/", "description": "ours", "types": ["delivery.failed"]},
    )
    [shown] = re.findall(r"whsec_[A-Za-z0-9+/=]+", page.content.decode().replace("&#x3D;", "="))
    made = Endpoint.objects.get()
    assert (made.secret, made.kinds, made.created_by.username) == (shown, ["delivery.failed"], "root")
    later = admin.get(reverse("admin:webhooks_endpoint_change", args=[made.pk])).content.decode()
    assert "whsec_" not in later
    assert "https://hooks.example.org/" in later


def test_an_address_inside_is_refused_in_the_form(admin):
    page = admin.post(reverse("admin:webhooks_endpoint_add"), {"url": "http://10.0.0.1/"})
    assert b"The URL must begin with https://." in page.content
    assert not Endpoint.objects.exists()


def test_changing_keeps_the_secret(admin, endpoint):
    before = endpoint.secret
    admin.post(
        reverse("admin:webhooks_endpoint_change", args=[endpoint.pk]),
        {"url": endpoint.url, "description": "renamed", "types": [], "include_content": "on"},
    )
    changed = again(endpoint)
    assert (changed.description, changed.include_content, changed.secret) == ("renamed", True, before)


def test_a_new_secret_is_shown_once(admin, endpoint):
    before = endpoint.secret
    page = act(admin, "endpoint", "rotate_secret", endpoint)
    after = again(endpoint)
    assert after.secret.encode() in page.content.replace(b"&#x3D;", b"=")
    assert (after.secret != before, after.previous_secret) == (True, before)


def test_test_disable_enable(admin, endpoint):
    act(admin, "endpoint", "ping", endpoint)
    assert endpoint.events.get().type == "ping"
    act(admin, "endpoint", "disable", endpoint)
    assert not again(endpoint).enabled
    assert b"is disabled" in act(admin, "endpoint", "ping", endpoint).content
    act(admin, "endpoint", "enable", endpoint)
    assert again(endpoint).enabled


def test_events_are_looked_at_and_posted_again(admin, endpoint, wait_for):
    event = wait_for(state="failed", attempts=11, answer="500 Internal Server Error")
    page = admin.get(reverse("admin:webhooks_event_changelist"), {"q": str(event.object_id)})
    assert b"500 Internal Server Error" in page.content
    assert admin.get(reverse("admin:webhooks_event_change", args=[event.pk])).status_code == 200
    assert admin.get(reverse("admin:webhooks_event_changelist"), {"q": "nothing"}).status_code == 200
    act(admin, "event", "post_again", event)
    assert (again(event).state, again(event).attempts) == ("waiting", 0)


def test_an_endpoint_goes_with_its_events(admin, endpoint, wait_for):
    event = wait_for()
    page = reverse("admin:webhooks_endpoint_delete", args=[endpoint.pk])
    assert "Yes, I" in admin.get(page).content.decode()
    admin.post(page, {"post": "yes"})
    assert not Endpoint.objects.exists()
    assert not type(event).objects.exists()


def test_whoever_may_only_look_cannot_act(endpoint, wait_for, staff):
    from django.contrib.auth.models import Permission

    staff.user_permissions.add(
        *Permission.objects.filter(content_type__app_label="webhooks", codename__startswith="view_")
    )
    event, client = wait_for(state="taken"), Client()
    client.force_login(staff)
    assert client.get(reverse("admin:webhooks_event_changelist")).status_code == 200
    act(client, "event", "post_again", event)
    act(client, "endpoint", "rotate_secret", endpoint)
    assert again(event).state == "taken"
    assert again(endpoint).previous_secret == ""
