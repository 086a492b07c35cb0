"""The OpenAPI document and its page."""

from __future__ import annotations

import json
import re

import pytest
import yaml
from django.contrib.staticfiles import finders
from django.test import Client

from config.openapi import document


@pytest.mark.parametrize(
    ("query", "accept", "media"),
    [
        ("", "*/*", "application/yaml"),
        ("", "application/json", "application/json"),
        ("?format=json", "*/*", "application/json"),
        ("?format=yaml", "application/json", "application/yaml"),
    ],
)
def test_the_document_is_served_to_anybody_in_yaml_or_json(client: Client, query, accept, media):
    answer = client.get(f"/api/schema/{query}", headers={"accept": accept})
    assert (answer.status_code, answer["Content-Type"]) == (200, media)
    read = json.loads if media == "application/json" else yaml.safe_load
    assert read(answer.content) == json.loads(json.dumps(document()))


def test_who_has_the_document_is_not_sent_it_again(client: Client):
    tag = client.get("/api/schema/")["ETag"]
    assert client.get("/api/schema/", headers={"if-none-match": tag}).status_code == 304


def test_the_page_loads_everything_from_this_installation(client: Client):
    page = client.get("/api/docs/").content.decode()
    addresses = re.findall(r'(?:src|href|data-document)="([^"]*)"', page)
    assert [address for address in addresses if not re.match("/[^/]|/$", address)] == []
    files = re.findall(r'(?:src|href)="/static/([^"]*)"', page)
    assert len(files) == 5
    assert [name for name in files if finders.find(name) is None] == []


def test_nothing_on_the_page_is_written_into_it_as_a_script(client: Client):
    page = client.get("/api/docs/").content.decode()
    assert re.findall(r"<script(?![^>]*\bsrc=)", page) == []
    assert "<style" not in page
