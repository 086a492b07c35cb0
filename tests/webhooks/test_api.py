"""``/api/v1/webhooks/``: registering endpoints, rotating secrets, posting again."""

from __future__ import annotations

from datetime import timedelta
from uuid import uuid4

import pytest
from django.contrib.auth.models import Permission
from django.utils.timezone import now
from standardwebhooks import Webhook

from tests.conftest import client_with_token
from tests.webhooks.conftest import again, post
from webhooks.models import Endpoint, Event

ROOT = "/api/v1/webhooks"
URL = "https://hooks.example.org/in"
pytestmark = pytest.mark.django_db


def may(user, *rights: str):
    user.user_permissions.add(
        *Permission.objects.filter(content_type__app_label="webhooks", codename__in=rights)
    )
    return client_with_token(user)


@pytest.fixture
def manager(alice):
    return may(alice, "view_endpoint", "add_endpoint", "change_endpoint", "delete_endpoint")


def registered(client, **fields) -> dict:
    answer = client.post(f"{ROOT}/endpoints/", {"url": URL, **fields})
    assert answer.status_code == 201, answer.content
    return answer.json()


def test_an_endpoint_is_registered_and_its_secret_told_once(manager, alice):
    made = registered(manager, types=["delivery.failed", "contact.opted_out"], description="ours")
    assert Webhook(made["secret"])
    stored = Endpoint.objects.get()
    assert (stored.secret, stored.created_by) == (made["secret"], alice)
    for form in ("", "/"):
        read = manager.get(f"{ROOT}/endpoints/{made['id']}{form}").json()
        assert "secret" not in read
        assert read["types"] == ["contact.opted_out", "delivery.failed"]
    listed = manager.get(f"{ROOT}/endpoints/").json()
    assert (listed["count"], "secret" in listed["results"][0]) == (1, False)


@pytest.mark.parametrize(
    ("body", "field"),
    [
        ({}, "url"),
        ({"url": "http://hooks.example.org/"}, "url"),
        ({"url": "https://u:p@hooks.example.org/"}, "url"),
        ({"url": "https://hooks.example.org/\x00"}, "url"),
        ({"url": 5}, "url"),
        ({"url": URL, "types": ["everything"]}, "types"),
        ({"url": URL, "types": ["ping"]}, "types"),
        ({"url": URL, "types": "delivery.failed"}, "types"),
        ({"url": URL, "types": [["delivery.failed"]]}, "types"),
        ({"url": URL, "include_content": "perhaps"}, "include_content"),
        ({"url": URL, "description": "x" * 201}, "description"),
        ([], "non_field_errors"),
    ],
)
def test_what_makes_no_endpoint(manager, body, field):
    answer = manager.post(f"{ROOT}/endpoints/", body)
    assert (answer.status_code, list(answer.json())) == (400, [field])
    assert not Endpoint.objects.exists()


def test_only_what_is_meant_to_be_changed_can_be(manager):
    made = registered(manager)
    before = Endpoint.objects.get()
    answer = manager.patch(
        f"{ROOT}/endpoints/{made['id']}/",
        {
            "description": "new", "secret": "whsec_mine", "enabled": False, "failures": 7, "id": str(uuid4()),
            "created_by": 1, "previous_secret": "x",
        },
    )  # fmt: skip
    assert (answer.status_code, answer.json()["description"]) == (200, "new")
    after = Endpoint.objects.get()
    assert (after.pk, after.secret, after.enabled, after.failures) == (before.pk, before.secret, True, 0)
    assert after.created_by == before.created_by


def test_from_registration_to_a_new_secret_and_a_test_post(manager, near, receiver):
    made = registered(manager, url=receiver.url)
    at = f"{ROOT}/endpoints/{made['id']}"
    assert manager.post(f"{at}/ping/").status_code == 202
    post()
    assert Webhook(made["secret"]).verify(receiver.posts[0].body, receiver.posts[0].headers)["type"] == "ping"
    rotated = manager.post(f"{at}/rotate-secret", {"overlap_hours": 1}).json()
    assert rotated["secret"] != made["secret"]
    assert rotated["previous_until"]
    for hours in (-1, 721, "soon"):
        assert manager.post(f"{at}/rotate-secret/", {"overlap_hours": hours}).status_code == 400
    manager.post(f"{at}/ping/")
    post()
    for secret in (made["secret"], rotated["secret"]):
        Webhook(secret).verify(receiver.posts[1].body, receiver.posts[1].headers)


def test_disabling_and_enabling(manager):
    at = f"{ROOT}/endpoints/{registered(manager)['id']}"
    off = manager.post(f"{at}/disable/").json()
    assert (off["enabled"], off["disabled"]) == (False, "by_hand")
    assert manager.post(f"{at}/ping/").status_code == 409
    assert manager.post(f"{at}/enable/").json()["enabled"] is True


def test_events_are_listed_and_posted_again(manager, endpoint, wait_for):
    taken, failed, waiting = wait_for(state="taken"), wait_for(state="failed", attempts=11), wait_for()
    listed = manager.get(f"{ROOT}/events/").json()
    assert [row["id"] for row in listed["results"]] == [waiting.pk, failed.pk, taken.pk]
    for query, found in (
        ("state=failed", [failed.pk]),
        (f"endpoint={endpoint.pk}&state=taken", [taken.pk]),
        (f"endpoint={uuid4()}", []),
        ("endpoint=nobody", []),
        ("state=%00", []),
    ):
        rows = manager.get(f"{ROOT}/events/?{query}").json()["results"]
        assert [row["id"] for row in rows] == found
    assert manager.post(f"{ROOT}/events/{taken.pk}/replay/").status_code == 202
    assert (again(taken).state, again(taken).attempts) == ("waiting", 0)
    since = {"since": (now() - timedelta(hours=1)).isoformat()}
    answer = manager.post(f"{ROOT}/endpoints/{endpoint.pk}/replay/", since)
    assert (answer.status_code, answer.json()) == (202, {"queued": 3})
    assert manager.post(f"{ROOT}/endpoints/{endpoint.pk}/replay/", {"since": "lately"}).status_code == 400


def test_the_types_are_told(manager):
    types = [row["type"] for row in manager.get(f"{ROOT}/event-types/").json()]
    assert {"delivery.failed", "subscription.completed", "message.received", "ping"} <= set(types)


@pytest.mark.parametrize("key", ["0", "nobody", "9" * 400, "%00", "6f1dfa3e-5a5b-4f2b-9a3c-2b6c7c1d9e10"])
@pytest.mark.parametrize("kind", ["endpoints", "events"])
def test_what_is_not_there(manager, kind, key):
    assert manager.get(f"{ROOT}/{kind}/{key}/").status_code == 404


def test_deleting_takes_the_events_along(manager, endpoint, wait_for):
    wait_for()
    assert manager.delete(f"{ROOT}/endpoints/{endpoint.pk}/").status_code == 204
    assert not Event.objects.exists()


# --- Who may ------------------------------------------------------------------------

CALLS = [
    ("get", "endpoints/", "view"), ("post", "endpoints/", "add"), ("get", "endpoints/{key}/", "view"),
    ("patch", "endpoints/{key}/", "change"), ("delete", "endpoints/{key}/", "delete"),
    ("post", "endpoints/{key}/rotate-secret/", "change"), ("post", "endpoints/{key}/enable/", "change"),
    ("post", "endpoints/{key}/disable/", "change"), ("post", "endpoints/{key}/ping/", "change"),
    ("post", "endpoints/{key}/replay/", "change"), ("get", "events/", "view"),
    ("get", "events/{event}/", "view"), ("post", "events/{event}/replay/", "change"),
    ("get", "event-types/", "view"),
]  # fmt: skip


@pytest.mark.parametrize(("method", "path", "right"), CALLS)
def test_each_call_needs_its_right(anonymous, bob, staff, endpoint, wait_for, method, path, right):
    url = f"{ROOT}/{path.format(key=endpoint.pk, event=wait_for().pk)}"
    assert getattr(anonymous, method)(url).status_code == 401
    assert getattr(client_with_token(staff), method)(url).status_code == 403, "being staff is no right"
    others = {"view", "add", "change", "delete"} - {right}
    assert getattr(may(bob, *(f"{one}_endpoint" for one in others)), method)(url).status_code == 403
    bob.user_permissions.clear()
    holder = may(type(bob).objects.get(pk=bob.pk), f"{right}_endpoint")
    assert getattr(holder, method)(url).status_code not in (401, 403)


def test_a_limited_token_needs_the_scope(alice, manager):
    assert client_with_token(alice, "sms").get(f"{ROOT}/endpoints/").status_code == 403
    reader = client_with_token(alice, "webhooks:read")
    assert reader.get(f"{ROOT}/endpoints/").status_code == 200
    assert reader.post(f"{ROOT}/endpoints/", {"url": URL}).status_code == 403
