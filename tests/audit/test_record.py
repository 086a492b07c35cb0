"""Whatever way a row is written, the log says who did it and from what to what."""

from __future__ import annotations

import subprocess
import sys
from uuid import UUID

import pytest
from django.contrib.auth.models import Group
from django.db import connection, transaction
from django.db.utils import DatabaseError

from accounts.models import ApiToken, User
from accounts.operations import issue_token, revoke_tokens
from audit import triggers
from audit.acting import Actor, acting
from audit.models import Entry, Immutable
from audit.operations import of_contact, record, redact, redact_actor, summed_up
from contacts.models import Address, Contact
from contacts.operations import get_or_create_contact
from stagebased.models import Schedule

pytestmark = pytest.mark.django_db
OLGA = Actor("admin", 7, "olga")


def last() -> Entry:
    found = Entry.objects.first()
    assert found is not None
    return found


@pytest.fixture
def schedule() -> Schedule:
    return Schedule.objects.create(minute="0", hour="8")


def test_without_anybody_acting_nothing_is_recorded(schedule):
    schedule.hour = "9"
    schedule.save()
    assert not Entry.objects.exists()


def test_a_saved_row_is_recorded_with_what_changed(schedule):
    schedule.hour = "9"
    with acting(OLGA):
        schedule.save()
    entry = last()
    assert (entry.actor_id, entry.actor, entry.via, entry.act) == (7, "olga", "admin", "change")
    assert (entry.model, entry.object_id) == ("stagebased.schedule", str(schedule.pk))
    assert (entry.before, entry.after) == ({"hour": "8"}, {"hour": "9"})


def test_an_act_on_many_rows_can_be_told_as_one(schedule):
    with acting(OLGA), transaction.atomic():
        schedule.hour = "9"
        schedule.save()
        with summed_up():
            Schedule.objects.update(minute="30")
        record(Entry.Act.CHANGE, model="stagebased.schedule", schedules=1)
        schedule.hour = "10"
        schedule.save(update_fields=["hour"])
    told = Entry.objects.order_by("id").values_list("actor", "before", "after")
    assert list(told) == [
        ("olga", {"hour": "8"}, {"hour": "9"}),
        ("olga", {}, {"schedules": 1}),
        ("olga", {"hour": "9"}, {"hour": "10"}),
    ]


def test_a_save_that_changes_nothing_is_not_recorded(schedule):
    with acting(OLGA):
        schedule.save()
    assert not Entry.objects.exists()


def test_bulk_statements_are_recorded_row_by_row():
    with acting(OLGA):
        Schedule.objects.bulk_create(Schedule(minute=str(n)) for n in range(3))
        Schedule.objects.filter(minute__in=["1", "2"]).update(hour="5")
        Schedule.objects.all().delete()
    assert list(Entry.objects.order_by("pk").values_list("act", flat=True)) == (
        ["create"] * 3 + ["change"] * 2 + ["delete"] * 3
    )


def test_raw_sql_is_recorded_too(schedule):
    with acting(OLGA), connection.cursor() as cursor:
        cursor.execute("UPDATE stagebased_schedule SET timezone = 'Africa/Johannesburg'")
    assert last().after == {"timezone": "Africa/Johannesburg"}


def test_a_statement_without_parameters_and_a_percent_sign_is_recorded(schedule):
    with acting(Actor("admin", 7, "o'l%ga")), connection.cursor() as cursor:
        cursor.execute("UPDATE stagebased_schedule SET hour = '7' WHERE hour LIKE '%8%'")
    assert (last().actor, last().after) == ("o'l%ga", {"hour": "7"})


def test_a_person_made_by_a_prepared_statement_is_recorded():
    with acting(OLGA):
        person, _ = get_or_create_contact(msisdn="+27820001001", language="eng_ZA")
    by_model = {entry.model: entry for entry in Entry.objects.all()}
    assert by_model["contacts.contact"].object_id == str(person.pk)
    assert by_model["contacts.address"].after["value"] == "+27820001001"
    assert {entry.subject for entry in by_model.values()} == {of_contact(person.pk)}


def test_nested_details_are_kept_as_they_are():
    with acting(OLGA):
        person = Contact.objects.create(details={"clinic": {"code": 12, "tags": ["a", "b"]}})
        Contact.objects.filter(pk=person.pk).update(details={"clinic": {"code": 13}})
    assert last().before["details"] == {"clinic": {"code": 12, "tags": ["a", "b"]}}
    assert last().after["details"] == {"clinic": {"code": 13}}


def test_a_column_that_is_emptied_shows_what_was_there():
    other = Contact.objects.create()
    person = Contact.objects.create(communicate_through=other)
    with acting(OLGA):
        Contact.objects.filter(pk=person.pk).update(communicate_through=None)
    assert UUID(last().before["communicate_through_id"]) == other.pk
    assert last().after == {}


def test_failures_counted_by_the_program_are_no_act():
    address = Address.objects.create(contact=Contact.objects.create(), value="+27820001001")
    with acting(OLGA):
        Address.objects.filter(pk=address.pk).update(failures_in_a_row=3)
    assert not Entry.objects.exists()


def test_of_a_password_only_the_change_is_kept(alice: User):
    with acting(OLGA):
        alice.set_password("another-password")
        alice.save()
    assert (last().before, last().after) == ({"password": "(hidden)"}, {"password": "(hidden)"})
    assert last().subject == f"account:{alice.pk}"


def test_tokens_are_recorded_without_their_hashes(alice: User):
    with acting(OLGA):
        token, _ = issue_token(user=alice, name="hub", scopes=["stagebased"])
        revoke_tokens(token_ids=[token.pk])
    made, revoked = Entry.objects.order_by("pk")
    assert (made.after["name"], made.after["scopes"]) == ("hub", ["stagebased"])
    assert token.key_hash not in str(made.after)
    assert set(revoked.after) == {"revoked_at"}


def test_who_joins_and_leaves_a_group_is_recorded(alice: User):
    group = Group.objects.get(name="Operator")
    with acting(OLGA):
        alice.groups.add(group)
        alice.groups.clear()
    joined, left = Entry.objects.order_by("pk")
    assert (joined.model, joined.object_id, joined.after["group_id"]) == (
        "accounts.user.groups", str(alice.pk), group.pk,
    )  # fmt: skip
    assert left.before["group_id"] == group.pk


def test_what_is_rolled_back_is_not_on_record(schedule):
    with acting(OLGA), transaction.atomic():
        Schedule.objects.update(hour="9")
        transaction.set_rollback(True)
    assert not Entry.objects.exists()


def test_an_act_that_is_more_than_a_row_is_recorded_by_name():
    with acting(OLGA):
        record(Entry.Act.SEND, model="outbox.delivery", object_id=5, queued=12)
    record(Entry.Act.SEND, model="outbox.delivery", object_id=6, queued=13)
    assert list(Entry.objects.values_list("act", "object_id", "after")) == [("send", "5", {"queued": 12})]


# --- only added to --------------------------------------------------------------------


def test_entries_are_neither_changed_nor_deleted_through_the_models(schedule):
    with acting(OLGA):
        Schedule.objects.update(hour="9")
    entry = last()
    for forbidden in (entry.save, entry.delete, Entry.objects.all().delete):
        with pytest.raises(Immutable):
            forbidden()
    with pytest.raises(Immutable):
        Entry.objects.update(actor="somebody else")


@pytest.mark.postgres
@pytest.mark.parametrize("statement", ["UPDATE audit_entry SET actor = 'x'", "DELETE FROM audit_entry"])
def test_postgresql_refuses_to_change_the_log(schedule, statement):
    with acting(OLGA):
        Schedule.objects.update(hour="9")
    refused = pytest.raises(DatabaseError, match="only added to")
    with refused, transaction.atomic(), connection.cursor() as cursor:
        cursor.execute(statement)
    assert last().actor == "olga"


def test_forgetting_redacts_values_and_keeps_that_there_were_entries():
    with acting(OLGA):
        kept, _ = get_or_create_contact(msisdn="+27820001002", name="Kept")
        gone, _ = get_or_create_contact(msisdn="+27820001001", name="Gone")
    before = Entry.objects.count()
    assert redact(subjects=[of_contact(gone.pk)]) == 2
    assert Entry.objects.count() == before
    about_gone = Entry.objects.about([of_contact(gone.pk)])
    assert all(entry.after == {"redacted": True} and entry.actor == "olga" for entry in about_gone)
    assert Entry.objects.about([of_contact(kept.pk)]).get(model="contacts.contact").after["name"] == "Kept"


def test_an_erased_account_leaves_its_number_not_its_name(schedule):
    with acting(OLGA):
        Schedule.objects.update(hour="9")
    redact_actor(account_id=7)
    assert (last().actor_id, last().actor) == (7, "")


# --- who ------------------------------------------------------------------------------


def test_an_api_call_is_recorded_under_its_account_and_token(as_staff, staff):
    body = {"minute": "0", "hour": "6", "day_of_week": "*", "day_of_month": "*", "month_of_year": "*"}
    assert as_staff.post("/api/v1/schedule/", body).status_code == 201
    entry = Entry.objects.get(model="stagebased.schedule")
    token = ApiToken.objects.get(user=staff)
    assert (entry.actor, entry.via, entry.token) == ("staff", "api", str(token))


def test_a_change_in_the_admin_is_recorded_under_whoever_made_it(client, schedule):
    client.force_login(User.objects.create_superuser("root", password="root-password"))
    page = f"/admin/stagebased/schedule/{schedule.pk}/change/"
    form = {"minute": "0", "hour": "10", "day_of_week": "*", "day_of_month": "*", "month_of_year": "*"}
    assert client.post(page, form | {"timezone": "UTC"}).status_code == 302
    entry = Entry.objects.get(model="stagebased.schedule")
    assert (entry.actor, entry.via, entry.after) == ("root", "admin", {"hour": "10"})


@pytest.mark.sqlite
def test_a_command_is_recorded_by_its_name(tmp_path):
    import os
    import sqlite3

    environment = {**os.environ, "VAR_DIR": str(tmp_path), "ENV_FILE": ""}
    environment.pop("DATABASE_URL", None)
    for words in (["migrate", "--verbosity", "0"], ["create_token", "hub@example.org"]):
        subprocess.run([sys.executable, "manage.py", *words], env=environment, check=True, timeout=600)
    rows = sqlite3.connect(tmp_path / "db.sqlite3").execute("SELECT via, model FROM audit_entry")
    found = rows.fetchall()
    assert {via for via, _ in found} == {"command create_token"}
    assert ("command create_token", "accounts.apitoken") in found


# --- the triggers themselves ------------------------------------------------------------


def test_installing_again_touches_nothing(django_assert_num_queries, monkeypatch):
    made: list[str] = []

    def spy(execute, sql, params, many, context):
        made.append(sql)
        return execute(sql, params, many, context)

    with connection.execute_wrapper(spy):
        triggers.install(connection)
    assert not [sql for sql in made if sql.startswith(("CREATE TRIGGER", "DROP TRIGGER"))]


@pytest.mark.sqlite
def test_triggers_are_taken_away_for_migrations_and_come_back(schedule):
    triggers.remove(connection)
    with acting(OLGA):
        Schedule.objects.update(hour="9")
    assert not Entry.objects.exists()
    triggers.install(connection)
    with acting(OLGA):
        Schedule.objects.update(hour="10")
    assert last().after == {"hour": "10"}
