"""The documents as pages of the installation."""

from __future__ import annotations

import re

import pytest
from django.test import Client

from config.documents import documents, slug

pytestmark = pytest.mark.django_db
#: As browsers ask for pages.
BROWSER = "text/html,application/xhtml+xml,application/xml;q=0.9,*/*;q=0.8"


def page(client: Client, path: str) -> str:
    answer = client.get(path, headers={"accept": BROWSER})
    assert (answer.status_code, answer["Content-Type"]) == (200, "text/html; charset=utf-8"), path
    return answer.content.decode()


def test_a_document_is_a_page_to_a_browser_and_markdown_to_others(client: Client):
    assert '<h1 id="architecture">Architecture</h1>' in page(client, "/docs/architecture")
    answer = client.get("/docs/architecture")
    assert answer["Content-Type"] == "text/markdown; charset=utf-8"
    assert answer.content.startswith(b"# Architecture")
    assert answer["Vary"] == "Accept"


def test_the_index_is_the_first_page_and_every_page_leads_to_every_other(client: Client):
    index = page(client, "/docs/")
    assert "<table>" in index
    for name in documents():
        assert f'href="/docs/{name}"' in index


@pytest.mark.parametrize("path", ["nothing", "..", "%2e%2e%2fREADME", "architecture.md", "../pyproject.toml"])
def test_no_other_file_is_served(client: Client, path):
    assert client.get(f"/docs/{path}").status_code == 404


def test_pictures_are_served_and_run_nothing(client: Client):
    answer = client.get("/docs/images/deliveries.png")
    answer.close()
    assert (answer.status_code, answer["Content-Type"]) == (200, "image/png")
    assert "default-src 'none'" in answer["Content-Security-Policy"]


def test_every_link_on_every_page_leads_somewhere(client: Client):
    pages = {f"/docs/{name}": page(client, f"/docs/{name}") for name in documents()}
    for path, text in pages.items():
        for target in re.findall(r'(?:href|src)="([^"]+)"', text):
            if re.match("https?:|mailto:|data:|#$", target):
                continue
            address, _, anchor = target.partition("#")
            where = pages.get(address or path)
            if where is None:
                answer = client.get(address, headers={"accept": BROWSER})
                answer.close()
                assert answer.status_code in (200, 302), (path, target)
            elif anchor:
                assert f'id="{anchor}"' in where, (path, target)


@pytest.mark.parametrize(
    ("heading", "anchor"),
    [
        ("Differences from the original", "differences-from-the-original"),
        ("The SMS interface: `/api/v1.0/`", "the-sms-interface-apiv10"),
        ("A channel, step by step", "a-channel-step-by-step"),
    ],
)
def test_anchors_are_those_of_repository_hosts(heading, anchor):
    assert slug(heading) == anchor
