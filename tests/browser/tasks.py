"""What people do on pages, for tests and for the documents' pictures."""

from __future__ import annotations

from playwright.sync_api import Page, expect


def write_to_everybody(page: Page, site: str) -> None:
    """Put everybody on the list of contacts into a group and write a broadcast to it."""
    page.goto(f"{site}/admin/contacts/group/add/")
    page.fill("input[name=name]", "Everybody")
    page.click("button[name=_save]")

    page.goto(f"{site}/admin/contacts/contact/")
    page.locator("#action-toggle").check()
    page.select_option("select[name=action]", "put_into_group")
    page.locator("button[name=index]").first.click()
    page.locator("select[name=group]").select_option(label="Everybody")
    page.click("text=Do it")
    expect(page.locator("body")).to_contain_text("put into Everybody")

    page.goto(f"{site}/admin/broadcasts/broadcast/add/")
    page.fill("input[name=name]", "Closed on Friday")
    page.locator(".field-group .select2-selection").click()
    page.locator(".select2-results__option", has_text="Everybody").click()
    page.fill("input[name=default_language]", "eng_ZA")
    page.fill("[name=texts-0-lang]", "eng_ZA")
    page.fill("[name=texts-0-text]", "The clinic is closed on Friday.")
    page.click("button[name=_continue]")


def count_recipients(page: Page) -> None:
    page.click("text=Count the recipients")


def open_set(page: Page, site: str, name: str, tab: str) -> None:
    """Open a page of a message set."""
    page.goto(f"{site}/admin/stagebased/messageset/?q={name}")
    page.locator("#result_list a[href*='/content/']").first.click()
    page.locator(".ed-tabs").get_by_role("link", name=tab, exact=True).click()
