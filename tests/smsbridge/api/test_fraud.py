"""Against toll fraud: whitelists, countries, dear numbers, quotas, consecutive numbers."""

from __future__ import annotations

from datetime import date

import pytest

from outbox.models import Delivery
from smsbridge.models import GatewayAccount, SegmentCount
from tests.smsbridge.api.conftest import NUMBER, ROOT, SEND, sent, spread

pytestmark = pytest.mark.django_db


def responses(answer: dict) -> list[str]:
    return [told["response"] for told in answer["mobiles"].values()]


class TestWhitelist:
    @pytest.fixture(autouse=True)
    def listed(self, settings):
        settings.SMS_USER_WHITELIST = {"alice": "+27820001001|2783*", "bob": ""}

    def test_whoever_is_listed_sends_only_there_in_any_spelling(self, caller):
        answer = sent(caller, "27820001001", "+27820001001", "+27830009999", "+27840001001")
        assert responses(answer) == ["Ok", "Ok", "Ok", "Failed: forbidden mobile number"]
        assert answer["mobiles"]["+27840001001"]["message_id"] is None
        assert Delivery.objects.count() == 2

    def test_an_empty_list_allows_nothing(self, other):
        assert responses(sent(other)) == ["Failed: forbidden mobile number"]

    def test_whoever_is_not_listed_sends_everywhere(self, admin):
        assert responses(sent(admin)) == ["Ok"]

    def test_the_accounts_own_list_goes_before_the_settings(self, caller, alice):
        GatewayAccount.objects.create(user=alice, whitelist=["+27840001001", "no number"])
        assert responses(sent(caller, NUMBER, "+27840001001")) == ["Failed: forbidden mobile number", "Ok"]


class TestWhoMayUseIt:
    def test_only_listed_accounts_where_the_setting_says_so(self, caller, admin, alice, settings):
        settings.SMS_API_ACCESS = "listed"
        assert caller.post(SEND, {"text": "x", "mobiles": [NUMBER]}).status_code == 403
        assert not GatewayAccount.objects.filter(user=alice).exists()
        GatewayAccount.objects.create(user=alice, may_use=True)
        assert responses(sent(caller)) == responses(sent(admin)) == ["Ok"]

    def test_an_account_can_be_shut_out(self, caller, alice):
        GatewayAccount.objects.create(user=alice, may_use=False)
        assert caller.post(SEND, {"text": "x", "mobiles": [NUMBER]}).status_code == 403
        assert caller.get(f"{ROOT}/sms/sent/").status_code == 403


class TestKindsOfNumbers:
    def test_countries_can_be_limited(self, caller, settings, alice):
        settings.SMS_COUNTRIES = ["ZA"]
        assert responses(sent(caller, "+27821234567", "+447400123456")) == [
            "Ok",
            "Failed: country not allowed",
        ]
        GatewayAccount.objects.filter(user=alice).update(countries=["GB"])
        assert responses(sent(caller, "+27821234567", "+447400123456")) == [
            "Failed: country not allowed",
            "Ok",
        ]

    def test_dear_numbers_are_refused(self, caller):
        answer = sent(caller, "+449091234567", "+491805123456")
        assert responses(answer) == ["Failed: premium rate number", "Failed: shared cost number"]
        assert not Delivery.objects.exists()

    @pytest.mark.parametrize("number", ["+870776123456", "+881612345678", "+88216123456", "+883510012345"])
    def test_satellites_and_networks_of_no_country_are_refused_unless_somebody_means_them(
        self, caller, alice, settings, number
    ):
        refused = "Failed: satellite or other network of no country"
        assert responses(sent(caller, number, NUMBER)) == [refused, "Ok"]
        assert Delivery.objects.count() == 1
        settings.SMS_PREFIX_QUOTAS = {number[:4]: 1}
        used_up = "Failed: daily quota for this prefix used up"
        assert [responses(sent(caller, number)) for _ in range(2)] == [["Ok"], [used_up]]
        settings.SMS_PREFIX_QUOTAS = {}
        GatewayAccount.objects.filter(user=alice).update(whitelist=[f"{number[:4]}*"])
        assert responses(sent(caller, number)) == ["Ok"]


class TestQuotas:
    def test_an_accounts_parts_in_a_day(self, caller, settings):
        settings.SMS_DAILY_SEGMENTS = 5
        assert responses(sent(caller, *spread(2), text="a" * 161)) == ["Ok", "Ok"]
        assert responses(sent(caller, "27830000001", text="a" * 161)) == ["Failed: daily quota used up"]
        assert responses(sent(caller, "27830000001", "27840000001")) == ["Ok", "Failed: daily quota used up"]

    def test_a_new_day_begins_anew(self, caller, alice):
        GatewayAccount.objects.create(user=alice, daily_segments=1)
        sent(caller)
        SegmentCount.objects.update(day=date(2020, 1, 1))
        assert responses(sent(caller)) == ["Ok"]
        assert responses(sent(caller)) == ["Failed: daily quota used up"]

    def test_nothing_at_all_is_a_quota_too(self, caller, alice):
        GatewayAccount.objects.create(user=alice, daily_segments=0)
        assert responses(sent(caller)) == ["Failed: daily quota used up"]

    def test_a_prefix_for_everybody_and_for_one_account(self, caller, other, alice, settings):
        settings.SMS_PREFIX_QUOTAS = {"+2783": 2}
        GatewayAccount.objects.create(user=alice, prefix_quotas={"+2784": 1})
        used_up = "Failed: daily quota for this prefix used up"
        assert responses(sent(caller, "27830000001", "27840000001", "27840000099")) == ["Ok", "Ok", used_up]
        assert responses(sent(other, "27830000001", "27830000099", "27840000099")) == ["Ok", used_up, "Ok"]

    def test_what_was_not_sent_does_not_count(self, caller, mary, settings):
        from contacts.operations import opt_out

        settings.SMS_DAILY_SEGMENTS = 1
        opt_out(kind="stopall", contact_ids=[mary.pk], source="test")
        sent(caller, NUMBER)
        assert responses(sent(caller, "27830000001")) == ["Ok"]

    def test_a_repeat_does_not_count(self, caller, settings):
        settings.SMS_DAILY_SEGMENTS = 1
        for _ in range(3):
            assert responses(sent(caller, HTTP_IDEMPOTENCY_KEY="k")) == ["Ok"]


class TestConsecutiveNumbers:
    def test_a_thousand_in_one_request_are_stopped_within_twenty(self, caller, alice, caplog):
        answer = sent(caller, *(str(27830000000 + n) for n in range(1000)))
        assert responses(answer).count("Ok") < 20
        assert Delivery.objects.count() < 20
        account = GatewayAccount.objects.get(user=alice)
        assert account.stopped_at is not None
        refused = caller.post(SEND, {"text": "x", "mobiles": ["27850000000"]})
        assert (refused.status_code, refused.json()["status: "]) == (403, 403)
        assert "consecutive numbers" in refused.json()["reason"]
        assert "2783" not in caplog.text

    def test_one_by_one_they_are_stopped_too_in_any_order(self, caller):
        numbers = [str(27830000000 + 2 * n) for n in range(30)]
        for number in numbers[::2] + numbers[1::2]:
            caller.post(SEND, {"text": "x", "mobiles": [number]})
        assert Delivery.objects.count() < 30

    def test_an_administrator_lets_the_account_go_on(self, caller, alice):
        sent(caller, *(str(27830000000 + n) for n in range(30)))
        GatewayAccount.objects.update(stopped_at=None, recent=[])
        assert responses(sent(caller)) == ["Ok"]

    def test_numbers_here_and_there_are_no_alarm(self, caller):
        assert set(responses(sent(caller, *spread(300)))) == {"Ok"}

    def test_it_can_be_set_and_switched_off(self, caller, alice, settings):
        settings.SMS_SEQUENCE_LIMIT = 0
        assert set(responses(sent(caller, *(str(27830000000 + n) for n in range(50))))) == {"Ok"}
        GatewayAccount.objects.filter(user=alice).update(sequence_limit=5)
        assert responses(sent(caller, *(str(27840000000 + n) for n in range(9)))).count("Ok") == 4

    def test_what_is_remembered_are_no_numbers(self, caller, alice):
        sent(caller)
        assert NUMBER not in str(GatewayAccount.objects.get(user=alice).recent)
