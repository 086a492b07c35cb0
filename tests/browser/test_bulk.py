"""An operator changes many subscriptions and watches."""

from __future__ import annotations

import pytest
from playwright.sync_api import Page, expect

from tests.browser.conftest import run
from tests.browser.test_admin import Trouble

pytestmark = pytest.mark.browser

#: Two people who joined a daily set five days ago and have had nothing yet.
WALKERS = """
from datetime import timedelta
from django.utils import timezone
from contacts.models import Address, Contact
from stagebased.models import Message, MessageSet, Schedule, Subscription

daily = Schedule.objects.create(minute="0", hour="8")
walk = MessageSet.objects.create(short_name="walk.daily.1", default_schedule=daily)
for number in range(1, 21):
    Message.objects.create(
        messageset=walk, sequence_number=number, lang="eng_ZA", text_content=f"Day {number}."
    )
joined = timezone.now() - timedelta(days=5)
for number, name in enumerate(("Walker One", "Walker Two")):
    person = Contact.objects.create(name=name, language="eng_ZA")
    Address.objects.create(contact=person, value=f"+2782555020{number}", is_default=True)
    Subscription.objects.create(
        contact=person, messageset=walk, schedule=daily, lang="eng_ZA", created_at=joined
    )
"""


@pytest.fixture(scope="module", autouse=True)
def walkers(site_folder, site):
    run(site_folder, WALKERS)


def change(page: Page, site: str, whom: str, kind: str, value: str = "") -> None:
    """Choose everybody on a searched list and say what is to become of them."""
    page.goto(f"{site}/admin/stagebased/subscription/?q={whom}")
    page.locator("#action-toggle").check()
    page.select_option("select[name=action]", "change_in_bulk")
    page.locator("button[name=index]").first.click()
    page.select_option("#bulk-kind", kind)
    page.fill("#bulk-value", value)
    page.click("text=Change them")


def test_changing_the_language_of_many(logged_in: Page, site: str, work_bulk):
    page, trouble = logged_in, Trouble(logged_in, site)
    change(page, site, "", "language", "zul_ZA")
    expect(page.locator("[data-figure=over]")).to_have_text("0")
    work_bulk()
    expect(page.locator(".progress")).to_contain_text("Finished", timeout=15_000)
    expect(page.locator("[data-figure=over]")).not_to_have_text("0")
    # Back to a language that the set of the walkers has.
    change(page, site, "Walker", "language", "eng_ZA")
    work_bulk()
    expect(page.locator(".progress")).to_contain_text("2 changed, 0 refused", timeout=15_000)
    assert trouble.found == []


def test_moving_pausing_resuming_and_sending_again(logged_in: Page, site: str, work_bulk):
    page, trouble = logged_in, Trouble(logged_in, site)

    def changed(kind: str, value: str = "") -> list[str]:
        """What the list says of the two afterwards: next message and state."""
        change(page, site, "Walker", kind, value)
        expect(page.locator(".progress")).to_contain_text("of 2", timeout=15_000)
        work_bulk()
        expect(page.locator(".progress")).to_contain_text("2 changed, 0 refused. Finished", timeout=15_000)
        page.goto(f"{site}/admin/stagebased/subscription/?q=Walker")
        rows = page.locator("#result_list tbody tr")
        expect(rows).to_have_count(2)
        cells = [rows.locator(f".field-{name}").all_inner_texts() for name in ("next_message", "state")]
        numbers, states = ({text.strip() for text in texts} for texts in cells)
        return [*numbers, *states]

    number, state = changed("forward")
    assert int(number) >= 5
    assert state == "running"
    assert changed("rewind", "3") == [str(int(number) - 3), "running"]
    _, state = changed("pause", "2099-01-01")
    assert state != "running"
    assert changed("resume")[1] == "running"
    assert changed("position", "2") == ["2", "running"]
    assert changed("resend") == ["2", "running"]
    page.goto(f"{site}/admin/outbox/delivery/?q=%2B27825550200")
    expect(page.locator("#result_list tbody tr")).to_have_count(1)

    # What cannot be done is said for each.
    change(page, site, "Walker", "rewind", "many")
    expect(page.get_by_role("alert")).to_contain_text("Write a whole number")
    assert trouble.found == []
