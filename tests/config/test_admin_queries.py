"""No page of the admin site asks the database once for each row it shows."""

from __future__ import annotations

import pytest
from django.contrib import admin
from django.db import connection
from django.test import Client
from django.test.utils import CaptureQueriesContext
from django.urls import reverse

from accounts.models import User
from tests.world import World

FEW, MANY = 3, 30
#: Statements that a page of many rows may cost more; one for each of them would be 17 or 27.
SLACK = 8
#: Records that have no page of their own.
NO_PAGES = 4


@pytest.fixture
def as_root(client: Client, db) -> Client:
    client.force_login(User.objects.create_superuser("root", "root@example.org", "root-password"))
    return client


def pages(world: World, count: int) -> dict[str, str]:
    """The addresses of every list and of one record of each, with so many rows of everything."""
    found = {}
    for model, page in admin.site._registry.items():
        name = f"{model._meta.app_label}_{model._meta.model_name}"
        world.fill(model, count)
        first = world.first(model)
        for inline in page.inlines:
            world.attach(inline.model, first, count)
        found[f"{name} list"] = reverse(f"admin:{name}_changelist")
        found[f"{name} record"] = reverse(f"admin:{name}_change", args=[first.pk])
    return found


def cost(client: Client, page: str) -> int | str:
    # Whatever is kept for the next time is kept by the first time.
    for _ in range(2):
        with CaptureQueriesContext(connection) as queries:
            answer = client.get(page)
    return len(queries) if answer.status_code in (200, 302) else f"answers {answer.status_code}"


def test_many_rows_cost_as_many_statements_as_few(as_root):
    world = World()
    few = {name: cost(as_root, page) for name, page in pages(world, FEW).items()}
    many = {name: cost(as_root, page) for name, page in pages(world, MANY).items()}
    counted = {name: found for name, found in few.items() if isinstance(found, int)}
    grown = {name: many[name] - found for name, found in counted.items()}
    # A person's page may ask of some sections whether there is more than it shows.
    assert {name: more for name, more in grown.items() if more > SLACK} == {}
    assert len(counted) >= len(few) - NO_PAGES
    assert len(few) == 2 * len(admin.site._registry)
