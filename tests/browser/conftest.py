"""A browser, and a site of its own to look at: the embedded default served as in production, by gunicorn."""

from __future__ import annotations

import os
import shutil
import subprocess
import sys
from collections.abc import Callable, Iterator
from pathlib import Path

import pytest
from playwright.sync_api import Browser, Page, expect, sync_playwright

from tests import servers

ROOT = Path(__file__).resolve().parents[2]
NAME, PASSWORD = "editor", "editor-password"
#: What a busy machine may take to show what is expected, in milliseconds.
expect.set_options(timeout=20_000)
QUIET = [
    "--no-sandbox", "--disable-gpu", "--disable-quic", "--no-first-run", "--disable-background-networking",
    "--disable-component-update", "--disable-sync",
]  # fmt: skip


@pytest.fixture(scope="session")
def demo(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """The folder of an installation with the demo and one editor, to be copied."""
    folder = tmp_path_factory.mktemp("demo")
    environment = environment_of(folder) | {"DJANGO_SUPERUSER_PASSWORD": PASSWORD}
    for words in (
        ("migrate", "--verbosity", "0"),
        ("seed_demo",),
        ("createsuperuser", "--noinput", "--username", NAME, "--email", "editor@example.org"),
    ):
        command = [sys.executable, "manage.py", *words]
        subprocess.run(command, cwd=ROOT, env=environment, check=True, timeout=300)
    return folder


@pytest.fixture(scope="module")
def site_folder(demo: Path, tmp_path_factory: pytest.TempPathFactory) -> Path:
    folder = tmp_path_factory.mktemp("site")
    shutil.copytree(demo, folder, dirs_exist_ok=True)
    return folder


def environment_of(folder: Path) -> dict[str, str]:
    return {"PATH": os.environ["PATH"], "VAR_DIR": str(folder / "var"), "ENV_FILE": ""}


def run(folder: Path, code: str) -> None:
    """What a worker would do in the site's installation."""
    command = [sys.executable, "manage.py", "shell", "--no-imports", "-c", code]
    subprocess.run(command, cwd=ROOT, env=environment_of(folder), check=True, timeout=300)


@pytest.fixture
def work_broadcasts(site_folder: Path, site: str) -> Callable[[], None]:
    """Go on with open broadcasts once."""
    return lambda: run(site_folder, "from broadcasts.worker import work; work()")


@pytest.fixture
def work_bulk(site_folder: Path, site: str) -> Callable[[], None]:
    """Go on with open changes of many subscriptions once."""
    return lambda: run(site_folder, "from stagebased.bulk import work; work()")


@pytest.fixture(scope="module")
def site(site_folder: Path) -> Iterator[str]:
    """The URL of a running installation with the demo and one editor."""
    port = servers.free_port()
    command = ["gunicorn", "config.wsgi:application", "--bind", f"127.0.0.1:{port}", "--threads", "4"]
    with (site_folder / "web.log").open("wb") as log:
        web = subprocess.Popen(
            [sys.executable, "-m", *command, "--no-control-socket"],
            cwd=ROOT,
            env=environment_of(site_folder),
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


def sign_in(page: Page, site: str, name: str, password: str) -> None:
    page.goto(f"{site}/admin/")
    page.fill("input[name=username]", name)
    page.fill("input[name=password]", password)
    page.click("button[type=submit]")
    page.wait_for_url(f"{site}/admin/")


@pytest.fixture
def logged_in(page: Page, site: str) -> Page:
    sign_in(page, site, NAME, PASSWORD)
    return page
