"""What the settings about people promise, in a process that starts with them."""

import pytest

from tests.config.test_settings import refusal, value

STORE = {"IDENTITY_STORE_URL": "https://is.example.org/api/v1", "IDENTITY_STORE_TOKEN": "0" * 40}
ENTRY = "settings.CELERY_BEAT_SCHEDULE.get('look people up', {}).get('task')"


def test_people_are_looked_up_only_where_there_is_somebody_to_ask(tmp_path) -> None:
    assert value(tmp_path, ENTRY) is None
    assert value(tmp_path, ENTRY, **STORE) == "contacts.look_people_up"


def test_the_worker_knows_the_task_that_beat_sends(tmp_path) -> None:
    known = "sorted(__import__('config.celery').celery.app.tasks)"
    loaded = f"(__import__('config.celery').celery.app.loader.import_default_modules(), {known})[1]"
    assert "contacts.look_people_up" in value(tmp_path, loaded)


@pytest.mark.parametrize("alone", sorted(STORE))
def test_a_store_without_a_token_or_a_token_without_a_store_stops_the_start(tmp_path, alone) -> None:
    assert "go together" in refusal(tmp_path, **{alone: STORE[alone]})


@pytest.mark.parametrize(
    ("name", "bad"),
    [
        ("IDENTITY_STORE_URL", "ftp://is.example.org"),
        ("IDENTITY_STORE_TOKEN", "short"),
        ("SMS_STRICT_NUMBERS", "yes"),
        ("SMS_REGION", "South Africa"),
        ("ADDRESS_MAX_FAILURES", "-1"),
        ("PASSWORD_FAILURES", "0"),
        ("BEHIND_PROXY", "1"),
    ],
)
def test_what_is_not_understood_is_named(tmp_path, name, bad) -> None:
    said = refusal(tmp_path, **STORE | {name: bad})
    assert name in said
    assert "0" * 40 not in said
