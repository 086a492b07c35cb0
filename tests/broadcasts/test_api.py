"""Broadcasts for programs."""

from __future__ import annotations

import uuid

import pytest
from django.contrib.auth.models import Group as Role
from django.core.files.uploadedfile import SimpleUploadedFile

from broadcasts.models import Broadcast
from contacts.models import Group
from tests.broadcasts.conftest import number, work
from tests.conftest import client_with_token

pytestmark = pytest.mark.django_db
ALL = "/api/v1/broadcasts/"


@pytest.fixture
def as_operator(staff, channel):
    staff.groups.add(Role.objects.get(name="Operator"))
    return client_with_token(staff, "broadcasts")


@pytest.fixture
def body(group) -> dict:
    return {"name": "Closed", "group": group.pk, "default_language": "eng_ZA", "texts": {"eng_ZA": "Closed."}}


def test_from_a_draft_to_the_last_recipient(as_operator, body, crowd):
    made = as_operator.post(ALL, body)
    assert (made.status_code, made.data["state"]) == (201, "draft")
    one = f"{ALL}{made.data['id']}/"
    assert as_operator.post(f"{one}prepare/").status_code == 202
    broadcast = work(Broadcast.objects.get())
    counted = as_operator.get(one).data
    assert (counted["state"], counted["total"], counted["cost"]["parts"]) == ("ready", 10, 10)
    assert as_operator.post(f"{one}start").data["state"] == "sending"
    work(broadcast)
    assert as_operator.get(one).data["progress"]["waiting"] == 10
    assert as_operator.post(f"{one}pause/").data["state"] == "paused"
    assert as_operator.post(f"{one}resume/").data["state"] == "sending"
    cancelled = as_operator.post(f"{one}cancel/").data
    assert (cancelled["state"], cancelled["progress"]["stopped"]) == ("cancelled", 10)
    assert as_operator.get(f"{one}recipients/?limit=3").data["count"] == 10
    assert as_operator.get(ALL).data["results"][0]["id"] == made.data["id"]


def test_a_list_is_uploaded(as_operator, body, group):
    key = as_operator.post(ALL, body).data["id"]
    upload = SimpleUploadedFile("list.csv", f"{number(1)}\n{number(2)}\n".encode())
    put = as_operator.put(f"{ALL}{key}/list/", {"file": upload}, format="multipart")
    assert (put.status_code, put.data["audience"], put.data["group"]) == (200, "list", None)
    as_operator.post(f"{ALL}{key}/prepare/")
    assert work(Broadcast.objects.get()).total == 2


def test_a_step_at_the_wrong_time_is_a_conflict(as_operator, body):
    key = as_operator.post(ALL, body).data["id"]
    assert as_operator.post(f"{ALL}{key}/start/").status_code == 409
    assert as_operator.post(f"{ALL}{key}/dance/").status_code == 404
    assert as_operator.post(f"{ALL}{uuid.uuid4()}/start/").status_code == 404


def test_a_draft_is_written_anew_and_deleted(as_operator, body):
    one = f"{ALL}{as_operator.post(ALL, body).data['id']}/"
    changed = as_operator.put(one, body | {"texts": {"eng_ZA": "Open."}})
    assert changed.data["texts"] == {"eng_ZA": "Open."}
    assert as_operator.delete(one).status_code == 204
    assert as_operator.get(one).status_code == 404


@pytest.mark.parametrize(
    ("wrong", "field"),
    [
        ({"texts": {}}, "texts"),
        ({"texts": {"not a language": "x"}}, "texts"),
        ({"texts": {"eng_ZA": "a\x00b"}}, "texts"),
        ({"texts": ["x"]}, "texts"),
        ({"texts": {"eng_ZA": "x" * 20_000}}, "texts"),
        ({"group": 999}, "group"),
        ({"group": 2**70}, "group"),
        ({"messageset": 1}, "messageset"),
        ({"group": None}, "upload"),
        ({"channel": "pigeon"}, "channel"),
        ({"gateway": "nowhere"}, "gateway"),
        ({"per_minute": 0}, "per_minute"),
        ({"not_before": "08:00"}, "not_after"),
        ({"timezone": "Mars"}, "timezone"),
        ({"default_language": "zul_ZA"}, "default_language"),
        ({"name": ""}, "name"),
    ],
)
def test_what_is_wrong_is_named_and_nothing_is_stored(as_operator, body, wrong, field):
    answer = as_operator.post(ALL, body | wrong)
    assert answer.status_code == 400
    assert field in answer.data
    assert not Broadcast.objects.exists()


@pytest.mark.parametrize("sent", [[], "text", 5, [[]]])
def test_a_body_that_is_no_object_is_refused(as_operator, sent):
    assert as_operator.post(ALL, sent, format="json").status_code == 400


def test_rights_and_scopes_are_asked_for(staff, alice, body, channel):
    assert client_with_token(alice).get(ALL).status_code == 403
    staff.groups.add(Role.objects.get(name="Viewer"))
    viewer = client_with_token(staff)
    assert viewer.get(ALL).status_code == 200
    assert viewer.post(ALL, body).status_code == 403
    staff.groups.add(Role.objects.get(name="Operator"))
    assert client_with_token(staff, "contacts").get(ALL).status_code == 403
    reader = client_with_token(staff, "broadcasts:read")
    assert (reader.get(ALL).status_code, reader.post(ALL, body).status_code) == (200, 403)


def test_groups_are_made_and_filled(as_operator, crowd):
    made = as_operator.post("/api/v1/groups/", {"name": "Clinic 8"})
    assert made.status_code == 201
    assert as_operator.post("/api/v1/groups/", {"name": "Clinic 8"}).status_code == 400
    members = f"/api/v1/groups/{made.data['id']}/members/"
    wanted = {"add": [str(crowd[0].pk), str(crowd[1].pk), str(uuid.uuid4())]}
    assert as_operator.post(members, wanted).data == {"added": 2, "removed": 0}
    assert as_operator.post(members, wanted | {"remove": [str(crowd[1].pk)]}).data == {
        "added": 0,
        "removed": 1,
    }
    assert list(Group.objects.get(name="Clinic 8").members.all()) == [crowd[0]]
    assert as_operator.post("/api/v1/groups/99/members/", wanted).status_code == 404
    assert as_operator.post(members, {"add": "x"}).status_code == 400
