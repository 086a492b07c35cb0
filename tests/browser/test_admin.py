"""An editor's first look around: log in, open every list and form, nothing broken and nothing missing."""

from __future__ import annotations

import re

import pytest
from django.contrib import admin
from playwright.sync_api import Page

pytestmark = pytest.mark.browser


class Trouble:
    """What pages complain about, and whatever they fetch from elsewhere than the site."""

    def __init__(self, page: Page, site: str) -> None:
        self.found: list[str] = []
        own = (site, "data:", "blob:")
        page.on("request", lambda wish: wish.url.startswith(own) or self.found.append(f"foreign: {wish.url}"))
        page.on("requestfailed", lambda request: self.found.append(f"failed: {request.url}"))
        page.on(
            "response",
            lambda answer: answer.status >= 400 and self.found.append(f"{answer.status}: {answer.url}"),
        )
        page.on("pageerror", lambda error: self.found.append(f"script: {error}"))
        page.on("console", lambda line: line.type == "error" and self.found.append(f"console: {line.text}"))


def lists() -> list[str]:
    models = [model._meta for model in admin.site._registry]
    return [f"/admin/{meta.app_label}/{meta.model_name}/" for meta in models]


def test_every_list_opens_without_trouble(logged_in: Page, site: str):
    trouble = Trouble(logged_in, site)
    assert {path.split("/")[2] for path in lists()} >= {
        "accounts",
        "contacts",
        "outbox",
        "smsbridge",
        "stagebased",
    }
    for path in lists():
        answer = logged_in.goto(site + path)
        assert answer is not None
        assert answer.status == 200, path
        assert logged_in.locator("#changelist").is_visible(), path
    assert trouble.found == []


def test_a_record_of_every_list_opens_without_trouble(logged_in: Page, site: str):
    trouble = Trouble(logged_in, site)
    opened = 0
    for path in lists():
        logged_in.goto(site + path)
        record = logged_in.locator(f"#result_list a[href^='{path}']").first
        if record.count():
            record.click()
            logged_in.wait_for_url(re.compile(r"/change/"))
            assert logged_in.locator("form[id$=_form]").is_visible(), path
            opened += 1
    assert opened >= 5
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
