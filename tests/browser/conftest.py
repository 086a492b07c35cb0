"""A browser, and a site of its own to look at: the embedded default served as in production, by gunicorn."""

from __future__ import annotations

import os
import subprocess
import sys
from collections.abc import Iterator
from pathlib import Path

import pytest
from playwright.sync_api import Browser, Page, sync_playwright

from tests import servers

ROOT = Path(__file__).resolve().parents[2]
NAME, PASSWORD = "editor", "editor-password"
QUIET = [
    "--no-sandbox", "--disable-gpu", "--disable-quic", "--no-first-run", "--disable-background-networking",
    "--disable-component-update", "--disable-sync",
]  # fmt: skip


@pytest.fixture(scope="module")
def site(tmp_path_factory: pytest.TempPathFactory) -> Iterator[str]:
    """The URL of a running installation with the demo and one editor."""
    folder = tmp_path_factory.mktemp("site")
    port = servers.free_port()
    environment = {"PATH": os.environ["PATH"], "VAR_DIR": str(folder / "var"), "ENV_FILE": ""}
    environment |= {"DJANGO_SUPERUSER_PASSWORD": PASSWORD}

    def manage(*words: str) -> None:
        subprocess.run(
            [sys.executable, "manage.py", *words], cwd=ROOT, env=environment, check=True, timeout=120
        )

    manage("migrate", "--verbosity", "0")
    manage("seed_demo")
    manage("createsuperuser", "--noinput", "--username", NAME, "--email", "editor@example.org")
    command = ["gunicorn", "config.wsgi:application", "--bind", f"127.0.0.1:{port}", "--threads", "4"]
    with (folder / "web.log").open("wb") as log:
        web = subprocess.Popen(
            [sys.executable, "-m", *command, "--no-control-socket"],
            cwd=ROOT,
            env=environment,
            stdout=log,
            stderr=log,
        )
    try:
        servers.wait_until(lambda: servers.listens(port), seconds=30, what="the web server")
        yield f"http://localhost:{port}"
    finally:
        web.terminate()
        web.wait(timeout=30)


@pytest.fixture(scope="module")
def browser(chromium_program: str) -> Iterator[Browser]:
    with sync_playwright() as playwright:
        running = playwright.chromium.launch(executable_path=chromium_program, args=QUIET)
        yield running
        running.close()


@pytest.fixture
def page(browser: Browser) -> Iterator[Page]:
    context = browser.new_context(viewport={"width": 1280, "height": 900})
    context.set_default_timeout(20_000)
    yield context.new_page()
    context.close()


@pytest.fixture
def logged_in(page: Page, site: str) -> Page:
    page.goto(f"{site}/admin/")
    page.fill("input[name=username]", NAME)
    page.fill("input[name=password]", PASSWORD)
    page.click("button[type=submit]")
    page.wait_for_url(f"{site}/admin/")
    return page
