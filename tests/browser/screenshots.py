"""``make screenshots``: take the README's picture anew from a running demo."""

from __future__ import annotations

import re
import signal
import tempfile
from pathlib import Path

from playwright.sync_api import sync_playwright

from tests import servers
from tests.browser.conftest import QUIET
from tests.installation import ROOT, Installation

PICTURES = {"deliveries": "/admin/outbox/delivery/"}


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
            page.wait_for_load_state("networkidle")
            page.screenshot(path=ROOT / "docs" / "images" / f"{name}.png")
        browser.close()


if __name__ == "__main__":
    main()
