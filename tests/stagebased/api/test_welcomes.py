"""What somebody who joins a set is greeted with, kept and sent through the API."""

from __future__ import annotations

import pytest

from outbox.models import Delivery
from stagebased.models import BinaryContent, MessageSet, Welcome
from tests.stagebased.api.conftest import IDENTITY

URL = "/api/v1/welcome/"


@pytest.fixture
def body(prebirth) -> dict:
    return {"messageset": prebirth.pk, "lang": "eng_ZA", "text_content": "Hello mama"}


def greetings() -> list[tuple[str, str]]:
    return list(Delivery.objects.filter(slot_key="welcome").values_list("text", "address"))


def test_a_welcome_as_it_comes_back(as_alice, body) -> None:
    answer = as_alice.post(URL, body)

    made = Welcome.objects.get()
    assert (answer.status_code, answer.json()) == (201, {"id": made.pk, **body, "binary_content": None})
    assert answer["Location"] == f"http://testserver{URL}{made.pk}/"
    assert as_alice.get(answer["Location"]).json() == answer.json()


def test_welcomes_are_listed_changed_and_removed(as_alice, body, schedule) -> None:
    other = MessageSet.objects.create(short_name="other", default_schedule=schedule)
    Welcome.objects.create(messageset=other, lang="eng_ZA", text_content="x")
    key = as_alice.post(URL, body).json()["id"]

    [listed] = as_alice.get(URL, {"messageset": body["messageset"]}).json()["results"]
    assert listed["id"] == key
    assert as_alice.patch(f"{URL}{key}/", {"text_content": "Welcome"}).json()["text_content"] == "Welcome"
    assert as_alice.delete(f"{URL}{key}").status_code == 204
    assert Welcome.objects.get().messageset == other


def test_whoever_joins_is_greeted_at_once_and_only_once(as_alice, body, request_body) -> None:
    as_alice.post(URL, body)
    request_body["data"]["metadata"] = {"msisdn": "+27820001001"}

    for _ in range(3):
        assert as_alice.post("/api/v1/subscriptions/request", request_body).status_code == 201

    assert greetings() == [("Hello mama", "+27820001001")]
    position = as_alice.get("/api/v1/subscriptions/", {"identity": IDENTITY}).json()["results"][0]
    assert position["next_sequence_number"] == 1


def test_a_corrected_welcome_is_what_the_next_one_hears(as_alice, body, request_body) -> None:
    key = as_alice.post(URL, body).json()["id"]
    as_alice.patch(f"{URL}{key}/", {"text_content": "Good morning"})
    request_body["data"]["metadata"] = {"msisdn": "+27820001001"}
    as_alice.post("/api/v1/subscriptions/request", request_body)

    assert [text for text, _ in greetings()] == ["Good morning"]


def test_an_audio_set_greets_with_a_file(as_alice, body, prebirth, make_subscription) -> None:
    MessageSet.objects.update(content_type="audio", channel="voicemail")
    file = BinaryContent.objects.create(
        content="content/a.mp3", content_type="audio/mpeg", size=1, sha256="0"
    )

    refused = as_alice.post(URL, body)
    assert refused.status_code == 400
    assert "The set speaks audio: its welcome is a file." in refused.json()["non_field_errors"]
    assert as_alice.post(URL, {**body, "text_content": "", "binary_content": file.pk}).status_code == 201
    make_subscription()
    assert Delivery.objects.get().options["audio"] == ["/media/content/a.mp3"]


def test_a_file_that_greets_is_not_deleted(as_alice, body) -> None:
    file = BinaryContent.objects.create(content="content/a.png", content_type="image/png", size=1, sha256="0")
    as_alice.post(URL, {**body, "binary_content": file.pk})

    assert as_alice.delete(f"/api/v1/binarycontent/{file.pk}/").status_code == 409
