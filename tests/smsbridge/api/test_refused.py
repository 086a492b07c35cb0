"""What the SMS interface refuses: always 4xx in the dialect's form, and nothing is stored."""

from __future__ import annotations

import json
import os

import pytest

from accounts.models import User
from outbox.models import Delivery
from smsbridge.spool import codec
from tests.conftest import client_with_token
from tests.smsbridge.api.conftest import NUMBER, ROOT, SEND, first_id, quiet, sent, with_password

pytestmark = pytest.mark.django_db


def refused(answer, status: int = 400) -> dict:
    assert answer.status_code == status, answer.content
    body = answer.json()
    assert body["status: "] == status
    assert body["message: "].endswith(answer.request["PATH_INFO"])
    assert not Delivery.objects.exists()
    return body


@pytest.mark.parametrize(
    ("document", "reason"),
    [
        ([], "Wrong JSON object"),
        ("text", "Wrong JSON object"),
        (None, "Wrong JSON object"),
        ({"mobiles": [NUMBER]}, "Missing required: text"),
        ({"text": "x"}, "Missing required: mobiles"),
        ({"text": "x", "mobiles": NUMBER}, "mobiles is not array"),
        ({"text": "x", "mobiles": {}}, "mobiles is not array"),
        ({"text": "x", "mobiles": []}, "mobiles is empty array"),
        ({"text": "x", "mobiles": [27820001001]}, "mobiles is not array of strings"),
        ({"text": "x", "mobiles": [[NUMBER]]}, "mobiles is not array of strings"),
        ({"text": "x", "mobiles": ["1" * 500]}, "too long for a number"),
        ({"text": 5, "mobiles": [NUMBER]}, "text is not string"),
        ({"text": "", "mobiles": [NUMBER]}, "no text"),
        ({"text": "x" * 200_000, "mobiles": [NUMBER]}, "parts"),
        ({"text": "a\x1bb", "mobiles": [NUMBER]}, "U+001B"),
        ({"text": "a\x00b", "mobiles": [NUMBER]}, "Null characters"),
        ({"text": "x", "mobiles": [NUMBER + "\x00"]}, "Null characters"),
        ({"text": "x", "mobiles": [NUMBER], "queue": 5}, "queue is not string"),
        ({"text": "x", "mobiles": [NUMBER], "queue": "x" * 5000}, "queue"),
        ({"text": "x", "mobiles": [NUMBER], "flash": "yes"}, "flash"),
        ({"text": "x", "mobiles": [NUMBER], "report": 1}, "report"),
        ({"text": "x", "mobiles": [NUMBER], "priority": "urgent"}, "priority"),
        ({"text": "x", "mobiles": [NUMBER], "priority": []}, "priority"),
        ({"text": "x", "mobiles": [NUMBER], "validity": 2**70}, "validity"),
        ({"text": "x", "mobiles": [NUMBER], "validity": "1 hour"}, "validity"),
        ({"text": "x", "mobiles": [NUMBER], "send_at": "tomorrow"}, "send_at"),
        ({"text": "x", "mobiles": [NUMBER], "send_at": "2027-01-31T09:00:00"}, "send_at"),
        ({"text": "x", "mobiles": [NUMBER], "send_at": "9999-12-31T23:59:59-12:00"}, "send_at"),
        ({"text": "x", "mobiles": [NUMBER], "send_at": 5}, "send_at"),
    ],
)
def test_what_is_wrong_is_named(caller, document, reason):
    answer = caller.generic("POST", SEND, json.dumps(document), content_type="application/json")
    assert reason in refused(answer)["reason"]


@pytest.mark.parametrize(
    "body",
    [
        b"",
        b"{",
        b"\xff\xfe",
        b'{"text": "\\ud800", "mobiles": ["27820001001"]}',
        b"[" * 5000,
        b'{"text": NaN}',
    ],
)
def test_what_is_no_json_is_a_400(caller, body):
    refused(caller.generic("POST", SEND, body, content_type="application/json"))


@pytest.mark.parametrize("kind", ["", "text/plain", "application/x-www-form-urlencoded"])
def test_a_body_that_does_not_say_json_is_a_400(caller, kind):
    document = json.dumps({"text": "x", "mobiles": [NUMBER]})
    assert refused(caller.generic("POST", SEND, document, content_type=kind))["reason"] == "Wrong JSON object"


def test_ten_thousand_and_one_numbers_are_too_many(caller):
    document = {"text": "x", "mobiles": [str(27820000000 + n) for n in range(10_001)]}
    assert "10000" in refused(caller.post(SEND, document))["reason"]


def test_a_body_beyond_the_limit_is_a_413(caller, settings):
    settings.DATA_UPLOAD_MAX_MEMORY_SIZE = 1000
    refused(caller.post(SEND, {"text": "x" * 2000, "mobiles": [NUMBER]}), 413)


@pytest.mark.parametrize(
    "number",
    [
        "٢٧٨٢٠٠٠١٠٠١", "２７８２０００１００１", f"{NUMBER}\n", f"{NUMBER}\nInclude: /etc/passwd",
        f"{NUMBER}\r\nFlash: yes", "", "+", "abc", "tel:+27820001001", "27 82 000 1001", "27820001001x99",
        "*100#", "s12345", "0820001001", "999999999999", "../../etc/passwd", "1",
    ],
)  # fmt: skip
def test_what_is_no_number_is_answered_so_and_not_stored(caller, number, smsd):
    told = sent(caller, number)["mobiles"][number]
    assert told == {"message_id": None, "response": "Failed: invalid mobile number", "dlr_status": None}
    assert smsd.left_in("outgoing") == []
    assert not Delivery.objects.exists()


@pytest.mark.parametrize(
    "queue", ["GSM1\n\nx", "GSM1\n Include: /etc/passwd", "a b", "é", "../x", "a\tb", "GSM1\n"]
)
def test_a_queue_cannot_carry_a_header(caller, queue):
    refused(caller.post(SEND, {"text": "x", "mobiles": [NUMBER], "queue": queue}))
    refused(caller.get(SEND, {"text": "x", "mobiles": NUMBER, "queue": queue}))


def test_a_text_cannot_carry_a_header(caller, spool):
    text = "\nInclude: /etc/passwd\n\nTo: 123"
    name = first_id(sent(caller, text=text))
    with open(f"{spool.path('outgoing')}/{name}", "rb") as file:
        found = codec.parse(file.read())
    assert found.text == text
    assert set(found.headers) == {"To", "Alphabet", "Report", "From"}
    assert found.headers["To"] == NUMBER


@pytest.mark.parametrize("name", ["eve\nInclude: /etc/passwd", "eve\x0bInclude: /x", "łukasz"])
def test_a_user_name_cannot_carry_a_header(gateway, spool, name):
    user = User.objects.create_user(name, password="p")
    answer = sent(quiet(client_with_token(user)))
    with open(f"{spool.path('outgoing')}/{first_id(answer)}", "rb") as file:
        assert set(codec.parse(file.read()).headers) == {"To", "Alphabet", "Report"}


@pytest.mark.parametrize("key", ["", "a" * 256, "a\x7fb", "é", " a"])
def test_an_idempotency_key_is_short_and_printable(caller, key):
    answer = caller.post(SEND, {"text": "x", "mobiles": [NUMBER]}, HTTP_IDEMPOTENCY_KEY=key)
    assert answer.status_code == (400 if key else 201)


class TestNames:
    @pytest.mark.parametrize(
        "name",
        [
            "..", ".", "..%2f..%2fetc%2fpasswd", "%2e%2e", "a%00b", "a%0a", ".hidden", "file.LOCK", "LOCKED1",
            "GSM1-concatenated", "smsd_script.x", "%ff", "x" * 5000, "a;b", "%ed%a0%80", "a b",
        ],
    )  # fmt: skip
    @pytest.mark.parametrize("kind", ["incoming", "outgoing", "checked", "failed", "sent"])
    def test_no_name_leads_out_of_the_folder_or_to_smsds_own_files(self, admin, spool, kind, name):
        for own in (".hidden", "file", "file.LOCK", "LOCKED1", "GSM1-concatenated", "smsd_script.x"):
            with open(f"{spool.path(kind)}/{own}", "w") as file:
                file.write("To: 123\n\nsecret")
        for method in (admin.get, admin.delete):
            assert method(f"{ROOT}/sms/{kind}/{name}").status_code == 404
        assert admin.get(f"{ROOT}/sms/{kind}/file").status_code == 404
        assert len(os.listdir(spool.path(kind))) == 6

    def test_links_are_neither_listed_nor_read_nor_deleted(self, admin, spool, tmp_path):
        (tmp_path / "secret").write_text("To: 123\n\nsecret")
        os.symlink(tmp_path / "secret", f"{spool.path('sent')}/link")
        assert admin.get(f"{ROOT}/sms/sent/").json()["message_id"] == []
        assert admin.get(f"{ROOT}/sms/sent/link").status_code == 404
        assert admin.delete(f"{ROOT}/sms/sent/link").status_code == 404
        assert os.listdir(spool.path("sent")) == ["link"]

    def test_other_kinds_and_paths_are_a_404_in_the_dialects_form(self, admin):
        for path in ("sms/archive/", "sms/outgoing/a/b", "sms/", "", "nothing"):
            answer = admin.get(f"{ROOT}/{path}")
            assert answer.json() == {
                "message: ": f"Not found: http://testserver{ROOT}/{path}",
                "status: ": 404,
            }


class TestWhoCalls:
    def test_nobody_is_asked_for_a_password(self, anonymous, gateway):
        answer = anonymous.post(SEND, {"text": "x", "mobiles": [NUMBER]})
        assert "reason" in refused(answer, 401)
        assert answer["WWW-Authenticate"].startswith("Basic")

    def test_a_wrong_password_is_a_401_and_soon_a_429(self, alice, gateway, settings):
        settings.PASSWORD_FAILURES = 3
        wrong = with_password("alice", "guess")
        assert [wrong.get(f"{ROOT}/sms/sent/").status_code for _ in range(5)] == [401] * 3 + [429] * 2
        assert with_password("alice", "alice-password").get(f"{ROOT}/sms/sent/").status_code == 429

    def test_a_reading_token_cannot_send_not_even_by_get(self, alice, gateway):
        reader = quiet(client_with_token(alice, "sms:read"))
        assert reader.get(f"{ROOT}/sms/sent/").status_code == 200
        refused(reader.get(SEND, {"text": "x", "mobiles": NUMBER}), 403)
        refused(reader.post(SEND, {"text": "x", "mobiles": [NUMBER]}), 403)

    def test_a_token_for_something_else_is_of_no_use(self, alice, gateway):
        stranger = quiet(client_with_token(alice, "telephony"))
        assert stranger.get(f"{ROOT}/sms/sent/").status_code == 403

    def test_errors_do_not_repeat_texts_and_numbers(self, anonymous, gateway):
        answer = anonymous.get(f"{SEND}?text=secret&mobiles={NUMBER}")
        assert b"secret" not in answer.content
        assert NUMBER.encode() not in answer.content

    def test_methods_that_are_not_there_are_a_405(self, caller):
        assert refused(caller.put(SEND, {}), 405)["message: "].startswith("Not allowed: ")
