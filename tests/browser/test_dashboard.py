"""An operator's morning: what went out, what is stuck, and the figures that move by themselves."""

from __future__ import annotations

import pytest
from playwright.sync_api import Page, expect

from tests.browser.test_admin import Trouble

pytestmark = pytest.mark.browser


def test_the_dashboard_draws_switches_and_refreshes(logged_in: Page, site: str):
    trouble = Trouble(logged_in, site)
    logged_in.goto(f"{site}/admin/")
    chart = logged_in.locator("#panel-hours canvas")
    expect(chart).to_be_visible()
    # Something was drawn: not every pixel is empty.
    drawn = """canvas => canvas.getContext('2d')
        .getImageData(0, 0, canvas.width, canvas.height).data.some(value => value > 0)"""
    assert chart.evaluate(drawn)

    week = logged_in.locator("#panel-hours button[data-span='This week']")
    week.click()
    expect(week).to_have_attribute("aria-pressed", "true")
    assert (
        logged_in.evaluate("Chart.getChart(document.querySelector('#panel-hours canvas')).data.labels.length")
        == 168
    )

    # Coming back to the page asks anew, and what was chosen stays chosen.
    with logged_in.expect_response(f"{site}/admin/panels/"):
        logged_in.evaluate("document.dispatchEvent(new Event('visibilitychange'))")
    expect(logged_in.locator("#panel-hours button[data-span='This week']")).to_have_attribute(
        "aria-pressed", "true"
    )
    assert trouble.found == []


@pytest.mark.parametrize("width", [1280, 390])
@pytest.mark.parametrize("theme", ["light", "dark"])
def test_nothing_is_cut_off_on_any_screen(logged_in: Page, site: str, width: int, theme: str):
    logged_in.set_viewport_size({"width": width, "height": 900})
    logged_in.emulate_media(color_scheme=theme)
    logged_in.goto(f"{site}/admin/")
    logged_in.wait_for_load_state("networkidle")
    assert logged_in.evaluate("document.documentElement.scrollWidth") <= width
