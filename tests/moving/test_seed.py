"""Moving a Seed installation over, from databases with its schema."""

from __future__ import annotations

import io
from datetime import UTC, datetime, timedelta
from itertools import count
from uuid import uuid4

import pytest
from django.core.management import CommandError, call_command
from django.db import connection
from django.test.utils import CaptureQueriesContext

from accounts.elsewhere import Elsewhere
from contacts.details import write_details
from contacts.models import Address, Contact, OptIn, OptOut
from contacts.operations import usable_addresses
from stagebased.models import BinaryContent, Message, MessageSet, Revision, Schedule, Subscription
from tests.moving.seed import THEN, IdentityStore, Messaging

pytestmark = [pytest.mark.django_db, pytest.mark.own_postgres]
LATER = THEN + timedelta(days=30)
NUMBER, OTHER = "+27820001001", "+27820001002"
MP3 = b"ID3\x03\x00\x00\x00\x00\x00\x00 a song"
_names = (f"seed{number}" for number in count())


class Terminal(io.StringIO):
    def isatty(self) -> bool:
        return True


class Said:
    """What a command said, and its exit code."""

    def __init__(self, command: str, url: str, **options) -> None:
        out, err = io.StringIO(), options.pop("terminal", io.StringIO())
        self.code = 0
        try:
            call_command(command, url, stdout=out, stderr=err, **options)
        except CommandError as error:
            self.code = error.returncode
            err.write(str(error))
        self.sums, self.reasons = out.getvalue(), err.getvalue()


@pytest.fixture
def original(postgres_cluster):
    made = []

    def make(kind):
        made.append(kind(postgres_cluster.create_database(next(_names))))
        return made[-1]

    yield make
    for one in made:
        one.database.close()


@pytest.fixture
def seed(original):
    """A programme as a hub knows it: two sets, the first followed by the second."""
    there = original(Messaging)
    there.early, there.late = there.schedule(day_of_week="1,4"), there.schedule(hour=" 17 ", minute="")
    # Numbers that no sequence here would give.
    there.birth = there.message_set("postbirth.1", there.late, id=41)
    there.first = there.message_set(
        "prebirth.1", there.early, id=40, label="Pregnancy", notes="Twice a week", next_set_id=there.birth
    )
    there.hello = there.message(there.first, 1, "Hello", id=701, metadata={"template": "hello"})
    there.message(there.first, 1, "Sawubona", id=702, lang="zul_ZA")
    there.message(there.first, 2, "Eat well", id=703)
    there.message(there.birth, 1, "Congratulations", id=704)
    return there


@pytest.fixture
def store(original):
    return original(IdentityStore)


def move(there, **options) -> Said:
    return Said("import_seed_messaging", there.url, **options)


def move_people(there, **options) -> Said:
    return Said("import_seed_identities", there.url, **options)


def stored() -> list:
    """Everything that an import can touch."""
    models = (
        Schedule,
        MessageSet,
        Message,
        Revision,
        BinaryContent,
        Subscription,
        Contact,
        Address,
        OptOut,
        OptIn,
    )
    return [list(model._default_manager.order_by("pk").values()) for model in models]


# --- content -----------------------------------------------------------------------------------


def test_content_keeps_its_numbers(seed):
    said = move(seed)
    assert said.code == 0, said.reasons
    first = MessageSet.objects.get(pk=seed.first)
    assert (first.short_name, first.label, first.notes) == ("prebirth.1", "Pregnancy", "Twice a week")
    assert (first.channel, first.state, first.created_at) == ("sms", MessageSet.State.ACTIVE, THEN)
    assert (first.next_set_id, first.default_schedule_id) == (seed.birth, seed.early)
    assert Schedule.objects.get(pk=seed.early).cron == "0 8 * * 1,4"
    assert Schedule.objects.get(pk=seed.late).cron == "* 17 * * *"
    hello = Message.objects.get(pk=seed.hello)
    assert (hello.messageset_id, hello.sequence_number, hello.lang) == (seed.first, 1, "eng_ZA")
    assert (hello.text_content, hello.metadata, hello.created_at) == ("Hello", {"template": "hello"}, THEN)
    assert Revision.objects.filter(message=hello).count() == 1, "it is published"
    assert said.sums.splitlines()[:3] == [
        "schedule: 2 brought in, 0 were here already, 0 refused",
        "message set: 2 brought in, 0 were here already, 0 refused",
        "message: 4 brought in, 0 were here already, 0 refused",
    ]


def test_what_is_made_here_afterwards_gets_numbers_of_its_own(seed):
    move(seed)
    made = MessageSet.objects.create(short_name="new", default_schedule_id=seed.early)
    Message.objects.create(messageset=made, sequence_number=1, lang="eng_ZA", text_content="New")
    assert made.pk > seed.birth


def test_a_second_run_changes_nothing(seed, tmp_path):
    (tmp_path / "a.mp3").write_bytes(MP3)
    seed.message(seed.first, 3, None, binary_content_id=seed.file("a.mp3"))
    seed.message(seed.first, 4, "Don\u2019t smoke")
    seed.subscription(seed.first, seed.early, next_sequence_number=2)
    move(seed, media=tmp_path)
    before = stored()
    again = move(seed, media=tmp_path)
    assert again.code == 0, again.reasons
    assert stored() == before
    assert "subscription: 0 brought in, 1 were here already" in again.sums
    assert "message: 0 brought in, 6 were here already" in again.sums


def test_a_dry_run_counts_the_same_and_changes_nothing(seed, tmp_path, settings):
    settings.MEDIA_ROOT = tmp_path / "here"
    (tmp_path / "a.mp3").write_bytes(MP3)
    seed.message(seed.first, 3, None, binary_content_id=seed.file("a.mp3"))
    seed.message(seed.first, 0, "Before the first")
    seed.subscription(seed.first, seed.early)
    before = stored()
    trial = move(seed, media=tmp_path, dry_run=True)
    assert stored() == before
    assert not settings.MEDIA_ROOT.exists()
    real = move(seed, media=tmp_path)
    assert trial.sums == real.sums.replace(" brought in", " would be brought in")
    assert (trial.reasons, trial.code) == (real.reasons, real.code)
    assert trial.code == 1


def test_files_come_along(seed, tmp_path, settings):
    settings.MEDIA_ROOT = tmp_path / "here"
    (tmp_path / "there").mkdir()
    (tmp_path / "there" / "20190301.mp3").write_bytes(MP3)
    key = seed.file("20190301.mp3")
    seed.message(seed.first, 3, None, binary_content_id=key)
    assert move(seed, media=tmp_path / "there").code == 0
    file = Message.objects.get(messageset=seed.first, sequence_number=3).binary_content
    assert (file.pk, file.content_type, file.content.read()) == (key, "audio/mpeg", MP3)
    file.content.close()


@pytest.mark.parametrize(
    ("name", "content", "reason"),
    [
        ("missing.mp3", None, "is not in the folder of files"),
        ("../outside.mp3", None, "is not in the folder of files"),
        ("page.mp3", b"<html>", "of no kind that is taken in"),
        ("empty.mp3", b"", "empty"),
    ],
)
def test_files_that_cannot_be_taken_in_are_told_of(seed, tmp_path, name, content, reason):
    media = tmp_path / "media"
    media.mkdir()
    (tmp_path / "outside.mp3").write_bytes(MP3)
    if content is not None:
        (media / name).write_bytes(content)
    key = seed.file(name)
    message = seed.message(seed.first, 3, None, binary_content_id=key)
    said = move(seed, media=media)
    assert said.code == 1
    assert f"file {key}: refused: " in said.reasons
    assert reason in said.reasons
    assert f"message {message}: refused: its file {key} was refused" in said.reasons
    assert Message.objects.filter(messageset=seed.first).count() == 3


def test_a_programme_that_goes_round_goes_on_going_round(seed):
    seed.execute("UPDATE contentstore_messageset SET next_set_id = %s WHERE id = %s", seed.first, seed.birth)
    said = move(seed)
    assert said.code == 0
    sets = MessageSet.objects.in_bulk()
    assert {key: sets[key].next_set_id for key in sets} == {seed.first: seed.birth, seed.birth: seed.first}
    assert any(one.repeats for one in sets.values())
    assert "is marked as repeating" in said.reasons


def test_curly_quotes_are_written_plainly(seed):
    key = seed.message(seed.first, 3, "Don\u2019t \u2013 ever \u2013 smoke")
    said = move(seed)
    assert said.code == 0
    assert Message.objects.get(pk=key).text_content == "Don't - ever - smoke"
    assert f"message {key}: curly quotes" in said.reasons


def test_sets_of_another_channel_need_to_be_told_of(seed):
    seed.execute("UPDATE contentstore_messageset SET channel = 'JUNEBUG' WHERE id = %s", seed.birth)
    on_it = seed.subscription(seed.birth, seed.late)
    said = move(seed)
    assert said.code == 1
    assert f"message set {seed.birth}: refused: its channel 'JUNEBUG' has no counterpart" in said.reasons
    assert f"message 704: refused: its set {seed.birth} was refused" in said.reasons
    assert f"subscription {on_it}: refused: its set {seed.birth} was refused" in said.reasons
    assert move(seed, channel=["JUNEBUG=notice"]).code == 0
    assert MessageSet.objects.get(pk=seed.birth).channel == "notice"


@pytest.mark.parametrize("pair", ["JUNEBUG=telegraph", "JUNEBUG"])
def test_a_channel_that_is_none_of_ours_is_refused(seed, pair):
    said = move(seed, channel=[pair])
    assert said.code == 1
    assert not MessageSet.objects.exists()


@pytest.mark.parametrize(
    ("change", "kind", "reason"),
    [
        ("UPDATE contentstore_schedule SET hour = 'noon'", "schedule", "hour: "),
        ("UPDATE contentstore_schedule SET day_of_month = '31', month_of_year = '2'", "schedule", "No such"),
        ("UPDATE contentstore_message SET sequence_number = 0 WHERE id = 703", "message 703", "count from 1"),
        ("UPDATE contentstore_message SET lang = 'ENG' WHERE id = 703", "message 703", "language code"),
        ("UPDATE contentstore_message SET text_content = '' WHERE id = 703", "message 703", "must be given"),
        ("UPDATE contentstore_message SET metadata = '[1]' WHERE id = 703", "message 703", "no object"),
        ("UPDATE contentstore_messageset SET content_type = 'video'", "message set", "'video' is not known"),
    ],
)
def test_content_that_cannot_be_sent_is_refused_with_its_reason(seed, change, kind, reason):
    seed.execute(change)
    said = move(seed)
    assert said.code == 1
    assert any(
        line.startswith(kind) and ": refused: " in line and reason in line
        for line in said.reasons.splitlines()
    ), said.reasons


def test_numbers_that_mean_something_else_here_are_refused(seed):
    Schedule.objects.create(pk=seed.early, minute="5", hour="5")
    other = MessageSet.objects.create(
        pk=seed.birth, short_name="other", default_schedule=Schedule.objects.create(pk=900)
    )
    Message.objects.create(pk=701, messageset=other, sequence_number=9, lang="eng_ZA", text_content="Mine")
    said = move(seed)
    assert said.code == 1
    assert f"schedule {seed.early}: refused: another schedule has this number here" in said.reasons
    assert f"message set {seed.birth}: refused: the set other has this number here" in said.reasons
    assert f"message set {seed.first}: refused: its schedule {seed.early} was refused" in said.reasons
    assert Message.objects.get(pk=701).text_content == "Mine"


def test_what_was_changed_here_since_is_left_as_it_is_and_told_of(seed):
    moved = seed.subscription(seed.first, seed.early)
    move(seed)
    Message.objects.filter(pk=701).update(text_content="Good day")
    seed.execute("UPDATE subscriptions_subscription SET next_sequence_number = 2, active = false")
    said = move(seed)
    assert said.code == 1
    assert "message 701: left as it is: it says something else here" in said.reasons
    assert f"subscription {moved}: left as it is: another next_sequence_number, active here" in said.reasons
    assert Message.objects.get(pk=701).text_content == "Good day"
    assert Subscription.objects.get(pk=moved).next_sequence_number == 1


# --- subscriptions -----------------------------------------------------------------------------


@pytest.mark.parametrize(
    "position",
    [
        {"next_sequence_number": 2, "initial_sequence_number": 2, "lang": "zul_ZA"},
        {"active": False},
        {"active": False, "completed": True, "process_status": 2, "next_sequence_number": 2},
        {"process_status": -1},
        {"process_status": 1, "version": 3},
        {"next_sequence_number": 90},
        {"metadata": {"prepend_next_delivery": "Welcome"}, "updated_at": LATER},
        {"metadata": {}},
    ],
)
def test_a_subscription_stands_where_it_stood(seed, position):
    identity = uuid4()
    key = seed.subscription(seed.first, seed.late, identity=str(identity), **position)
    said = move(seed)
    assert said.code == 0, said.reasons
    usual = {
        "contact_id": identity, "messageset_id": seed.first, "schedule_id": seed.late, "version": 1,
        "lang": "eng_ZA", "initial_sequence_number": 1, "next_sequence_number": 1, "active": True,
        "completed": False, "process_status": 0, "metadata": None, "created_at": THEN, "updated_at": THEN,
        "stopped": "", "exclusive": False, "last_slot_at": None, "continues_id": None,
    }  # fmt: skip
    moved = Subscription.objects.values(*usual).get(pk=key)
    assert moved == usual | position


def test_somebody_who_is_known_by_a_subscription_alone_is_kept_to_be_filled_in(seed, settings):
    settings.IDENTITY_STORE_URL = "https://identities.example.org/api/v1"
    key = seed.subscription(seed.first, seed.early, lang="zul_ZA")
    said = move(seed)
    person = Subscription.objects.get(pk=key).contact
    assert person.language == "zul_ZA"
    assert person.look_up_at is not None
    assert "person known by identity alone: 1 brought in" in said.sums


@pytest.mark.parametrize(
    ("fields", "reason"),
    [
        ({"identity": "thandi"}, "its identity is no UUID"),
        ({"next_sequence_number": 0}, "its position is 0"),
        ({"initial_sequence_number": -2}, "begun at -2"),
        ({"lang": "ENG"}, "language code"),
        ({"metadata": [1]}, "its metadata are no object"),
        ({"process_status": 70_000}, "its process status is 70000"),
    ],
)
def test_a_subscription_that_cannot_be_is_refused_and_its_neighbours_are_not(seed, fields, reason):
    bad, good = seed.subscription(seed.first, seed.early, **fields), seed.subscription(seed.first, seed.early)
    said = move(seed)
    assert said.code == 1
    [line] = [line for line in said.reasons.splitlines() if line.startswith(f"subscription {bad}: refused: ")]
    assert reason in line
    assert list(Subscription.objects.values_list("pk", flat=True)) == [good]


def test_nobody_is_put_twice_on_a_set_on_which_one_can_be_once(seed):
    identity = str(uuid4())
    first = seed.subscription(seed.first, seed.early, identity=identity)
    move(seed)
    MessageSet.objects.filter(pk=seed.first).update(one_active=True)
    Subscription.objects.filter(pk=first).update(exclusive=True)
    second = seed.subscription(seed.first, seed.early, identity=identity)
    stopped = seed.subscription(seed.first, seed.early, identity=identity, active=False)
    said = move(seed)
    assert f"subscription {second}: refused: the person is on this set already" in said.reasons
    assert set(Subscription.objects.values_list("pk", flat=True)) == {first, stopped}


def test_an_older_version_without_the_newer_columns_is_moved_too(seed):
    key = seed.subscription(seed.first, seed.early, next_sequence_number=2)
    for table, column in [
        ("contentstore_messageset", "label"), ("contentstore_messageset", "channel"),
        ("contentstore_messageset", "content_type"), ("contentstore_message", "metadata"),
        ("subscriptions_subscription", "initial_sequence_number"),
    ]:  # fmt: skip
        seed.execute(f"ALTER TABLE {table} DROP COLUMN {column}")
    assert move(seed).code == 0
    moved = Subscription.objects.get(pk=key)
    assert (moved.initial_sequence_number, moved.next_sequence_number) == (1, 2)
    assert MessageSet.objects.get(pk=seed.first).content_type == "text"


def statements(call) -> int:
    with CaptureQueriesContext(
        connection,
    ) as captured:
        call()
    return len(captured)


def test_a_batch_takes_as_many_statements_for_many_as_for_few(seed):
    move(seed)
    seed.copy("subscriptions_subscription", 3, lambda number: _subscription(seed))
    few = statements(lambda: move(seed))
    seed.copy("subscriptions_subscription", 60, lambda number: _subscription(seed))
    many = statements(lambda: move(seed))
    assert Subscription.objects.count() == 63
    # SQLite takes a limited number of values in a statement.
    assert many - few <= (0 if connection.vendor == "postgresql" else 2)


def _subscription(seed) -> dict:
    return {
        "id": uuid4(), "identity": str(uuid4()), "version": 1, "initial_sequence_number": 1,
        "next_sequence_number": 1, "lang": "eng_ZA", "active": True, "completed": False, "process_status": 0,
        "created_at": THEN, "updated_at": THEN, "messageset_id": seed.first, "schedule_id": seed.early,
    }  # fmt: skip


def test_more_than_a_batch_is_moved_with_progress(seed, monkeypatch):
    monkeypatch.setattr("accounts.elsewhere.BITE", 10)
    seed.copy("subscriptions_subscription", 25, lambda number: _subscription(seed))
    terminal = Terminal()
    assert move(seed, terminal=terminal).code == 0
    assert Subscription.objects.count() == 25
    assert "25/25" in terminal.getvalue()


# --- people ------------------------------------------------------------------------------------


def test_people_keep_identity_details_and_addresses(store):
    details = {
        "name": "Thandi", "preferred_language": "zul_ZA", "default_addr_type": "msisdn", "clinic": "4711",
        "addresses": {"msisdn": {NUMBER: {"default": True}, OTHER: {"inactive": True}},
                      "email": {"thandi@example.org": {}}},
    }  # fmt: skip
    key = store.identity(details, version=2)
    said = move_people(store)
    assert said.code == 0, said.reasons
    person = Contact.objects.get(pk=key)
    assert (person.name, person.language, person.version, person.created_at) == ("Thandi", "zul_ZA", 2, THEN)
    assert write_details(person, person.addresses.order_by("pk")) == details
    assert usable_addresses(contact_id=key, kind="msisdn") == [NUMBER]


def test_numbers_are_written_in_one_way(store):
    key = store.identity({"addresses": {"msisdn": {"+27 82 000 1001": {}, NUMBER: {"default": True}}}})
    assert move_people(store).code == 0
    assert [(a.value, a.is_default) for a in Address.objects.filter(contact=key)] == [(NUMBER, True)]


def test_a_second_run_over_people_changes_nothing(store):
    one = store.identity({"addresses": {"msisdn": {NUMBER: {"optedout": True}}}})
    two = store.identity({"addresses": {}}, communicate_through_id=one, operator_id=one)
    store.opt_out(two, "stopall")
    store.opt_in(one)
    move_people(store)
    before = stored()
    again = move_people(store)
    assert again.code == 0
    assert stored() == before
    assert again.sums == "identity: 0 brought in, 2 were here already, 0 refused\n"


def test_a_dry_run_over_people_counts_the_same_and_changes_nothing(store):
    key = store.identity({"addresses": {"msisdn": {NUMBER: {}}}})
    store.opt_out(key, "stop", address_type="msisdn", address=NUMBER)
    store.opt_out(None, "stop", address_type="msisdn", address=OTHER)
    before = stored()
    trial = move_people(store, dry_run=True)
    assert stored() == before
    real = move_people(store)
    assert trial.sums == real.sums.replace(" brought in", " would be brought in")
    assert trial.code == real.code == 1
    assert "it belongs to no identity" in real.reasons


def test_who_is_reached_through_somebody_still_is(store):
    child = store.identity({"addresses": {}}, id="00000000-0000-4000-8000-000000000001")
    mother = store.identity({"addresses": {"msisdn": {NUMBER: {}}}})
    store.execute("UPDATE identities_identity SET communicate_through_id = %s WHERE id = %s", mother, child)
    store.execute("UPDATE identities_identity SET operator_id = %s WHERE id = %s", child, mother)
    move_people(store)
    assert usable_addresses(contact_id=child, kind="msisdn") == [NUMBER]
    assert Contact.objects.get(pk=mother).operator_id == Contact.objects.get(pk=child).pk
    Contact.objects.filter(pk=child).update(communicate_through=None)
    move_people(store)
    assert Contact.objects.get(pk=child).communicate_through_id is None, "what was changed here stays"


def test_a_stopped_address_stays_stopped_since_then(store):
    key = store.identity({"addresses": {"msisdn": {NUMBER: {"optedout": True}, OTHER: {}}}})
    word = store.opt_out(
        key, "stop", address_type="msisdn", address=NUMBER, created_at=LATER, reason="tired",
        requestor_source_id="nurse-7",
    )  # fmt: skip
    move_people(store)
    assert usable_addresses(contact_id=key, kind="msisdn") == [OTHER]
    assert Address.objects.get(value=NUMBER).opted_out_at == LATER
    kept = OptOut.objects.get(pk=word)
    assert (kept.kind, kept.address, kept.reason) == ("stop", NUMBER, "tired")
    assert (kept.source, kept.requestor, kept.created_at, kept.lifted_at) == ("hub", "nurse-7", LATER, None)


def test_an_address_that_is_flagged_without_a_word_stays_stopped_and_says_why(store):
    key = store.identity({"addresses": {"msisdn": {NUMBER: {"optedout": True}}}}, updated_at=LATER)
    move_people(store)
    assert usable_addresses(contact_id=key, kind="msisdn") == []
    word = OptOut.objects.get(contact=key)
    assert (word.kind, word.address, word.created_at) == ("stop", NUMBER, LATER)


@pytest.mark.parametrize("kind", ["stopall", "forget"])
def test_who_wanted_nothing_more_gets_nothing(store, kind):
    flagged = {} if kind == "forget" else {NUMBER: {"optedout": True}}
    key = store.identity({"name": "redacted", "addresses": {"msisdn": flagged}})
    store.opt_out(key, kind)
    move_people(store)
    assert usable_addresses(contact_id=key, kind="msisdn") == []
    assert Contact.objects.get(pk=key).opted_out_at == THEN
    assert [one.kind for one in OptOut.objects.filter(contact=key)] == [kind]


def test_who_came_back_is_written_to_again(store):
    key = store.identity({"addresses": {"msisdn": {NUMBER: {}, OTHER: {"optedout": True}}}})
    word = store.opt_out(key, "stopall")
    back = store.opt_in(key, address_type="msisdn", address=NUMBER, created_at=LATER)
    move_people(store)
    assert usable_addresses(contact_id=key, kind="msisdn") == [NUMBER]
    assert OptOut.objects.get(pk=word).lifted_at == LATER
    assert (OptIn.objects.get().pk, OptIn.objects.get().address) == (back, NUMBER)


def test_the_rules_about_people_hold_afterwards(store):
    store.identity({"addresses": {"msisdn": {NUMBER: {"optedout": True}}}})
    stopped = store.identity({"addresses": {"msisdn": {OTHER: {"optedout": True}}}})
    store.opt_out(stopped, "stopall")
    store.opt_out(store.identity({"addresses": {}}), "forget")
    move_people(store)
    call_command("sanity_check", "contacts", stdout=io.StringIO())


def test_a_faulty_detail_costs_nobody_the_rest(store):
    wrong = {
        "name": 7,
        "clinic": "4711",
        "addresses": {"msisdn": {NUMBER: {}, "12": {}}, "email": {"no": {}}},
    }
    key = store.identity(wrong)
    said = move_people(store)
    assert said.code == 0
    assert f"identity {key}: taken in without what is wrong" in said.reasons
    assert [address.value for address in Address.objects.filter(contact=key)] == [NUMBER]
    assert Contact.objects.get(pk=key).details == {"clinic": "4711"}


def test_who_came_with_a_subscription_is_filled_in(seed, store):
    key = store.identity({"name": "Thandi", "addresses": {"msisdn": {NUMBER: {}}}})
    on_it = seed.subscription(seed.first, seed.early, identity=str(key), lang="zul_ZA")
    move(seed)
    assert move_people(store).code == 0
    person = Subscription.objects.get(pk=on_it).contact
    assert (person.name, person.language, person.created_at) == ("Thandi", "zul_ZA", THEN)
    assert usable_addresses(contact_id=key, kind="msisdn") == [NUMBER]


def test_what_is_known_of_somebody_here_stays(store):
    key = store.identity({"name": "Thandi", "addresses": {"msisdn": {NUMBER: {}}}})
    Contact.objects.create(pk=key, name="Thandeka")
    assert "0 brought in, 1 were here already" in move_people(store).sums
    assert Contact.objects.get(pk=key).name == "Thandeka"


def test_a_batch_of_people_takes_as_many_statements_for_many_as_for_few(store):
    def person(number: int) -> dict:
        return {
            "id": uuid4(), "version": 1, "created_at": THEN, "updated_at": THEN,
            "details": {"addresses": {"msisdn": {f"+2782{number:07d}": {}}}},
        }  # fmt: skip

    store.copy("identities_identity", 3, person)
    move_people(store)
    store.copy("identities_identity", 3, lambda number: person(number + 50))
    few = statements(lambda: move_people(store))
    store.copy("identities_identity", 60, lambda number: person(number + 100))
    many = statements(lambda: move_people(store))
    assert Address.objects.count() == 66
    assert many - few <= (0 if connection.vendor == "postgresql" else 4)


# --- both --------------------------------------------------------------------------------------


def test_nothing_is_written_there(seed, store):
    seed.subscription(seed.first, seed.early)
    source = Elsewhere(seed.url)
    with pytest.raises(Exception, match="read-only"):
        source.rows("DELETE FROM subscriptions_subscription RETURNING id")
    source.close()


@pytest.mark.parametrize("command", ["import_seed_messaging", "import_seed_identities"])
@pytest.mark.parametrize(
    ("url", "reason"),
    [
        ("nonsense", "no database URL"),
        ("sqlite:///somewhere.sqlite3", "must be a PostgreSQL database"),
        ("postgres://nobody@127.0.0.1:1/nowhere", "cannot be read"),
    ],
)
def test_a_source_that_is_none_is_told_of(command, url, reason):
    said = Said(command, url)
    assert said.code == 1
    assert reason in said.reasons


def test_the_wrong_database_is_told_of(seed, store):
    assert "has no table contentstore_messageset" in move(store).reasons
    assert "has no table identities_identity" in move_people(seed).reasons


def test_moments_are_those_of_the_original(seed):
    moment = datetime(2019, 3, 31, 0, 30, tzinfo=UTC)
    key = seed.subscription(seed.first, seed.early, created_at=moment)
    seed.execute("ALTER DATABASE " + seed.url.rsplit("/", 1)[1] + " SET timezone = 'Africa/Johannesburg'")
    move(seed)
    assert Subscription.objects.get(pk=key).created_at == moment
