from __future__ import annotations

import json

import pytest

from telephony.models import TelephonyUser, Voicemail
from tests.telephony.conftest import JSON

pytestmark = pytest.mark.django_db


def post(pbx, **body):
    return pbx.generic("POST", "/1.0/voicemails/", json.dumps(body), content_type=JSON)


def put(pbx, key, **body):
    return pbx.generic("PUT", f"/1.0/voicemails/{key}", json.dumps(body), content_type=JSON)


def test_a_mailbox_is_created_changed_and_deleted(pbx):
    made = post(pbx, mailbox="0123", password="123", email="foo@bar.com")
    assert made.status_code == 201
    key = made.json()["uniqueid"]
    assert made["Location"] == f"http://testserver/1.0/voicemails/{key}"
    assert put(pbx, key, password="7895", email="xivo@avencall.com", attach=True).status_code == 200
    assert pbx.get(f"/1.0/voicemails/{key}").json() == {
        "id": key, "uniqueid": key, "mailbox": "0123", "password": "7895", "email": "xivo@avencall.com",
        "fullname": "", "attach": 1, "skipcheckpass": 0, "deleteaftersend": 0,
    }  # fmt: skip
    assert pbx.delete(f"/1.0/voicemails/{key}").status_code == 200
    assert pbx.get(f"/1.0/voicemails/{key}").status_code == 404


def test_a_mailbox_number_is_given_once(pbx):
    first = post(pbx, mailbox="123")
    again = post(pbx, mailbox="123")
    assert (again.status_code, again.json()) == (400, ["Incorrect parameters sent: mailbox"])
    other = post(pbx, mailbox="124").json()["id"]
    assert put(pbx, other, mailbox="123").json() == ["Incorrect parameters sent: mailbox"]
    assert Voicemail.objects.get(pk=first.json()["id"]).mailbox == "123"
    assert Voicemail.objects.get(pk=other).mailbox == "124"


BAD = {
    "no number": ({"email": "a@b.c"}, "mailbox"),
    "letters": ({"mailbox": "12a"}, "mailbox"),
    "Arabic digits": ({"mailbox": "١٢"}, "mailbox"),
    "trailing newline": ({"mailbox": "12\n"}, "mailbox"),
    "too long": ({"mailbox": "1" * 41}, "mailbox"),
    "unknown": ({"mailbox": "1", "context": "default"}, "context"),
    "flag": ({"mailbox": "1", "attach": "yes"}, "attach"),
}


@pytest.mark.parametrize(("body", "names"), BAD.values(), ids=BAD.keys())
def test_unusable_properties_are_named_and_nothing_is_stored(pbx, body, names):
    answer = post(pbx, **body)
    assert (answer.status_code, answer.json()[0]) == (400, f"Incorrect parameters sent: {names}")
    assert not Voicemail.objects.exists()


def test_a_mailbox_number_may_come_as_a_number(pbx):
    assert post(pbx, mailbox=123).json()["mailbox"] == "123"


def test_deleting_a_mailbox_leaves_its_users_without_one(pbx):
    key = post(pbx, mailbox="1").json()["id"]
    user = TelephonyUser.objects.create(firstname="Jean", voicemail_id=key)
    assert pbx.delete(f"/1.0/voicemails/{key}").status_code == 200
    user.refresh_from_db()
    assert user.voicemail_id is None
