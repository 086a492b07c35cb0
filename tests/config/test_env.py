"""Settings are read strictly: what is not understood stops the start and says why."""

from pathlib import Path

import pytest
from django.core.exceptions import ImproperlyConfigured

from config import env


@pytest.fixture(autouse=True)
def fresh_registry(monkeypatch):
    monkeypatch.setattr(env, "VARIABLES", {})


@pytest.mark.parametrize(("given", "meant"), [("true", True), ("false", False)])
def test_a_flag_is_true_or_false(monkeypatch, given, meant):
    monkeypatch.setenv("LAMP", given)
    assert env.flag("LAMP", default=not meant, help="") is meant


@pytest.mark.parametrize("given", ["", "yes", "1", "True", "true ", "on"])
def test_any_other_word_for_a_flag_is_refused_by_name(monkeypatch, given):
    monkeypatch.setenv("LAMP", given)
    with pytest.raises(ImproperlyConfigured, match=r"LAMP.*'true' or 'false'"):
        env.flag("LAMP", default=False, help="")


@pytest.mark.parametrize("given", ["", "-1", "1.5", "0x10", "٣", "1_000", " 5", "99999999999", "11", "1"])
def test_a_number_outside_its_span_is_refused(monkeypatch, given):
    monkeypatch.setenv("SIZE", given)
    with pytest.raises(ImproperlyConfigured, match=r"SIZE.*from 2 to 10"):
        env.number("SIZE", default=5, least=2, most=10, help="")


def test_a_number_within_its_span_is_read(monkeypatch):
    monkeypatch.setenv("SIZE", "7")
    assert env.number("SIZE", default=5, least=2, most=10, help="") == 7


def test_a_choice_names_what_may_be_chosen(monkeypatch):
    monkeypatch.setenv("LEVEL", "LOUD")
    with pytest.raises(ImproperlyConfigured, match=r"LEVEL.*QUIET, MUTE"):
        env.choice("LEVEL", default="QUIET", among=("QUIET", "MUTE"), help="")


def test_a_relative_path_is_refused(monkeypatch):
    monkeypatch.setenv("PLACE", "var/spool")
    with pytest.raises(ImproperlyConfigured, match=r"PLACE.*absolute"):
        env.directory("PLACE", default=Path("/x"), help="")


def test_an_unknown_time_zone_is_refused(monkeypatch):
    monkeypatch.setenv("ZONE", "Africa/Johanesburg")
    with pytest.raises(ImproperlyConfigured, match="ZONE"):
        env.timezone("ZONE", default="UTC", help="")


def test_a_word_that_does_not_fit_is_named(monkeypatch):
    monkeypatch.setenv("ORIGINS", "https://a.example, b.example")
    with pytest.raises(ImproperlyConfigured, match=r"ORIGINS.*'b\.example'"):
        env.words("ORIGINS", default="", pattern=r"https?://.+", help="")


@pytest.mark.parametrize("given", ["", "mysql://u:hidden@h/d", "hidden", "http://[hidden"])
def test_a_wrong_url_is_refused_without_showing_its_password(monkeypatch, given):
    monkeypatch.setenv("STORE", given)
    with pytest.raises(ImproperlyConfigured, match="STORE") as refusal:
        env.url("STORE", default=None, schemes=("postgres",), help="")
    assert "hidden" not in str(refusal.value)


@pytest.mark.parametrize("given", ["postgres://user:pw@host:5432/", "postgres://host:hidden/name"])
def test_a_database_url_that_leads_nowhere_is_refused(monkeypatch, given):
    monkeypatch.setenv("DATABASE", given)
    with pytest.raises(ImproperlyConfigured, match="DATABASE"):
        env.database("DATABASE", embedded=Path("/x/db.sqlite3"), help="")


def test_a_database_url_is_taken_apart(monkeypatch):
    monkeypatch.setenv("DATABASE", "postgres://user:p%40ss@host:5433/name")
    found = env.database("DATABASE", embedded=Path("/x/db.sqlite3"), help="")
    assert (found["USER"], found["PASSWORD"], found["HOST"], found["PORT"], found["NAME"]) == (
        "user", "p@ss", "host", 5433, "name",
    )  # fmt: skip


def test_a_short_secret_is_refused_without_showing_it(monkeypatch):
    monkeypatch.setenv("KEY", "letmein")
    with pytest.raises(ImproperlyConfigured, match="KEY is shorter") as refusal:
        env.secret("KEY", least=50, help="")
    assert "letmein" not in str(refusal.value)


def test_of_several_secrets_the_one_that_does_not_fit_is_told_by_its_place(monkeypatch):
    monkeypatch.setenv("KEYS", "aaaa, letmein")
    with pytest.raises(ImproperlyConfigured, match="KEYS: number 2 does not look like") as refusal:
        env.secrets("KEYS", pattern="[a-z]{4}", help="")
    assert "letmein" not in str(refusal.value)


def test_a_value_may_come_from_a_file(monkeypatch, tmp_path):
    (tmp_path / "key").write_text("from-a-file\n")
    monkeypatch.setenv("KEY_FILE", str(tmp_path / "key"))
    assert env.secret("KEY", least=1, help="") == "from-a-file"


def test_a_file_that_is_not_there_stops_the_start(monkeypatch):
    monkeypatch.setenv("KEY_FILE", "/nowhere/key")
    with pytest.raises(ImproperlyConfigured, match=r"KEY_FILE.*cannot be read"):
        env.secret("KEY", least=1, help="")


def test_a_value_and_a_file_together_are_refused(monkeypatch, tmp_path):
    monkeypatch.setenv("KEY", "a")
    monkeypatch.setenv("KEY_FILE", str(tmp_path))
    with pytest.raises(ImproperlyConfigured, match="keep one"):
        env.secret("KEY", least=1, help="")


def test_a_misspelt_name_of_our_families_is_refused_with_a_suggestion(monkeypatch):
    env.directory("SMS_SPOOL", default=Path("/x"), help="")
    monkeypatch.setenv("SMS_SPOL", "/var/spool/sms")
    with pytest.raises(ImproperlyConfigured, match=r"SMS_SPOL is not a setting: did you mean SMS_SPOOL\?"):
        env.refuse_unknown()


def test_the_file_form_of_a_known_name_is_no_misspelling(monkeypatch):
    env.directory("SMS_SPOOL", default=Path("/x"), help="")
    monkeypatch.setenv("SMS_SPOOL_FILE", "/run/secrets/spool")
    env.refuse_unknown()
    assert env.near_misses() == {}


def test_a_near_miss_outside_our_families_is_only_pointed_out(monkeypatch):
    env.words("ALLOWED_HOSTS", default="", help="")
    monkeypatch.setenv("ALLOWED_HOST", "example.org")
    env.refuse_unknown()
    assert env.near_misses() == {"ALLOWED_HOST": "ALLOWED_HOSTS"}


def test_an_env_file_gives_defaults_and_the_environment_wins(monkeypatch, tmp_path):
    monkeypatch.setenv("HELD", "by the environment")
    for name in ("TAKEN", "QUOTED", "EMPTY", "HASH"):
        monkeypatch.delenv(name, raising=False)
        monkeypatch.setenv(name, "")  # so that it is restored after the test
        monkeypatch.delenv(name)
    (tmp_path / ".env").write_text(
        '# a comment\n\nHELD=by the file\nTAKEN= 1 \nexport QUOTED="a b"\nEMPTY=\nHASH=a#b\n'
    )
    env.load(tmp_path / ".env")
    import os

    found = {name: os.environ[name] for name in ("HELD", "TAKEN", "QUOTED", "EMPTY", "HASH")}
    assert found == {
        "HELD": "by the environment", "TAKEN": "1", "QUOTED": "a b", "EMPTY": "", "HASH": "a#b",
    }  # fmt: skip


def test_a_line_of_an_env_file_that_is_no_assignment_stops_the_start(tmp_path):
    (tmp_path / ".env").write_text("FINE=1\nnot an assignment\n")
    with pytest.raises(ImproperlyConfigured, match=r"\.env, line 2"):
        env.load(tmp_path / ".env")


def test_no_env_file_is_fine(tmp_path):
    env.load(tmp_path / ".env")
