"""``make screenshots``: take the documents' pictures anew from a running demo."""

from __future__ import annotations

import re
import signal
import tempfile
from pathlib import Path

from playwright.sync_api import Page, sync_playwright

from tests import servers
from tests.browser import tasks
from tests.browser.conftest import QUIET
from tests.installation import ROOT, Installation

PICTURES = {
    "deliveries": "/admin/outbox/delivery/",
    "dashboard": "/admin/",
    "failures": "/admin/outbox/failure/",
}
#: Of these lists the first record.
RECORDS = {
    "delivery": "/admin/outbox/delivery/?state__exact=delivered",
    "contact": "/admin/contacts/contact/?q=Alice",
}


def main() -> None:
    with tempfile.TemporaryDirectory() as folder:
        installation = Installation(Path(folder))
        try:
            installation.start()
            servers.wait_until(
                lambda: installation.count("delivered") > 12,
                seconds=120,
                what="a demo worth a picture",
                every=1,
            )
            take(installation)
            installation.stop(signal.SIGINT, everybody=True)
        finally:
            installation.end()


def take(installation: Installation) -> None:
    found = re.search(r"Log-in: name (\S+), password (\S+)", installation.output())
    assert found is not None
    site = f"http://localhost:{installation.port}"
    with sync_playwright() as playwright:
        browser = playwright.chromium.launch(executable_path=str(servers.find_chromium()), args=QUIET)
        page = browser.new_page(viewport={"width": 1440, "height": 900})
        page.goto(f"{site}/admin/")
        page.fill("input[name=username]", found[1])
        page.fill("input[name=password]", found[2])
        page.click("button[type=submit]")
        page.wait_for_url(f"{site}/admin/")
        for name, path in PICTURES.items():
            answer = page.goto(site + path)
            assert answer is not None
            assert answer.ok, path
            picture(page, name)
        for name, path in RECORDS.items():
            page.goto(site + path)
            # Those in the head of the table would only sort it.
            page.locator("#result_list tbody th a").first.click()
            page.wait_for_url("**/change/**")
            for known in page.locator(".records").all():
                known.evaluate("where => where.scrollIntoView({block: 'start'}) || scrollBy(0, -120)")
            picture(page, name)
        set_pages(page, site)
        tasks.write_to_everybody(page, site)
        tasks.count_recipients(page)
        page.locator(".step-start").wait_for(timeout=30_000)
        picture(page, "broadcast")
        browser.close()


def set_pages(page: Page, site: str) -> None:
    """The pages of a message set, as editors see them."""
    for tab, name in (("Content", "content"), ("When", "when"), ("On the phone", "phone")):
        tasks.open_set(page, site, "demo_pregnancy", tab)
        picture(page, f"set-{name}")
    tasks.open_set(page, site, "demo_pregnancy", "What a person gets")
    page.get_by_label("Language").select_option("fra_FR")
    page.get_by_label("Joins on").fill("2030-03-01")
    page.get_by_role("button", name="Show").click()
    page.get_by_label("Sum").wait_for()
    picture(page, "set-person")


def picture(page: Page, name: str) -> None:
    page.wait_for_load_state("networkidle")
    page.screenshot(path=ROOT / "docs" / "images" / f"{name}.png")


if __name__ == "__main__":
    main()
