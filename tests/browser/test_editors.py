"""An editor at work on a programme, in a real browser."""

from __future__ import annotations

import io
import re
import secrets
import wave

import pytest
from playwright.sync_api import Browser, Locator, Page, expect

from tests.browser.tasks import open_set
from tests.browser.test_admin import Trouble

pytestmark = pytest.mark.browser

WIDTHS = [pytest.param(1280, id="desk"), pytest.param(390, id="phone")]


def fits(page: Page) -> bool:
    """Whether nothing has to be scrolled sideways."""
    return page.evaluate("document.documentElement.scrollWidth <= window.innerWidth")


@pytest.mark.parametrize("width", WIDTHS)
def test_one_sees_when_a_set_is_due_where_somebody_lives(logged_in: Page, site: str, width: int):
    trouble = Trouble(logged_in, site)
    logged_in.set_viewport_size({"width": width, "height": 900})
    open_set(logged_in, site, "demo_pregnancy", "When")
    expect(logged_in.get_by_role("heading", name="At 09:00, only on Monday and Thursday")).to_be_visible()
    expect(logged_in.get_by_label("The sets before and after this one")).to_contain_text(
        "Welcome, every minute"
    )

    logged_in.get_by_label("Compare with a time zone").fill("Asia/Kolkata")
    logged_in.get_by_role("button", name="Show").click()

    there = logged_in.locator(".ed-card", has_text="Somebody in Asia/Kolkata")
    expect(there.get_by_role("listitem")).to_have_count(10)
    expect(there.get_by_role("listitem").first).to_contain_text("09:00 IST")
    assert fits(logged_in)
    assert trouble.found == []


@pytest.mark.parametrize("width", WIDTHS)
def test_one_sees_what_a_person_will_get_and_leaves_a_stage_out(logged_in: Page, site: str, width: int):
    trouble = Trouble(logged_in, site)
    logged_in.set_viewport_size({"width": width, "height": 900})
    open_set(logged_in, site, "demo_welcome", "What a person gets")
    logged_in.get_by_label("Language").select_option("fra_FR")
    logged_in.get_by_label("Joins on").fill("2030-03-01")
    logged_in.get_by_label("at", exact=True).fill("10:00")
    logged_in.get_by_role("button", name="Show").click()

    total = logged_in.get_by_label("Sum")
    expect(total).to_contain_text("13 messages")
    logged_in.get_by_role("button", name="Fri 1 Mar 10:03, stage 3").click()
    message = logged_in.locator(".ed-popover:popover-open")
    expect(message).to_contain_text("Conseil 2 : notez la date")
    message.get_by_role("link", name="Leave this stage out").click()

    expect(total).to_contain_text("12 messages")
    expect(logged_in.get_by_role("button", name="Fri 1 Mar 10:03, stage 4")).to_be_visible()
    logged_in.get_by_label("Left out").get_by_role("link").click()
    expect(total).to_contain_text("13 messages")
    assert fits(logged_in)
    assert trouble.found == []


def test_the_counter_names_a_character_and_mends_it(logged_in: Page, site: str):
    trouble = Trouble(logged_in, site)
    open_set(logged_in, site, "demo_pregnancy", "Content")
    logged_in.locator("#c-1-eng_GB .ed-said").click()
    place = logged_in.locator("#c-1-eng_GB")
    text, counter = place.get_by_label("Text"), place.locator(".ed-counter")
    expect(counter).to_contain_text("GSM-7 · 1 part")

    text.fill("It’s time for a check-up. " * 5)
    expect(counter).to_contain_text("UCS-2 · 2 parts")
    expect(counter).to_contain_text("right single quotation mark ×5")
    counter.get_by_role("button", name="Use '").click()

    # Each letter of another alphabet would be a culprit; a few tell what it is.
    text.fill("موعدك يوم الاثنين")
    expect(counter).to_contain_text("UCS-2")
    expect(counter.locator(".ed-odd")).to_have_count(3)
    expect(counter).to_contain_text(re.compile(r"and \d+ more"))
    text.fill("It's time for a check-up. " * 5)
    expect(counter).to_contain_text("130 characters · GSM-7 · 1 part · 31 left")
    place.get_by_role("button", name="Cancel").click()
    assert trouble.found == []


# --- Writing a set -------------------------------------------------------------------------


@pytest.fixture
def written(logged_in: Page, site: str) -> Page:
    """The page of a set in preparation that an editor has just made."""
    logged_in.goto(f"{site}/admin/stagebased/schedule/add/")
    logged_in.fill("[name=minute]", "0")
    logged_in.fill("[name=hour]", "8")
    logged_in.click("button[name=_save]")
    logged_in.goto(f"{site}/admin/stagebased/messageset/add/")
    logged_in.fill("[name=short_name]", f"browser.{secrets.token_hex(4)}")
    logged_in.locator(".field-default_schedule .select2-selection").click()
    logged_in.locator(".select2-results__option", has_text="At 08:00").first.click()
    logged_in.click("button[name=_save]")
    logged_in.wait_for_url(re.compile(r"/content/$"))
    return logged_in


def cell(page: Page, number: int, lang: str) -> Locator:
    return page.locator(f"#c-{number}-{lang}")


def write(page: Page, number: int, lang: str, text: str) -> None:
    place = cell(page, number, lang)
    place.get_by_role("button", name=re.compile("Edit|Write")).click()
    place.get_by_label("Text").fill(text)
    place.get_by_role("button", name="Keep as draft").click()
    expect(cell(page, number, lang).locator(".ed-said")).to_have_text(text)


def test_a_set_is_written_translated_checked_and_activated(written: Page, site: str):
    trouble = Trouble(written, site)
    bar = written.locator("#ed-bar")
    expect(bar).to_contain_text("In preparation")
    written.get_by_role("button", name="Add a language").click()
    written.get_by_label("Its code").fill("eng_ZA")
    written.get_by_role("button", name="Add a column").click()

    write(written, 1, "eng_ZA", "Drink enough water.")
    write(written, 2, "eng_ZA", "Go for a walk.")
    expect(bar).to_contain_text("2 drafts not published yet")
    written.get_by_role("button", name="Copy a language").click()
    written.get_by_label("To (code)").fill("zul_ZA")
    written.get_by_role("button", name="Copy", exact=True).click()
    expect(written.locator("body")).to_contain_text("To be translated now: 2 drafts in zul_ZA")
    write(written, 1, "zul_ZA", "Phuza amanzi anele.")

    cell(written, 2, "zul_ZA").get_by_role("button", name="Edit").click()
    cell(written, 2, "zul_ZA").get_by_role("button", name="Drop the draft").click()
    expect(cell(written, 2, "zul_ZA")).to_contain_text("Missing")
    expect(bar).to_contain_text("is missing in zul_ZA")
    expect(bar.get_by_role("button", name="Activate")).to_be_disabled()
    write(written, 2, "zul_ZA", "Hamba uhambe.")
    expect(bar).to_contain_text("Complete")
    bar.get_by_role("button", name="Activate").click()
    expect(bar).to_contain_text("Active")
    expect(bar).to_contain_text("Everything is published")
    assert trouble.found == []


def test_stages_are_inserted_moved_and_removed(written: Page, site: str):
    trouble = Trouble(written, site)
    written.goto(f"{written.url}?add=eng_ZA")
    write(written, 1, "eng_ZA", "First")
    write(written, 2, "eng_ZA", "Second")

    def stage(number: int, what: str) -> None:
        written.get_by_label(f"What to do with stage {number}").click()
        written.locator(f"#stage-menu-{number}").get_by_role("button", name=what).click()

    def order() -> list[str]:
        return [text.strip() for text in written.locator(".ed-said").all_inner_texts()]

    stage(2, "Move up")
    expect(written.locator("#stage-1")).to_contain_text("Second")
    assert order() == ["Second", "First"]
    stage(1, "Insert a stage after it")
    expect(written.locator("#stage-2")).to_contain_text("Missing")
    write(written, 2, "eng_ZA", "Between")
    assert order() == ["Second", "Between", "First"]
    stage(1, "Remove …")
    written.get_by_role("button", name="Remove stage 1").click()
    expect(written.locator("#stage-1")).to_contain_text("Between")
    assert order() == ["Between", "First"]
    assert trouble.found == []


def test_two_editors_at_one_text_learn_of_each_other(written: Page, browser: Browser, site: str):
    written.goto(f"{written.url}?add=eng_ZA")
    write(written, 1, "eng_ZA", "Begun")
    other = browser.new_context(storage_state=written.context.storage_state()).new_page()
    other.goto(written.url)
    cell(other, 1, "eng_ZA").get_by_role("button", name="Edit").click()
    write(written, 1, "eng_ZA", "Mine")

    place = cell(other, 1, "eng_ZA")
    place.get_by_label("Text").fill("Theirs")
    place.get_by_role("button", name="Keep as draft").click()
    expect(place).to_contain_text("editor has written here meanwhile. It says now: “Mine”.")
    place.get_by_role("button", name="Keep as draft").click()
    expect(cell(other, 1, "eng_ZA").locator(".ed-said")).to_have_text("Theirs")
    other.context.close()


def test_a_recording_is_attached_and_can_be_played(written: Page, site: str):
    trouble = Trouble(written, site)
    written.goto(f"{written.url}?add=eng_ZA")
    place = cell(written, 1, "eng_ZA")
    place.get_by_role("button", name="Write").click()
    place.locator("input[type=file]").set_input_files(
        {"name": "hello.wav", "mimeType": "audio/wav", "buffer": wav(seconds=1)}
    )
    place.get_by_role("button", name="Keep as draft").click()
    player = cell(written, 1, "eng_ZA").locator("audio")
    expect(player).to_be_visible()
    length = player.evaluate(
        "audio => new Promise(done => { audio.onloadedmetadata = () => done(audio.duration); audio.load(); })"
    )
    assert length == pytest.approx(1, abs=0.05)
    assert trouble.found == []


def wav(seconds: int) -> bytes:
    file = io.BytesIO()
    with wave.open(file, "wb") as sound:
        sound.setnchannels(1)
        sound.setsampwidth(2)
        sound.setframerate(8000)
        sound.writeframes(b"\x00\x00" * 8000 * seconds)
    return file.getvalue()


@pytest.mark.parametrize("width", WIDTHS)
def test_the_table_fits_and_a_text_is_written_at_any_width(logged_in: Page, site: str, width: int):
    trouble = Trouble(logged_in, site)
    logged_in.set_viewport_size({"width": width, "height": 900})
    open_set(logged_in, site, "demo_welcome", "Content")
    write(logged_in, 3, "fra_FR", f"Conseil pour {width}")
    assert fits(logged_in)
    logged_in.locator("#ed-bar").get_by_role("button", name="Drop drafts").click()
    logged_in.get_by_role("button", name="Drop them").click()
    expect(cell(logged_in, 3, "fra_FR")).to_contain_text("notez la date")
    assert trouble.found == []


def test_one_sees_a_stage_on_the_phone_and_sends_it_to_oneself(logged_in: Page, site: str):
    trouble = Trouble(logged_in, site)
    open_set(logged_in, site, "demo_welcome", "On the phone")
    logged_in.get_by_label("Stage").select_option("3")
    logged_in.get_by_role("button", name="Show").click()
    phone = logged_in.get_by_label("fra_FR")
    expect(phone.locator(".ed-bubble").last).to_contain_text("Conseil 2 : notez la date")

    phone.get_by_label("My number").fill("+447700900199")
    phone.get_by_role("button", name="Send it to me").click()
    expect(logged_in.locator("body")).to_contain_text("It is on its way to you, and to nobody else.")
    logged_in.goto(f"{site}/admin/outbox/delivery/")
    expect(logged_in.locator("#result_list")).to_contain_text("+447700900199")
    assert trouble.found == []


def test_a_set_is_cloned(logged_in: Page, site: str):
    open_set(logged_in, site, "demo_pregnancy", "Content")
    logged_in.get_by_role("button", name="Clone the set").click()
    dialog = logged_in.locator("#clone-dialog")
    dialog.get_by_label("Short name").fill(f"copy.{secrets.token_hex(4)}")
    dialog.get_by_role("button", name="Clone", exact=True).click()
    expect(logged_in.locator("#ed-bar")).to_contain_text("In preparation")
    expect(logged_in.locator("body")).to_contain_text("This is the copy of")


# --- Spreadsheets --------------------------------------------------------------------------


def test_translations_go_out_as_a_spreadsheet_and_come_back_as_drafts(logged_in: Page, site: str):
    trouble = Trouble(logged_in, site)
    open_set(logged_in, site, "demo_pregnancy", "Content")
    logged_in.get_by_role("button", name="Export").click()
    with logged_in.expect_download() as downloaded:
        logged_in.locator("#export-dialog").get_by_role("link", name="CSV").first.click()
    text = downloaded.value.path().read_text(encoding="utf-8-sig")
    assert text.startswith("stage,eng_GB,fra_FR")

    changed = text.replace("Semaine 1 : prenez", "Semaine 1 : mamans, prenez")
    logged_in.get_by_role("link", name="Import", exact=True).click()
    bring(logged_in, "back.csv", changed)
    counts = logged_in.locator("[data-count]")
    expect(counts).to_have_text(["0", "1", "15", "0"])
    logged_in.get_by_role("button", name="Import 1 row").click()
    expect(logged_in.locator("body")).to_contain_text("The texts are drafts.")
    logged_in.get_by_role("link", name="See what is there now").click()
    expect(cell(logged_in, 2, "fra_FR")).to_contain_text("mamans, prenez")

    logged_in.get_by_role("link", name="Import", exact=True).click()
    bring(logged_in, "back.csv", changed)
    expect(logged_in.locator("body")).to_contain_text("Everything in the file is here already.")
    assert trouble.found == []


def test_people_come_from_a_spreadsheet_and_faults_are_told(logged_in: Page, site: str):
    trouble = Trouble(logged_in, site)
    logged_in.goto(f"{site}/admin/contacts/contact/")
    logged_in.get_by_role("link", name="upload Import", exact=True).click()
    bring(logged_in, "people.csv", "name;msisdn\nThandi Browser;+27820001234\nNobody;12\n")
    expect(logged_in.locator("[data-count]")).to_have_text(["1", "0", "0", "1"])
    expect(logged_in.locator(".sh-table")).to_contain_text("Write the number with + and its country code.")
    with logged_in.expect_download() as downloaded:
        logged_in.get_by_role("link", name="Download all as a file").click()
    assert "3,msisdn,Write the number" in downloaded.value.path().read_text(encoding="utf-8-sig")

    logged_in.get_by_role("button", name="Import 1 row").click()
    logged_in.get_by_role("link", name="See what is there now").click()
    expect(logged_in.locator("#result_list")).to_contain_text("Thandi Browser")
    assert trouble.found == []


def bring(page: Page, name: str, text: str) -> None:
    page.locator("input[type=file]").set_input_files(
        {"name": name, "mimeType": "text/csv", "buffer": text.encode()}
    )
    page.get_by_role("button", name="Check the file").click()
    page.wait_for_url(re.compile(r"/sheets/import/"))
