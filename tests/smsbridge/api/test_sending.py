"""POST and GET /api/v1.0/sms/outgoing: what is sent, and what is answered."""

from __future__ import annotations

import uuid
from datetime import timedelta

import pytest
from django.core.management import call_command
from django.db import connection
from django.test.utils import CaptureQueriesContext
from django.utils import timezone

from contacts.models import Contact
from contacts.operations import opt_out
from outbox.models import Delivery
from smsbridge.models import GatewayAccount, GatewayRequest
from smsbridge.spool import alphabet, codec
from tests.smsbridge.api.conftest import NUMBER, ROOT, SEND, first_id, sent, spread, with_password

pytestmark = pytest.mark.django_db


def spool_file(spool, name: str) -> codec.SpoolFile:
    with open(f"{spool.path('outgoing')}/{name}", "rb") as file:
        return codec.parse(file.read())


class TestPost:
    def test_answers_as_the_original_does(self, caller):
        answer = caller.post(SEND, {"text": "Hi, Jack!", "mobiles": ["79680000000", "79160000000"]})
        assert answer.status_code == 201
        body = answer.json()
        assert set(body) == {"mobiles", "parts_count", "sent_text"}
        assert (body["parts_count"], body["sent_text"]) == (1, "Hi, Jack!")
        assert list(body["mobiles"]) == ["79680000000", "79160000000"]
        for told in body["mobiles"].values():
            assert told["response"] == "Ok"
            assert str(uuid.UUID(told["message_id"])) == told["message_id"]
            assert told["dlr_status"] == f"http://testserver{ROOT}/sms/sent/{told['message_id']}"
        assert answer["Cache-Control"] == "no-store"

    def test_puts_the_file_into_the_spool_before_it_answers(self, caller, spool, alice):
        name = first_id(sent(caller))
        file = spool_file(spool, name)
        assert (file.headers["To"], file.headers["From"], file.text) == (NUMBER, "alice", "Hi, Jack!")
        delivery = Delivery.objects.get(pk=name)
        assert (delivery.state, delivery.source, delivery.created_by) == ("handed", "sms-api", alice)
        assert (delivery.address, delivery.slot_key) == (f"+{NUMBER}", f"+{NUMBER}")

    def test_keeps_the_callers_spelling_in_answers_and_the_international_one_in_the_store(
        self, caller, settings
    ):
        settings.SMS_REGION = "ZA"
        body = sent(caller, "0820001001", "+27820001099", "0027820001199")
        assert list(body["mobiles"]) == ["0820001001", "+27820001099", "0027820001199"]
        stored = set(Delivery.objects.values_list("address", flat=True))
        assert stored == {"+27820001001", "+27820001099", "+27820001199"}

    def test_sends_once_to_a_number_in_two_spellings(self, caller):
        told = sent(caller, "27820001001", "+27820001001")["mobiles"]
        assert told["27820001001"]["message_id"] == told["+27820001001"]["message_id"]
        assert Delivery.objects.count() == 1

    def test_works_with_a_password_too(self, alice, gateway):
        assert first_id(sent(with_password("alice", "alice-password")))

    def test_works_with_a_slash_at_the_end(self, caller):
        assert caller.post(f"{SEND}/", {"text": "x", "mobiles": [NUMBER]}).status_code == 201

    def test_tells_the_queue_only_where_there_is_one(self, caller, settings, spool, alice):
        assert sent(caller, queue="GSM2")["queue"] == "GSM2"
        settings.SMS_DEFAULT_QUEUE = "GSM1"
        assert sent(caller)["queue"] == "GSM1"
        assert spool_file(spool, first_id(sent(caller))).headers["Queue"] == "GSM1"
        GatewayAccount.objects.filter(user=alice).update(queue="GSM3")
        assert sent(caller, queue="")["queue"] == "GSM3"

    @pytest.mark.parametrize(
        "text", ["a" * 155, "€" * 80, "€" * 81, "я" * 70, "я" * 71, "😀" * 36, "ä" * 160]
    )
    def test_counts_the_parts_that_the_modem_sends(self, caller, text):
        assert sent(caller, text=text)["parts_count"] == alphabet.segment(text).count

    def test_writes_flash_validity_report_and_priority_into_the_file(self, caller, spool):
        answer = sent(caller, flash=True, validity=60, report=True, priority="high")
        headers = spool_file(spool, first_id(answer)).headers
        told = {name: headers[name] for name in ("Flash", "Validity", "Report", "Priority")}
        assert told == {"Flash": "yes", "Validity": "60 min", "Report": "yes", "Priority": "high"}

    def test_keeps_a_scheduled_message_until_its_time(self, caller, smsd):
        at = timezone.now() + timedelta(hours=2)
        name = first_id(sent(caller, send_at=at.isoformat()))
        assert smsd.left_in("outgoing") == []
        assert Delivery.objects.get(pk=name).not_before == at
        assert caller.get(f"{ROOT}/sms/outgoing/{name}").json()["state"] == "queued"

    def test_links_the_message_to_the_person_with_that_number(self, caller, mary):
        assert Delivery.objects.get(pk=first_id(sent(caller))).contact == mary


class TestWhenTheSpoolIsIll:
    def test_the_message_waits_and_the_answer_is_the_same(self, caller, settings, tmp_path):
        settings.SMS_GATEWAYS = {"sms": tmp_path / "nowhere"}
        name = first_id(sent(caller))
        assert Delivery.objects.get(pk=name).state == "queued"
        assert caller.get(f"{ROOT}/monitoring").json() == {"monitoring": "trouble"}

    def test_a_paused_gateway_takes_nothing(self, caller, gateway, smsd):
        gateway.paused = True
        gateway.save()
        assert Delivery.objects.get(pk=first_id(sent(caller))).state == "queued"
        assert smsd.left_in("outgoing") == []

    def test_what_the_high_water_leaves_over_waits(self, caller, gateway, smsd):
        gateway.high_water = 2
        gateway.save()
        sent(caller, *spread(5))
        assert len(smsd.left_in("outgoing")) == 2
        assert Delivery.objects.filter(state="queued").count() == 3


class TestOptOuts:
    @pytest.fixture
    def stopped(self, mary) -> Contact:
        opt_out(kind="stopall", contact_ids=[mary.pk], source="test")
        return mary

    def test_nothing_goes_to_somebody_who_opted_out(self, caller, stopped, smsd):
        told = sent(caller)["mobiles"][NUMBER]
        assert told["response"] == "Failed: recipient opted out"
        assert smsd.left_in("outgoing") == []
        assert caller.get(f"{ROOT}/sms/failed/{told['message_id']}").json()["state"] == "skipped"

    def test_overriding_needs_the_setting_and_the_right(self, caller, stopped, settings, alice, smsd):
        wish = {"text": "recall", "mobiles": [NUMBER], "despite_opt_out": True}
        GatewayAccount.objects.create(user=alice, may_override_opt_out=True)
        assert caller.post(SEND, wish).status_code == 403
        settings.SMS_API_OVERRIDE_OPT_OUT = True
        assert caller.post(SEND, wish).json()["mobiles"][NUMBER]["response"] == "Ok"
        assert len(smsd.left_in("outgoing")) == 1
        GatewayAccount.objects.update(may_override_opt_out=False)
        assert caller.post(SEND, wish).status_code == 403


class TestGet:
    def test_sends_like_post(self, caller, smsd):
        answer = caller.get(SEND, {"text": "Hi Jack!", "mobiles": "79680000000,79160000000", "queue": "GSM2"})
        assert (answer.status_code, answer["Cache-Control"]) == (201, "no-store")
        assert list(answer.json()["mobiles"]) == ["79680000000", "79160000000"]
        assert answer.json()["queue"] == "GSM2"
        assert len(smsd.left_in("outgoing")) == 2

    def test_a_plus_that_was_not_escaped_is_understood(self, caller):
        answer = caller.get(f"{SEND}?text=x&mobiles=+27820001001,+27820001099")
        assert list(answer.json()["mobiles"]) == ["+27820001001", "+27820001099"]

    def test_can_be_switched_off(self, caller, settings):
        settings.SMS_API_GET_SENDS = False
        answer = caller.get(SEND, {"text": "x", "mobiles": NUMBER})
        assert (answer.status_code, answer.json()["status: "]) == (405, 405)

    def test_never_by_a_session(self, alice, gateway, client):
        client.force_login(alice)
        assert client.get(SEND, {"text": "x", "mobiles": NUMBER}).status_code == 401
        assert not Delivery.objects.exists()

    @pytest.mark.parametrize(
        "headers", [{"HTTP_SEC_FETCH_SITE": "cross-site"}, {"HTTP_SEC_PURPOSE": "prefetch;prerender"}]
    )
    def test_never_for_another_sites_page_or_a_prefetch(self, caller, headers):
        assert caller.get(SEND, {"text": "x", "mobiles": NUMBER}, **headers).status_code == 403
        assert not Delivery.objects.exists()

    def test_never_by_head(self, caller):
        assert caller.head(f"{SEND}?text=x&mobiles={NUMBER}").status_code == 405
        assert not Delivery.objects.exists()

    @pytest.mark.parametrize("query", ["", "text=x", f"mobiles={NUMBER}", "text=x&mobiles="])
    def test_what_is_missing_is_told(self, caller, query):
        assert caller.get(f"{SEND}?{query}").status_code == 400


class TestIdempotencyKey:
    def test_a_repeat_gets_the_same_answer_and_sends_nothing(self, caller, smsd):
        wish = {"HTTP_IDEMPOTENCY_KEY": "order-17"}
        first = sent(caller, "27820001001", "12", **wish)
        assert sent(caller, "27820001001", "12", **wish) == first
        document = {"text": "Hi, Jack!", "mobiles": ["27820001001", "12"]}
        assert caller.post(SEND, document, **wish)["Idempotency-Replayed"] == "true"
        assert "Idempotency-Replayed" not in caller.post(SEND, document, HTTP_IDEMPOTENCY_KEY="another")
        assert len(smsd.left_in("outgoing")) == Delivery.objects.count() == 2

    def test_another_body_is_a_conflict(self, caller):
        sent(caller, HTTP_IDEMPOTENCY_KEY="order-17")
        answer = caller.post(SEND, {"text": "other", "mobiles": [NUMBER]}, HTTP_IDEMPOTENCY_KEY="order-17")
        assert (answer.status_code, answer.json()["status: "]) == (409, 409)
        assert Delivery.objects.count() == 1

    def test_everybody_has_keys_of_their_own(self, caller, other):
        first = sent(caller, HTTP_IDEMPOTENCY_KEY="order-17")
        assert first_id(sent(other, HTTP_IDEMPOTENCY_KEY="order-17")) != first_id(first)

    def test_a_changed_default_does_not_make_a_repeat_another_request(self, caller, settings):
        first = first_id(sent(caller, HTTP_IDEMPOTENCY_KEY="k"))
        settings.SMS_DEFAULT_QUEUE = "GSM1"
        assert first_id(sent(caller, HTTP_IDEMPOTENCY_KEY="k")) == first

    def test_a_forgotten_key_is_a_new_one(self, caller, smsd, settings):
        settings.SMS_REQUEST_KEY_DAYS = 30
        first = first_id(sent(caller, HTTP_IDEMPOTENCY_KEY="k"))
        GatewayRequest.objects.update(created_at=timezone.now() - timedelta(days=31))
        call_command("prune", "--only", "sms-request-keys")
        again = sent(caller, HTTP_IDEMPOTENCY_KEY="k", text="a month later")
        assert first_id(again) != first
        assert sorted(Delivery.objects.values_list("text", flat=True)) == ["Hi, Jack!", "a month later"]

    def test_without_a_key_each_request_sends(self, caller):
        assert first_id(sent(caller)) != first_id(sent(caller))


def statements(caller, count: int) -> int:
    with CaptureQueriesContext(connection) as asked:
        sent(caller, *spread(count))
    return len(asked)


def test_a_thousand_numbers_cost_as_many_statements_as_one(caller, settings):
    settings.SMS_HIGH_WATER = 5000
    sent(caller, "27830000001")
    assert statements(caller, 1000) == statements(caller, 1) <= 20
