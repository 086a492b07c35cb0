"""Somebody reads what the API can do and tries a call, without leaving the site."""

from __future__ import annotations

import re

import pytest
from playwright.sync_api import Page, expect

pytestmark = pytest.mark.browser


@pytest.fixture
def troubles(logged_in: Page) -> list[str]:
    """What the browser complains of, and whom it asks beside the site."""
    found: list[str] = []
    logged_in.on("console", lambda message: message.type == "error" and found.append(message.text))
    logged_in.on("pageerror", lambda error: found.append(str(error)))
    logged_in.on(
        "request", lambda asked: re.match(r"https?://localhost", asked.url) or found.append(asked.url)
    )
    return found


def test_a_call_is_found_read_and_tried(logged_in: Page, site: str, troubles: list[str]):
    logged_in.goto(f"{site}/")
    logged_in.get_by_role("link", name="API", exact=True).click()
    logged_in.locator("#operations-tag-Messages_and_notices").click()
    operation = logged_in.locator("#operations-Messages_and_notices-countUnreadMessages")
    operation.locator(".opblock-summary-control").click()
    operation.get_by_role("button", name="Try it out").click()
    operation.get_by_role("button", name="Execute").click()
    expect(operation.locator(".live-responses-table .response-col_status").last).to_contain_text("200")
    expect(operation.locator(".live-responses-table")).to_contain_text('"unread_count": 0')
    assert troubles == []


def test_a_change_by_a_session_goes_with_the_site_s_token(logged_in: Page, site: str, troubles: list[str]):
    logged_in.goto(f"{site}/api/docs/#/Messages and notices/markAllMessagesRead")
    operation = logged_in.locator("#operations-Messages_and_notices-markAllMessagesRead")
    operation.get_by_role("button", name="Try it out").click()
    operation.get_by_role("button", name="Execute").click()
    expect(operation.locator(".live-responses-table .response-col_status").last).to_contain_text("200")
    assert troubles == []


@pytest.mark.parametrize("path", ["/", "/docs/", "/docs/stagebased", "/docs/configuration", "/api/docs/"])
def test_nothing_runs_out_of_a_phone(logged_in: Page, site: str, path: str):
    logged_in.set_viewport_size({"width": 390, "height": 844})
    logged_in.goto(site + path)
    logged_in.wait_for_load_state("networkidle")
    assert logged_in.evaluate("document.documentElement.scrollWidth") <= 390
