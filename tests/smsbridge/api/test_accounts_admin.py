"""Accounts of the SMS interface in the admin site."""

from __future__ import annotations

import pytest
from django.core.exceptions import ValidationError
from django.urls import reverse
from django.utils import timezone

from accounts.models import User
from smsbridge.models import GatewayAccount

pytestmark = pytest.mark.django_db


@pytest.fixture
def superuser(client) -> User:
    user = User.objects.create_superuser("root", password="p")
    client.force_login(user)
    return user


def form(account: GatewayAccount, **changes) -> dict:
    fields = {
        "queue": account.queue, "whitelist": "null", "countries": "null", "prefix_quotas": "{}",
        "daily_segments": "", "sequence_limit": "", "list_limit": "", "stopped_at_0": "",
        "stopped_at_1": "", "stop_reason": account.stop_reason, "may_use": "unknown",
    }  # fmt: skip
    return fields | changes


def test_a_stopped_account_is_let_go_on_by_clearing_the_time(client, superuser, alice):
    account = GatewayAccount.objects.create(
        user=alice, stopped_at=timezone.now(), stop_reason="numbers", recent=[[1, "a"]]
    )
    page = reverse("admin:smsbridge_gatewayaccount_change", args=[account.pk])
    assert client.get(page).status_code == 200
    answer = client.post(page, form(account, whitelist='["+2782*"]', daily_segments="7"))
    assert answer.status_code == 302
    account.refresh_from_db()
    assert (account.stopped_at, account.stop_reason, account.recent) == (None, "", [])
    assert (account.whitelist, account.daily_segments) == (["+2782*"], 7)


def test_an_empty_list_field_is_empty_and_means_the_settings(client, superuser, alice):
    account = GatewayAccount.objects.create(user=alice, countries=[])
    page = reverse("admin:smsbridge_gatewayaccount_change", args=[account.pk])
    shown = client.get(page).context["adminform"].form
    assert (shown["whitelist"].value(), shown["countries"].value()) == ("", "[]")
    assert client.post(page, form(account, whitelist="", countries="[]")).status_code == 302
    account.refresh_from_db()
    assert (account.whitelist, account.countries, account.prefix_quotas) == (None, [], {})


def test_what_the_settings_say_is_shown_beside_the_accounts_own(client, superuser, alice, settings):
    settings.SMS_DEFAULT_QUEUE, settings.SMS_LIST_LIMIT = "GSM7", 4321
    settings.SMS_USER_WHITELIST = {"alice": "+2782*", "bob": "+999"}
    settings.SMS_ADMIN_ACCOUNTS = ["lvv"]
    account = GatewayAccount.objects.create(user=alice)
    page = client.get(reverse("admin:smsbridge_gatewayaccount_change", args=[account.pk])).content.decode()
    for shown in ("GSM7", "4321", "+2782*", "lvv"):
        assert f"<strong>{shown}</strong>" in page
    assert "+999" not in page
    assert client.get(reverse("admin:smsbridge_gatewayaccount_add")).status_code == 200


def test_lists_open(client, superuser, alice):
    GatewayAccount.objects.create(user=alice)
    for name in ("gatewayaccount", "segmentcount"):
        assert client.get(reverse(f"admin:smsbridge_{name}_changelist")).status_code == 200


@pytest.mark.parametrize(
    "wrong",
    [
        {"whitelist": "x"}, {"whitelist": ["abc"]}, {"whitelist": [5]}, {"whitelist": ["+2782\n"]},
        {"countries": ["South Africa"]}, {"prefix_quotas": []}, {"prefix_quotas": {"882": 5}},
        {"prefix_quotas": {"+882": -1}}, {"prefix_quotas": {"+882": True}},
        {"prefix_quotas": {"+882": 2**40}},
        {"queue": "a b"}, {"queue": "a\n"},
    ],
)  # fmt: skip
def test_what_makes_no_sense_is_refused(alice, wrong):
    with pytest.raises(ValidationError) as refused:
        GatewayAccount(user=alice, **wrong).full_clean()
    assert list(refused.value.message_dict) == list(wrong)
