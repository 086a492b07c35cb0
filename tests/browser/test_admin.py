"""An editor's first look around: log in, open every list and form, nothing broken and nothing missing."""

from __future__ import annotations

from pathlib import Path

import pytest
from django.contrib import admin
from playwright.sync_api import Page, Request

from tests.browser.conftest import run

pytestmark = pytest.mark.browser

DESK, PHONE = {"width": 1280, "height": 900}, {"width": 390, "height": 844}
#: What is wrong with how a page looks: wider than the window, nameless fields, pictures that are not there.
_LOOKS = """async () => {
  const found = [];
  const page = document.documentElement;
  // A chart draws itself anew a few frames after the window has another size.
  for (let frame = 0; frame < 60 && page.scrollWidth > innerWidth; frame++) {
    await new Promise(requestAnimationFrame);
  }
  if (page.scrollWidth > innerWidth) found.push(`${page.scrollWidth - innerWidth} px too wide`);
  const fields = "input:not([type=hidden], [type=submit], [type=button]), select, textarea";
  for (const field of document.querySelectorAll(fields)) {
    const given = ["title", "aria-label", "aria-labelledby"].some((name) => field.getAttribute(name));
    const named = field.labels?.length || given;
    if (!named && field.checkVisibility()) found.push(`no name: ${field.name || field.id}`);
  }
  for (const picture of document.images) {
    if (picture.complete && !picture.naturalWidth) found.push(`no picture: ${picture.src}`);
  }
  return found;
}"""


#: Pages beside lists and records.
OTHERS = [
    "/", "/docs/", "/api/docs/", "/admin/", "/admin/second-factor/", "/admin/password_change/",
    "/admin/auth/group/add/", "/admin/broadcasts/broadcast/add/", "/admin/contacts/contact/add/",
    "/admin/outbox/failure/resend/", "/admin/sheets/import/bring/people/",
    *(f"/admin/stagebased/messageset/1/{page}/" for page in ("change", "calendar", "phone", "times")),
]  # fmt: skip


class Trouble:
    """What pages complain about, and whatever they fetch from elsewhere than the site."""

    def __init__(self, page: Page, site: str) -> None:
        self.found: list[str] = []
        own = (site, "data:", "blob:")
        page.on("request", lambda wish: wish.url.startswith(own) or self.found.append(f"foreign: {wish.url}"))
        page.on("requestfailed", self._failed)
        page.on(
            "response",
            lambda answer: answer.status >= 400 and self.found.append(f"{answer.status}: {answer.url}"),
        )
        page.on("pageerror", lambda error: self.found.append(f"script: {error}"))
        page.on("console", lambda line: line.type == "error" and self.found.append(f"console: {line.text}"))

    def _failed(self, request: Request) -> None:
        # A download ends the visit of its address; nothing is wrong with it.
        if request.failure != "net::ERR_ABORTED":
            self.found.append(f"failed: {request.url}")


def lists() -> list[str]:
    models = [model._meta for model in admin.site._registry]
    return [f"/admin/{meta.app_label}/{meta.model_name}/" for meta in models]


def looks(page: Page) -> dict[str, list[str]]:
    """What is wrong on a desk and on a phone with the page that is open."""
    found = {}
    for place, size in (("desk", DESK), ("phone", PHONE)):
        page.set_viewport_size(size)  # type: ignore[arg-type] # the two numbers
        if wrong := page.evaluate(_LOOKS):
            found[f"{page.url} ({place})"] = wrong
    return found


@pytest.fixture(scope="module")
def rows_of_everything(site_folder: Path, site: str) -> None:
    run(site_folder, "from tests.world import fill_every_list; fill_every_list(2)")


def test_every_list_and_a_record_of_each_open_without_trouble(
    rows_of_everything: None, logged_in: Page, site: str
):
    page, trouble, wrong, opened = logged_in, Trouble(logged_in, site), dict[str, list[str]](), 0
    for path in lists():
        answer = page.goto(site + path)
        assert answer is not None
        assert answer.status == 200, path
        assert page.locator("#changelist").is_visible(), path
        record = page.locator(f"#result_list a[href^='{path}']").first.get_attribute("href")
        wrong |= looks(page)
        page.goto(f"{site}{record}")
        assert page.locator("form[id$=_form], .ed-table, .sh-card").first.is_visible(), record
        wrong |= looks(page)
        opened += 1
    assert opened > 40
    assert wrong == {}
    assert trouble.found == []


def test_pages_that_are_no_records_fit_a_phone_too(logged_in: Page, site: str):
    trouble, wrong = Trouble(logged_in, site), {}
    for path in OTHERS:
        logged_in.goto(site + path)
        wrong |= looks(logged_in)
    assert wrong == {}
    assert trouble.found == []


def test_the_admin_wears_its_clothes(logged_in: Page):
    sheets = logged_in.evaluate("[...document.styleSheets].map(sheet => sheet.cssRules.length)")
    assert max(sheets) > 100


def test_the_front_page_leads_into_the_admin(page: Page, site: str):
    trouble = Trouble(page, site)
    page.goto(site)
    page.click("text=Administration")
    page.wait_for_selector("input[name=username]")
    assert trouble.found == []


def test_an_unknown_page_leads_back(page: Page, site: str):
    page.goto(f"{site}/nothing")
    page.click("text=To the front page")
    assert page.title() == "Switchboard"


#: People with names that no column was made for, and what they are told.
LONG = """
from uuid import uuid4
from contacts.models import Address, Contact
from outbox import operations

names = ("Nomvula Wilhelmina van der Westhuizen-Mkhize of the Very Long Family", "N" * 200)
for number, name in enumerate(names):
    person = Contact.objects.create(name=name, language="eng_ZA")
    Address.objects.create(contact=person, value=f"+2782555040{number}", is_default=True)
    operations.queue(source="test", cause=uuid4(), slot_key="1", text="Long. " * 40,
                     address=f"+2782555040{number}", contact=person.pk)
"""
_CUT_OFF = """() => {
  const cells = [...document.querySelectorAll("#result_list :is(td, th)")];
  const found = cells.filter((one) => one.scrollHeight > one.clientHeight + 1).map((one) => one.innerText);
  const list = document.querySelector("#result_list");
  if (innerWidth < 1024) return found;
  for (let around = list; around.id !== "changelist"; around = around.parentElement) {
    const aside = around.scrollWidth - around.clientWidth;
    if (aside > 8) found.push(`${aside} px aside`);
  }
  return found;
}"""


def test_lists_show_every_column_on_a_desk_and_every_value_on_a_phone(
    logged_in: Page, site: str, site_folder: Path
):
    run(site_folder, LONG)
    cut_off = {}
    for path in ("contacts/contact", "outbox/delivery", "stagebased/messageset", "stagebased/subscription"):
        logged_in.goto(f"{site}/admin/{path}/")
        for place, size in (("desk", DESK), ("phone", PHONE)):
            logged_in.set_viewport_size(size)  # type: ignore[arg-type] # the two numbers
            if found := logged_in.evaluate(_CUT_OFF):
                cut_off[f"{path} ({place})"] = found
    assert cut_off == {}


def test_texts_run_in_the_direction_of_their_script(logged_in: Page, site: str):
    logged_in.goto(f"{site}/admin/stagebased/messageset/1/phone/")
    logged_in.locator(".ed-bubble").first.evaluate("bubble => { bubble.textContent = 'رقم.'; }")
    # The full stop stands at the left end, where the line ends.
    assert logged_in.locator(".ed-bubble").first.evaluate(
        """bubble => {
          const line = bubble.firstChild, place = document.createRange();
          const left = (at) => {
            place.setStart(line, at);
            place.setEnd(line, at + 1);
            return place.getBoundingClientRect().left;
          };
          return left(3) < left(0);
        }"""
    )
