"""The quick start leads where it says: its files and calls, in its order."""

from __future__ import annotations

import io
import json
import re
from pathlib import Path

import pytest
from django.core.management import call_command

from outbox.models import Delivery
from stagebased.models import MessageSet, Subscription
from stagebased.operations.send import send_now

pytestmark = pytest.mark.django_db
ROOT = Path(__file__).resolve().parents[2]
PAGE = (ROOT / "docs" / "quickstart.md").read_text()
REGISTER = "api http://localhost:8000/api/v1/subscriptions/request"


def block(beginning: str, page: str = PAGE) -> str:
    """The indented lines that begin so."""
    lines = page[page.index(f"    {beginning}") :].split("\n\n")[0].splitlines()
    return "\n".join(line.removeprefix("    ") for line in lines)


def body(call: str, page: str = PAGE) -> dict:
    """What a call on the page sends."""
    return json.loads(re.search(r"-d '(.*)'", block(call, page), re.DOTALL)[1])


def test_from_nothing_to_a_message(as_staff, tmp_path, capsys):
    (tmp_path / "tips.csv").write_text(block("stage,"))
    (tmp_path / "people.csv").write_text(block("msisdn,"))
    schedule = as_staff.post(
        "/api/v1/schedule/", body("api http://localhost:8000/api/v1/schedule/"), format="json"
    )
    key = schedule.json()["id"]
    call_command("import_messageset", str(tmp_path / "tips.csv"), "tips.weekly.1", create=key, publish=True)
    assert "4 texts published" in capsys.readouterr().out
    call_command("simulate", "tips.weekly.1", lang="zul_ZA")
    assert [text in capsys.readouterr().out for text in ("Phuza amanzi",)] == [True]
    call_command("import_contacts", str(tmp_path / "people.csv"), stdout=io.StringIO())

    found = as_staff.get("/api/v1/messageset/", {"short_name": "tips.weekly.1"}).json()["results"]
    assert [one["id"] for one in found] == [MessageSet.objects.get().pk]
    asked = body(REGISTER)
    asked["data"] |= {"messageset": found[0]["id"], "schedule": key}
    assert as_staff.post("/api/v1/subscriptions/request", asked, format="json").status_code == 201

    subscription = Subscription.objects.get()
    for _ in range(2):
        send_now(subscription_id=subscription.pk)
    texts = Delivery.objects.order_by("pk").values_list("address", "text", "state")
    assert list(texts) == [
        ("+27820001001", "Siyakwamukela.", "queued"),
        ("+27820001001", "Phuza amanzi anele.", "queued"),
    ]
    subscription.refresh_from_db()
    assert subscription.completed
    assert as_staff.get(f"/api/v1/subscriptions/{subscription.pk}/timeline/").status_code == 200


def test_who_has_made_the_first_calls_of_the_readme_is_subscribed_here_all_the_same():
    """A request under an id that was used before changes nothing."""
    first = body(REGISTER, (ROOT / "README.md").read_text())["data"]
    assert first["id"] != body(REGISTER)["data"]["id"]
