"""The check of all answers against the document notices what differs."""

from __future__ import annotations

import pytest
from django.http import HttpResponse, JsonResponse

from tests.contract import Undocumented, check

PAGE = {"count": 0, "next": None, "previous": None, "results": []}
SCHEDULE = {
    "id": 1, "minute": "0", "hour": "9", "day_of_week": "*", "day_of_month": "*", "month_of_year": "*",
    "timezone": "UTC", "in_contact_timezone": False,
}  # fmt: skip


def test_what_fits_passes():
    check("GET", "/api/v1/schedule/", JsonResponse({**PAGE, "count": 1, "results": [SCHEDULE]}))


@pytest.mark.parametrize(
    ("path", "answer"),
    [
        ("/api/v1/schedule/1/", JsonResponse({**SCHEDULE, "colour": "red"})),
        ("/api/v1/schedule/1", JsonResponse({**SCHEDULE, "colour": "red"})),
        ("/api/v1/schedule/1/", JsonResponse({"id": 1})),
        ("/api/v1/schedule/", JsonResponse({**PAGE, "results": [{**SCHEDULE, "id": "1"}]})),
        ("/api/v1/schedule/", JsonResponse({**PAGE, "next": 2})),
    ],
    ids=["a further key", "without the slash", "a missing key", "another type", "another type in the page"],
)
def test_another_body_is_noticed(path, answer):
    with pytest.raises(Undocumented):
        check("GET", path, answer)


def test_another_status_is_noticed():
    with pytest.raises(Undocumented, match="418"):
        check("GET", "/api/v1/schedule/", JsonResponse({"detail": "short and stout"}, status=418))


def test_another_media_type_is_noticed():
    with pytest.raises(Undocumented, match="text/plain"):
        check("GET", "/api/v1/schedule/", HttpResponse("[]", content_type="text/plain"))


def test_a_body_where_there_is_none_is_noticed():
    with pytest.raises(Undocumented, match="has a body"):
        check("DELETE", "/api/v1/schedule/1/", HttpResponse("gone", status=204))


def test_a_method_that_is_not_listed_is_noticed():
    with pytest.raises(Undocumented, match="not in the document"):
        check("DELETE", "/api/v1/schedule/", HttpResponse(status=204))


@pytest.mark.django_db
def test_the_test_client_is_looked_at(as_alice, monkeypatch):
    """Not a test of one answer: without the check every test would pass."""
    monkeypatch.setattr("stagebased.api.outputs.schedule", lambda record: {"id": record.pk, "colour": "red"})
    with pytest.raises(Undocumented):
        as_alice.post("/api/v1/schedule/", {"minute": "0"})
