"""A browser's own EventSource listens to the stream."""

from __future__ import annotations

from collections.abc import Iterator

import pytest
from playwright.sync_api import Page, sync_playwright

from tests.sendables.live import Site

pytestmark = [pytest.mark.processes, pytest.mark.browser]
ARGUMENTS = [
    "--no-sandbox", "--disable-gpu", "--disable-quic", "--no-first-run", "--disable-background-networking",
    "--disable-component-update", "--disable-sync",
]  # fmt: skip
LISTEN = """
() => {
    window.heard = [];
    window.source = new EventSource("/messages/stream/");
    for (const name of ["message", "unread"])
        source.addEventListener(name, (event) => heard.push([name, JSON.parse(event.data)]));
    source.addEventListener("open", () => heard.push(["open"]));
}
"""


@pytest.fixture
def site() -> Iterator[Site]:
    site = Site(None, None)
    yield site
    site.close()


@pytest.fixture
def page(site: Site, chromium_program: str) -> Iterator[Page]:
    with sync_playwright() as playwright:
        browser = playwright.chromium.launch(executable_path=chromium_program, args=ARGUMENTS)
        context = browser.new_context(base_url=f"http://127.0.0.1:{site.port}")
        session = {
            "name": "sessionid",
            "value": site.session_of("bob"),
            "url": f"http://127.0.0.1:{site.port}",
        }
        context.add_cookies([session])
        yield context.new_page()
        browser.close()


def heard(page: Page, number: int, kind: str) -> list:
    page.wait_for_function(f"heard.filter(each => each[0] == '{kind}').length >= {number}", timeout=15_000)
    return page.evaluate("heard")


def test_a_browser_hears_of_a_message_and_comes_back_after_a_restart(site: Site, page: Page) -> None:
    page.goto("/healthz/live")
    page.evaluate(LISTEN)
    assert heard(page, 1, "unread")[1][1] == {"unread_count": 0}
    site.send("alice", 2, content="<b>to the browser</b>")
    [arrived] = [each for each in heard(page, 1, "message") if each[0] == "message"]
    assert arrived[1]["content"] == "<b>to the browser</b>"
    heard(page, 2, "unread")
    site.close()
    site.process = site.start()
    site.send("alice", 2, content="while it was away")
    messages = [each for each in heard(page, 2, "message") if each[0] == "message"]
    assert [each[1]["content"] for each in messages] == ["<b>to the browser</b>", "while it was away"]
    heard(page, 2, "open")
