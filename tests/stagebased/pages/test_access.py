"""Who sees the editors' pages."""

from __future__ import annotations

import pytest
from django.test import Client
from django.urls import reverse

from stagebased.pages.mixin import PAGES
from tests.stagebased.pages.conftest import address

SLUGS = [page.slug for page in PAGES]


@pytest.mark.parametrize("slug", SLUGS)
def test_whoever_may_look_at_sets_sees_each_page(viewer, pregnancy, slug: str) -> None:
    page = viewer.get(address(slug, pregnancy))
    assert page.status_code == 200
    assert [tab.title for tab in page.context["tabs"] if tab.is_here] == [page.context["title"]]


@pytest.mark.parametrize("slug", SLUGS)
def test_others_see_none(with_rights, pregnancy, slug: str) -> None:
    assert with_rights("view_schedule").get(address(slug, pregnancy)).status_code == 403
    assert Client().get(address(slug, pregnancy)).status_code == 302


@pytest.mark.parametrize("slug", SLUGS)
def test_a_set_that_is_not_there_is_not_found(viewer, pregnancy, slug: str) -> None:
    pregnancy.delete()
    pregnancy.pk = 123456
    assert viewer.get(address(slug, pregnancy)).status_code == 404


@pytest.mark.parametrize("slug", SLUGS)
def test_the_pages_only_answer_to_looking(viewer, pregnancy, slug: str) -> None:
    assert viewer.post(address(slug, pregnancy)).status_code == 405


def test_the_counter_needs_the_right_to_look(with_rights, viewer) -> None:
    question = {"channel": "sms", "texts": ["x"]}
    url = reverse("admin:stagebased_count")
    assert with_rights().post(url, question, content_type="application/json").status_code == 403
    assert viewer.post(url, question, content_type="application/json").status_code == 200
    assert viewer.get(url).status_code == 405


def test_the_settings_page_leads_back(viewer, pregnancy) -> None:
    page = viewer.get(address("change", pregnancy)).content.decode()
    for slug in SLUGS:
        assert address(slug, pregnancy) in page
