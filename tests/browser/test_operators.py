"""An operator's day in a real browser: people, messages that failed, gateways, the record, who may what."""

from __future__ import annotations

import json
import re
import time
from base64 import b32decode
from collections.abc import Callable
from pathlib import Path

import pytest
from django_otp.oath import TOTP
from playwright.sync_api import Browser, Page, expect

from tests.browser.conftest import run, sign_in
from tests.browser.test_admin import Trouble

pytestmark = pytest.mark.browser

PASSWORD = "staff-password"
NUMBER = "+27825550100"
#: What a day leaves behind: people of the staff, somebody with a history, messages that failed.
DAY = f"""
from datetime import timedelta
from uuid import uuid4
from django.contrib.auth.models import Group
from django.utils import timezone
from accounts.models import User
from contacts.models import Address, Contact
from outbox import operations
from outbox.models import Delivery
from stagebased.models import MessageSet, Subscription

for name, role in (("olga", "Operator"), ("victor", "Viewer"), ("tess", "Editor")):
    made = User.objects.create_user(name, password="{PASSWORD}", is_staff=True)
    made.groups.add(Group.objects.get(name=role))
now = timezone.now()
thandi = Contact.objects.create(name="Thandi Test", language="eng_ZA")
Address.objects.create(contact=thandi, value="{NUMBER}", is_default=True)
programme = MessageSet.objects.get(short_name__startswith="demo_pregnancy")
subscription = Subscription.objects.create(
    contact=thandi, messageset=programme, schedule=programme.default_schedule, lang="eng_GB"
)

def queue(text, **given):
    usual = {{"source": "test", "cause": uuid4(), "slot_key": "1"}}
    usual |= {{"address": "{NUMBER}", "contact": thandi.pk}}
    return operations.queue(text=text, **usual | given)[0]

arrived = queue("Your clinic day is Monday.", source="subscription", cause=subscription.pk)
Delivery.objects.filter(pk=arrived.pk).update(state="handed", claimed_at=now, handed_at=now, attempts=1)
operations.record_sent(times={{arrived.pk: now}})
operations.record_delivered(times={{arrived.pk: now}})
for name, number in (("Zodwa Gone", "+27825550101"), ("Lwazi Leaves", "+27825550102")):
    other = Contact.objects.create(name=name, language="eng_ZA")
    Address.objects.create(contact=other, value=number, is_default=True)
    queue(f"Hello {{name}}", address=number, contact=other.pk)
why = operations.Failure(now, "number_unknown", "No such subscriber.")
operations.record_failed(failures={{queue(f"Lost {{at}}").pk: why for at in range(3)}})
other = queue("Elsewhere").pk
operations.record_failed(failures={{other: operations.Failure(now, "gateway_refused", "")}})
"""


@pytest.fixture(scope="module", autouse=True)
def day(site_folder: Path, site: str) -> None:
    run(site_folder, DAY)


@pytest.fixture
def work_resends(site_folder: Path) -> Callable[[], None]:
    """Go on with what is to be sent again once."""
    return lambda: run(site_folder, "from outbox.failures import work; work()")


@pytest.fixture
def as_person(browser: Browser, site: str):
    """A window of somebody else's."""
    windows = []

    def enter(name: str) -> Page:
        windows.append(browser.new_context(viewport={"width": 1280, "height": 900}))
        page = windows[-1].new_page()
        page.set_default_timeout(20_000)
        sign_in(page, site, name, PASSWORD)
        return page

    yield enter
    for window in windows:
        window.close()


def open_first(page: Page, of: str) -> None:
    """The first record of the list that is shown."""
    page.locator(f"#result_list a[href*='/{of}/'][href*='/change/']").first.click()
    page.wait_for_url(re.compile("/change/"))


def test_a_message_tells_what_became_of_it(logged_in: Page, site: str):
    trouble = Trouble(logged_in, site)
    logged_in.goto(f"{site}/admin/outbox/delivery/?q=%2B27825550100&state__exact=delivered")
    open_first(logged_in, "delivery")
    told = logged_in.locator(".story li")
    expect(told.filter(has_text="planned")).to_have_count(1)
    for word in ("taken by a worker", "handed over", "sent", "delivered"):
        expect(told.filter(has_text=word).first).to_be_visible()
    # The cause leads on: to the subscription that made it due.
    told.locator("a[href*='/stagebased/subscription/']").first.click()
    logged_in.wait_for_url(re.compile("/stagebased/subscription/"))
    assert trouble.found == []


def test_failures_are_narrowed_by_reason_and_all_of_them_sent_again(logged_in: Page, site: str, work_resends):
    page, trouble = logged_in, Trouble(logged_in, site)
    page.goto(f"{site}/admin/outbox/failure/")
    rows = page.locator("#result_list tbody tr", has_text="Thandi Test")
    expect(rows).to_have_count(4)
    page.get_by_role("link", name="number unknown", exact=True).first.click()
    expect(rows).to_have_count(3)

    page.get_by_role("link", name=re.compile("Send all of these again")).click()
    expect(page.locator("#content")).to_contain_text("3 messages that failed can be sent again")
    page.get_by_role("button", name="Send them again").click()
    progress = page.locator(".progress")
    expect(progress).to_contain_text("0 of 3")
    work_resends()
    expect(progress).to_contain_text("3 of 3: 3 queued again", timeout=15_000)
    expect(progress).to_contain_text("Finished")

    # One of them by hand.
    page.goto(f"{site}/admin/outbox/failure/?reason=gateway_refused")
    page.locator("#action-toggle").check()
    page.select_option("select[name=action]", "send_again")
    page.locator("button[name=index]").first.click()
    expect(page.locator("body")).to_contain_text("1 delivery queued again")
    assert trouble.found == []


def test_a_gateway_is_slowed_paused_and_let_go_on_and_that_is_on_record(logged_in: Page, site: str):
    page, trouble = logged_in, Trouble(logged_in, site)
    page.goto(f"{site}/admin/outbox/gateway/sms/change/")
    page.fill("input[name=rate_per_minute]", "30")
    page.fill("input[name=not_before]", "00:00")
    page.fill("input[name=not_after]", "23:58")
    page.fill("input[name=timezone]", "Africa/Johannesburg")
    page.click("button[name=_save]")
    row = page.locator("#result_list tr", has_text="Africa/Johannesburg")
    expect(row).to_contain_text("00:00–23:58")

    row.locator("input[type=checkbox]").check()
    page.select_option("select[name=action]", "pause")
    page.locator("button[name=index]").first.click()
    expect(page.locator("#result_list tr", has_text="Africa/Johannesburg")).to_contain_text("paused")
    page.goto(f"{site}/admin/")
    expect(page.locator("#panel-queues")).to_contain_text("paused")

    page.goto(f"{site}/admin/audit/entry/?model=outbox.gateway&object_id=sms")
    open_first(page, "entry")
    content = page.locator("#content")
    for word in ("editor", "paused"):
        expect(content).to_contain_text(word)

    page.goto(f"{site}/admin/outbox/gateway/")
    page.locator("#action-toggle").check()
    page.select_option("select[name=action]", "resume")
    page.locator("button[name=index]").first.click()
    expect(page.locator("body")).to_contain_text("1 gateway going on")
    assert trouble.found == []


def test_a_subscription_is_found_by_number_paused_and_resumed(logged_in: Page, site: str):
    page, trouble = logged_in, Trouble(logged_in, site)
    page.goto(f"{site}/admin/stagebased/subscription/?q=%2B27825550100")
    for act, told in (("pause", "1 subscription paused"), ("resume", "1 subscription resumed")):
        page.locator("#action-toggle").check()
        page.select_option("select[name=action]", act)
        page.locator("button[name=index]").first.click()
        expect(page.locator("body")).to_contain_text(told)
    open_first(page, "subscription")
    expect(page.locator("#content")).to_contain_text("Thandi Test")
    assert trouble.found == []


def test_somebody_opts_out_and_in_again(logged_in: Page, site: str):
    page, trouble = logged_in, Trouble(logged_in, site)
    for act, told in (("opt_out_of_everything", "1 person opted out"), ("opt_in_again", "1 person opted in")):
        page.goto(f"{site}/admin/contacts/contact/?q=Lwazi")
        page.locator("#action-toggle").check()
        page.select_option("select[name=action]", act)
        page.locator("button[name=index]").first.click()
        expect(page.locator("body")).to_contain_text(told)
    page.goto(f"{site}/admin/contacts/optout/")
    expect(page.locator("#result_list")).to_contain_text("Lwazi Leaves")
    assert trouble.found == []


def test_who_only_looks_finds_nothing_to_press(as_person, site: str):
    page = as_person("victor")
    sidebar = page.locator("#nav-sidebar")
    expect(sidebar).to_contain_text("Deliveries")
    expect(sidebar).not_to_contain_text("Accounts")
    expect(sidebar).not_to_contain_text("Audit log")
    page.goto(f"{site}/admin/outbox/gateway/sms/change/")
    expect(page.locator("#content")).to_contain_text("Hours")
    expect(page.locator("button[name=_save]")).to_have_count(0)
    page.goto(f"{site}/admin/outbox/failure/")
    expect(page.get_by_role("link", name=re.compile("Send all"))).to_have_count(0)
    answer = page.goto(f"{site}/admin/audit/entry/")
    assert answer is not None
    assert answer.status == 403


def test_an_operator_sees_the_record_and_no_accounts(as_person, site: str):
    page = as_person("olga")
    expect(page.locator("#nav-sidebar")).to_contain_text("Audit log")
    page.goto(f"{site}/admin/audit/entry/")
    expect(page.locator("#result_list tbody tr").first).to_be_visible()
    answer = page.goto(f"{site}/admin/accounts/user/")
    assert answer is not None
    assert answer.status == 403


def test_a_second_factor_is_set_up_and_asked_for(as_person, site: str):
    page = as_person("tess")
    page.goto(f"{site}/admin/second-factor/")
    totp = TOTP(b32decode(page.locator("#secret").inner_text().replace(" ", "").replace("\n", "")))
    totp.time = time.time()
    page.fill("#code", f"{totp.token():06d}")
    page.get_by_role("button", name="Put it in force").click()
    on_paper = page.locator("#paper-codes li")
    expect(on_paper).to_have_count(10)
    first = on_paper.first.inner_text()

    page.context.clear_cookies()
    page.goto(f"{site}/admin/")
    page.fill("input[name=username]", "tess")
    page.fill("input[name=password]", PASSWORD)
    page.click("button[type=submit]")
    expect(page.locator("body")).to_contain_text("Write the code.")
    page.fill("input[name=password]", PASSWORD)
    page.fill("input[name=code]", first)
    page.click("button[type=submit]")
    page.wait_for_url(f"{site}/admin/")


def test_what_is_known_of_somebody_is_handed_out_and_forgotten(logged_in: Page, site: str):
    page, trouble = logged_in, Trouble(logged_in, site)
    page.goto(f"{site}/admin/contacts/contact/?q=Zodwa")
    open_first(page, "contact")
    expect(page.locator("#content")).to_contain_text("Hello Zodwa Gone")
    with page.expect_download() as download:
        page.get_by_role("link", name="Export as JSON").click()
    known = json.loads(Path(download.value.path()).read_text())
    assert "+27825550101" in json.dumps(known)

    page.get_by_role("link", name="Forget this person").click()
    expect(page.locator("#content")).to_contain_text("cannot be undone")
    page.locator("#content button[type=submit]").last.click()
    page.wait_for_url(re.compile("/change/"))
    for gone in ("Zodwa", "+27825550101"):
        expect(page.locator("#content")).not_to_contain_text(gone)
    assert trouble.found == []
