"""An operator tells a group something: writes it, counts it, sends it, and cancels the rest."""

from __future__ import annotations

import pytest
from playwright.sync_api import Locator, Page, expect

from tests.browser import tasks
from tests.browser.conftest import run
from tests.browser.test_admin import Trouble

pytestmark = pytest.mark.browser


def test_writing_and_counting_and_cancelling(logged_in: Page, site: str, work_broadcasts):
    page, trouble = logged_in, Trouble(logged_in, site)
    page.on("dialog", lambda dialog: dialog.accept())

    tasks.write_to_everybody(page, site)
    tasks.count_recipients(page)
    expect(page.locator(".progress-state")).to_contain_text("eing prepared")
    work_broadcasts()
    expect(page.locator(".step-start")).to_be_visible(timeout=15_000)
    expect(page.locator(".progress-table")).to_contain_text("eng_ZA")

    page.click("text=Send it")
    work_broadcasts()
    expect(page.locator("[data-figure=ahead]")).to_have_text("0", timeout=15_000)
    page.locator(".step-cancel").click()
    expect(page.locator(".progress-state")).to_contain_text("ancelled")
    expect(page.locator("[data-figure=waiting]")).to_have_text("0")
    assert trouble.found == []


def test_what_was_not_saved_is_neither_counted_nor_sent(logged_in: Page, site: str, work_broadcasts):
    page, said = logged_in, list[str]()
    page.on("dialog", lambda dialog: (said.append(dialog.message), dialog.accept()))
    others = "The others"
    page.goto(f"{site}/admin/contacts/group/add/")
    page.fill("input[name=name]", others)
    page.click("button[name=_save]")
    page.goto(f"{site}/admin/broadcasts/broadcast/add/")
    page.fill("input[name=name]", "Corrected")
    page.locator(".field-group .select2-selection").click()
    page.locator(".select2-results__option", has_text=others).click()
    page.fill("[name=texts-0-lang]", "eng_ZA")
    page.fill("[name=texts-0-text]", "Closed on Firday.")
    page.click("button[name=_continue]")

    page.fill("[name=texts-0-text]", "Closed on Friday.")
    tasks.count_recipients(page)
    assert said == ["Save your changes first. This step is about what was saved."]
    expect(page.locator(".progress-state")).to_contain_text("draft")
    page.click("button[name=_continue]")
    tasks.count_recipients(page)
    expect(page.locator(".progress-state")).to_contain_text("eing prepared")
    assert len(said) == 1
    work_broadcasts()


#: Six people whose broadcast goes out a message every five seconds.
SLOWLY = """
from contacts.models import Address, Contact, Group, Membership
from broadcasts import operations
from broadcasts.models import Broadcast
from broadcasts.worker import work

group = Group.objects.create(name="Six")
for number in range(6):
    person = Contact.objects.create(name=f"Person {number}", language="eng_ZA")
    Address.objects.create(contact=person, value=f"+2782555030{number}", is_default=True)
    Membership.objects.create(group=group, contact=person)
told = Broadcast(
    name="Slowly", channel="sms", audience="group", group=group, default_language="eng_ZA", per_minute=12
)
operations.save(broadcast=told, texts={"eng_ZA": "The clinic is open again."})
operations.prepare(broadcast_id=told.pk)
work()
"""
#: Its remaining time goes by; four arrive, two fail, and it is over.
A_MINUTE_LATER = """
from datetime import timedelta
from django.utils import timezone
from broadcasts.models import Broadcast
from broadcasts.worker import work
from outbox import operations
from outbox.models import Delivery

now = timezone.now()
for seconds in range(0, 90, 6):
    work(now=now + timedelta(seconds=seconds))
told = Delivery.objects.filter(cause=Broadcast.objects.get(name="Slowly").pk)
assert told.count() == 6, told.count()
told.update(state="handed", claimed_at=now, handed_at=now, attempts=1)
keys = list(told.values_list("pk", flat=True))
operations.record_sent(times=dict.fromkeys(keys[:4], now))
why = operations.Failure(now, "number_unknown", "No such subscriber.")
operations.record_failed(failures=dict.fromkeys(keys[4:], why))
work(now=now + timedelta(minutes=2))
# What was ahead of the clock here is over, too.
Broadcast.objects.filter(name="Slowly").update(paced_at=None)
"""


def test_holding_one_going_on_and_sending_its_failures_again(
    logged_in: Page, site: str, site_folder, work_broadcasts
):
    page, trouble = logged_in, Trouble(logged_in, site)
    page.on("dialog", lambda dialog: dialog.accept())

    def figure(name: str) -> Locator:
        return page.locator(f"[data-figure={name}]")

    run(site_folder, SLOWLY)
    page.goto(f"{site}/admin/broadcasts/broadcast/?q=Slowly")
    page.locator("#result_list a[href*='/change/']").first.click()

    page.locator(".step-start").click()
    work_broadcasts()
    expect(figure("waiting")).to_have_text("1", timeout=15_000)
    page.locator(".step-pause").click()
    expect(page.locator(".progress-state")).to_contain_text("aused")
    work_broadcasts()
    page.reload()
    expect(figure("ahead")).to_have_text("5")

    page.locator(".step-resume").click()
    run(site_folder, A_MINUTE_LATER)
    page.reload()
    expect(figure("failed")).to_have_text("2")
    expect(figure("sent")).to_have_text("4")
    page.locator(".step-resend").click()
    work_broadcasts()
    # At its own pace again: one now, the other in five seconds.
    expect(figure("waiting")).to_have_text("1", timeout=15_000)
    expect(figure("failed")).to_have_text("1")
    expect(figure("sent")).to_have_text("4")
    assert trouble.found == []
