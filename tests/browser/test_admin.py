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
