"""Moving people to something else through the API: one call, all or nothing, once, on record."""

from __future__ import annotations

import json
import threading
from collections.abc import Callable
from concurrent.futures import ThreadPoolExecutor
from typing import Any
from uuid import UUID, uuid4

import pytest
from django.db import connections

from contacts.models import Address, Contact, OptOut
from outbox.models import Delivery
from stagebased.models import Change, ChangeRequest, Message, MessageSet, Schedule, Subscription
from stagebased.operations.send import send_now
from tests.conftest import client_with_token
from tests.stagebased.api.conftest import IDENTITY
from tests.stagebased.api.test_bad_input import HUGE, MEGABYTE, as_json
from tests.stagebased.conftest import DAY, again, utc

NOW = utc(2026, 6, 10, 7)
URL = "/api/v1/changes/"


@pytest.fixture(autouse=True)
def today(time_machine) -> None:
    time_machine.move_to(NOW, tick=False)


@pytest.fixture
def baby(schedule) -> MessageSet:
    made = MessageSet.objects.create(short_name="postbirth", default_schedule=schedule, starts_after=0)
    for number in range(1, 21):
        Message.objects.create(messageset=made, sequence_number=number, lang="eng_ZA", text_content="Play")
    return made


@pytest.fixture
def person(db) -> Contact:
    contact = Contact.objects.create(pk=UUID(IDENTITY))
    Address.objects.create(contact=contact, value="+27820001001")
    return contact


@pytest.fixture
def mary(make_subscription, first_message, prebirth, person) -> Subscription:
    """At the second message; the first one still waits to go out."""
    Message.objects.create(messageset=prebirth, sequence_number=2, lang="eng_ZA", text_content="Eat well.")
    made = make_subscription(contact_id=person.pk)
    send_now(subscription_id=made.pk)
    return again(made)


@pytest.fixture
def news(make_subscription, schedule, person) -> Subscription:
    """The same person on another set."""
    other = MessageSet.objects.create(short_name="news", default_schedule=schedule)
    return make_subscription(contact_id=person.pk, messageset_id=other.pk)


@pytest.fixture
def ask(as_alice) -> Callable[..., dict[str, Any]]:
    """Make a call that is accepted; the answer."""

    def ask(what: str, **said: Any) -> dict[str, Any]:
        answer = as_alice.post(f"{URL}{what}/", said)
        assert answer.status_code == 201, answer.content
        assert answer.json()["accepted"] is True
        return answer.json()

    return ask


def state(subscription: Subscription) -> tuple[bool, str]:
    again(subscription)
    return subscription.active, subscription.stopped


def outcomes(subscription: Subscription) -> list[str]:
    return list(Delivery.objects.filter(cause=subscription.pk).values_list("state", flat=True))


# --- Each kind of change ---------------------------------------------------------------------


def test_all_of_a_person_move_to_another_set(ask, alice, mary, news, baby) -> None:
    answer = ask("set", identity=IDENTITY, short_name="postbirth", next_sequence_number=3, reason="moved")

    after = Subscription.objects.get(messageset=baby)
    assert (after.next_sequence_number, after.active, after.created_by) == (3, True, alice)
    assert state(mary) == state(news) == (False, "switched")
    assert outcomes(mary) == ["cancelled"]
    rows = {row["subscription"]: row for row in answer["changes"]}
    assert rows.keys() == {str(mary.pk), str(news.pk)}
    assert rows[str(mary.pk)] == {
        "id": mary.changes.get().pk,
        "kind": "set",
        "identity": IDENTITY,
        "subscription": str(mary.pk),
        "successor": str(after.pk),
        "before": {
            "messageset": mary.messageset_id, "schedule": mary.schedule_id, "lang": "eng_ZA",
            "next_sequence_number": 2, "anchor_date": None,
        },
        "after": {
            "messageset": baby.pk, "schedule": baby.default_schedule_id, "lang": "eng_ZA",
            "next_sequence_number": 3, "anchor_date": None,
        },
        "reason": "moved",
        "source": "api",
        "created_by": alice.pk,
        "created_at": "2026-06-10T07:00:00Z",
    }  # fmt: skip


def test_one_subscription_moves_and_the_others_stay(ask, mary, news, baby) -> None:
    ask("set", subscriptions=[str(mary.pk)], messageset=baby.pk)
    assert (state(mary), state(news)) == ((False, "switched"), (True, ""))


def test_a_baby_is_born(ask, mary, news, baby) -> None:
    ask("birth", identity=IDENTITY, messageset=baby.pk, anchor_date="2026-06-08")
    after = Subscription.objects.get(messageset=baby)
    # Born on Monday, when there was a slot; the next is this morning's.
    assert (str(after.anchor_date), after.next_sequence_number) == ("2026-06-08", 2)
    assert state(mary) == state(news) == (False, "switched")


def test_a_loss_stops_everything_and_may_begin_something_else(ask, mary, news, baby) -> None:
    ask("loss", subscriptions=[str(news.pk)])
    assert (state(news), state(mary)) == ((False, "loss"), (True, ""))
    ask("loss", identity=IDENTITY, short_name="postbirth")
    assert (state(mary), outcomes(mary)) == ((False, "loss"), ["cancelled"])
    assert Subscription.objects.filter(messageset=baby, active=True).count() == 1


def test_another_language(ask, mary, news, person) -> None:
    ask("language", identity=IDENTITY, lang="zul_ZA")
    assert (again(mary).lang, again(news).lang, again(person).language) == ("zul_ZA",) * 3


def test_another_channel(ask, mary, schedule) -> None:
    other = MessageSet.objects.create(
        short_name="voicemail_prebirth.hw_full.1", default_schedule=schedule, channel="voicemail"
    )
    [row] = ask("channel", identity=IDENTITY, channel="voicemail")["changes"]
    after = Subscription.objects.get(pk=row["successor"])
    assert (after.messageset, after.next_sequence_number) == (other, 2)


def test_another_schedule(ask, mary) -> None:
    evening = Schedule.objects.create(hour="20")
    ask("schedule", subscriptions=[str(mary.pk)], schedule=evening.pk)
    assert again(mary).schedule == evening


def test_another_position_back_and_forward(ask, mary, time_machine) -> None:
    ids = [str(mary.pk)]
    ask("rewind", subscriptions=ids)
    assert again(mary).next_sequence_number == 1
    ask("position", subscriptions=ids, next_sequence_number=2)
    ask("rewind", subscriptions=ids, messages=5)
    assert again(mary).next_sequence_number == 1
    time_machine.move_to(NOW + DAY, tick=False)
    ask("fast-forward", subscriptions=ids)
    assert again(mary).next_sequence_number == 2
    assert {one.kind for one in Change.objects.all()} == {"position"}
    assert outcomes(mary) == ["queued"]


def test_a_corrected_date_moves_all_that_follow_one(ask, mary, baby, make_subscription, person) -> None:
    dated = make_subscription(contact_id=person.pk, messageset_id=baby.pk, anchor_date=utc(2026, 6, 8).date())
    [row] = ask("date", identity=IDENTITY, anchor_date="2026-06-01")["changes"]
    assert (row["subscription"], row["after"]["next_sequence_number"]) == (str(dated.pk), 4)
    assert again(mary).anchor_date is None
    [row] = ask("date", identity=IDENTITY, anchor_date="2026-06-08", repeat=True)["changes"]
    assert row["after"]["next_sequence_number"] == 2


def test_a_pause_until_a_date_and_its_end(ask, mary, news) -> None:
    [row, _] = ask("pause", identity=IDENTITY, until="2026-06-20T08:00:00+02:00")["changes"]
    assert row["after"] == {"until": "2026-06-20T06:00:00+00:00"}
    assert state(mary) == state(news) == (False, "paused")
    assert outcomes(mary) == ["cancelled"]
    ask("resume", subscriptions=[str(mary.pk)])
    assert (state(mary), state(news)) == ((True, ""), (False, "paused"))


def test_an_opt_out_of_everything(ask, alice, mary, news, person) -> None:
    answer = ask("opt-out", identity=IDENTITY, reason="babyloss")
    assert state(mary) == state(news) == (False, "opt_out")
    assert [(row["kind"], row["reason"]) for row in answer["changes"]] == [("stop", "babyloss")] * 2
    row = OptOut.objects.get()
    assert (row.kind, row.reason, row.created_by, row.source) == ("stopall", "babyloss", alice, "api")
    assert again(person).opted_out_at is not None


def test_an_opt_out_of_one_programme(ask, mary, news, person) -> None:
    ask("opt-out", subscriptions=[str(news.pk)])
    assert (state(mary), state(news)) == ((True, ""), (False, "opt_out"))
    assert OptOut.objects.values_list("kind", "programme").get() == ("unsubscribe", "news")
    assert again(person).opted_out_at is None


def test_somebody_without_programmes_is_nobody_moved(ask, person, baby) -> None:
    assert ask("set", identity=IDENTITY, short_name="postbirth")["changes"] == []
    assert ask("opt-out", identity=IDENTITY)["changes"] == []
    assert OptOut.objects.count() == 1


# --- Once -------------------------------------------------------------------------------------


def test_a_repeat_answers_the_same_and_changes_nothing(ask, mary, baby) -> None:
    call = {"id": "request 1", "identity": IDENTITY, "short_name": "postbirth"}
    first = ask("set", **call)
    Subscription.objects.filter(messageset=baby).update(active=False, stopped="loss")

    assert first["id"] == "request 1"
    assert ask("set", **call) == first
    assert (Subscription.objects.count(), Change.objects.count(), ChangeRequest.objects.count()) == (2, 1, 1)


def test_a_repeat_of_what_moved_nobody_moves_nobody(ask, person, make_subscription, baby) -> None:
    call = {"id": 7, "identity": IDENTITY, "short_name": "postbirth"}
    assert ask("set", **call)["changes"] == []
    make_subscription(contact_id=person.pk)
    assert ask("set", **call) == {"accepted": True, "id": "7", "changes": []}
    assert not Subscription.objects.filter(messageset=baby).exists()


@pytest.mark.parametrize(
    ("what", "change"), [("pause", {}), ("loss", {"reason": "other"}), ("loss", {"identity": str(uuid4())})]
)
def test_one_id_for_two_calls_is_refused(as_alice, ask, mary, what, change) -> None:
    call = {"id": "1", "identity": IDENTITY}
    ask("loss", **call)
    answer = as_alice.post(f"{URL}{what}/", call | change)
    assert (answer.status_code, answer.json()) == (409, {"detail": "The id 1 was used for another request."})


def test_a_refused_call_may_be_made_again_when_it_is_mended(as_alice, ask, mary, schedule) -> None:
    call = {"id": "1", "identity": IDENTITY, "short_name": "postbirth"}
    assert as_alice.post(f"{URL}set/", call).status_code == 400
    MessageSet.objects.create(short_name="postbirth", default_schedule=schedule)
    assert len(ask("set", **call)["changes"]) == 1


def test_without_an_id_each_call_is_made(ask, mary) -> None:
    for _ in range(2):
        ask("pause", subscriptions=[str(mary.pk)])
        ask("resume", subscriptions=[str(mary.pk)], id="")
    assert Change.objects.count() == 4


@pytest.mark.postgres
@pytest.mark.django_db(transaction=True)
def test_twenty_at_once_are_one(alice, mary, baby) -> None:
    clients, together = [client_with_token(alice) for _ in range(20)], threading.Barrier(20)
    body = {"id": "request 1", "identity": IDENTITY, "short_name": "postbirth"}

    def call(client) -> tuple[int, bytes]:
        together.wait()
        try:
            answer = client.post(f"{URL}set/", body)
            return answer.status_code, answer.content
        finally:
            connections.close_all()

    with ThreadPoolExecutor(20) as pool:
        [(status, _)] = set(pool.map(call, clients))
    assert status == 201
    assert (Subscription.objects.count(), Change.objects.count()) == (2, 1)


# --- The record -------------------------------------------------------------------------------


def test_the_record_is_listed_newest_first_and_narrowed(as_alice, ask, mary, news, baby) -> None:
    ask("pause", subscriptions=[str(news.pk)], id="a")
    ask("set", subscriptions=[str(mary.pk)], short_name="postbirth")
    after = Subscription.objects.get(messageset=baby)

    def kinds(**query: Any) -> list[str]:
        page = as_alice.get(URL, query).json()
        assert page["count"] == len(page["results"])
        return [row["kind"] for row in page["results"]]

    assert kinds() == kinds(identity=IDENTITY) == ["set", "pause"]
    assert kinds(subscription=mary.pk) == kinds(subscription=after.pk) == kinds(kind="set") == ["set"]
    assert kinds(request="a") == ["pause"]
    assert kinds(created_after="2026-06-11T00:00:00Z") == kinds(identity=str(uuid4())) == []
    row = as_alice.get(URL, {"kind": "set"}).json()["results"][0]
    assert as_alice.get(f"{URL}{row['id']}/").json() == row


def test_bad_filters_are_named(as_alice, db) -> None:
    for name, value in {"identity": "x", "kind": "whatever", "created_after": "soon"}.items():
        answer = as_alice.get(URL, {name: value})
        assert (answer.status_code, list(answer.json())) == (400, [name])


def test_the_record_itself_is_not_written(as_alice, mary, ask) -> None:
    key = ask("pause", subscriptions=[str(mary.pk)])["changes"][0]["id"]
    for method, path in [("post", URL), ("put", f"{URL}{key}/"), ("delete", f"{URL}{key}/")]:
        assert getattr(as_alice, method)(path).status_code == 405
    assert as_alice.get(f"{URL}set/").status_code == 405


def test_words_of_somebody_who_is_forgotten_are_erased(ask, as_alice, mary, person) -> None:
    ask("pause", identity=IDENTITY, reason="moved to +27820001001")
    as_alice.post("/api/v1/optout/", {"optout_type": "forget", "identity": IDENTITY, "request_source": "x"})
    assert {row.reason for row in Change.objects.all()} == {""}


# --- What is refused --------------------------------------------------------------------------

CALLS: dict[str, dict[str, Any]] = {
    "set": {"short_name": "postbirth"},
    "language": {"lang": "zul_ZA"},
    "channel": {"channel": "sms"},
    "schedule": {"schedule": 1},
    "position": {"next_sequence_number": 2},
    "rewind": {},
    "fast-forward": {},
    "date": {"anchor_date": "2026-06-01"},
    "birth": {"short_name": "postbirth", "anchor_date": "2026-06-08"},
    "loss": {},
    "pause": {},
    "resume": {},
    "opt-out": {},
}
WHOSE: dict[str, tuple[dict[str, Any], str]] = {
    "nobody named": ({}, "non_field_errors"),
    "both": ({"identity": IDENTITY, "subscriptions": [IDENTITY]}, "non_field_errors"),
    "identity no UUID": ({"identity": "27820001001"}, "identity"),
    "identity as number": ({"identity": 5}, "identity"),
    "identity unknown": ({"identity": str(UUID(int=5))}, "identity"),
    "identity with NUL": ({"identity": "\x00"}, "identity"),
    "no list": ({"subscriptions": IDENTITY}, "subscriptions"),
    "an empty list": ({"subscriptions": []}, "subscriptions"),
    "a list of objects": ({"subscriptions": [{}]}, "subscriptions"),
    "a list of numbers": ({"subscriptions": [1]}, "subscriptions"),
    "unknown": ({"subscriptions": [str(UUID(int=5))]}, "subscriptions"),
    "too many": ({"subscriptions": [IDENTITY] * 1001}, "subscriptions"),
    "a long reason": ({"identity": IDENTITY, "reason": "x" * 201}, "reason"),
    "a megabyte of reason": ({"identity": IDENTITY, "reason": MEGABYTE}, "reason"),
    "a lone surrogate in the reason": ({"identity": IDENTITY, "reason": "\ud800"}, "reason"),
    "a long id": ({"identity": IDENTITY, "id": "x" * 101}, "id"),
    "an id that is an object": ({"identity": IDENTITY, "id": {}}, "id"),
    "an id that is a flag": ({"identity": IDENTITY, "id": True}, "id"),
    "a list instead of an object": ([], "non_field_errors"),  # type: ignore[dict-item]
}
SAID = {
    "set/unknown name": ("set", {"short_name": "nothing"}, "short_name"),
    "set/unknown id": ("set", {"short_name": None, "messageset": 999}, "messageset"),
    "set/id beyond 64 bits": ("set", {"short_name": None, "messageset": HUGE}, "messageset"),
    "set/neither": ("set", {"short_name": None}, "non_field_errors"),
    "set/both": ("set", {"messageset": 1}, "non_field_errors"),
    "set/name as object": ("set", {"short_name": {}}, "short_name"),
    "set/position": ("set", {"next_sequence_number": 0}, "next_sequence_number"),
    "set/schedule": ("set", {"schedule": 999}, "schedule"),
    "set/language": ("set", {"lang": "english"}, "lang"),
    "set/date": ("set", {"anchor_date": "2026-02-30"}, "anchor_date"),
    "set/date long over": ("set", {"anchor_date": "2001-01-01"}, "anchor_date"),
    "birth/no date": ("birth", {"anchor_date": None}, "anchor_date"),
    "birth/date long over": ("birth", {"anchor_date": "2001-01-01"}, "anchor_date"),
    "loss/unknown set": ("loss", {"short_name": "nothing"}, "short_name"),
    "language/malformed": ("language", {"lang": "!"}, "lang"),
    "language/none": ("language", {"lang": None}, "lang"),
    "channel/none": ("channel", {"channel": ""}, "channel"),
    "channel/no counterpart": ("channel", {"channel": "notice"}, "channel"),
    "schedule/unknown": ("schedule", {"schedule": 999}, "schedule"),
    "schedule/huge": ("schedule", {"schedule": HUGE}, "schedule"),
    "position/zero": ("position", {"next_sequence_number": 0}, "next_sequence_number"),
    "position/huge": ("position", {"next_sequence_number": HUGE}, "next_sequence_number"),
    "rewind/none": ("rewind", {"messages": 0}, "messages"),
    "rewind/huge": ("rewind", {"messages": HUGE}, "messages"),
    "date/malformed": ("date", {"anchor_date": "tomorrow"}, "anchor_date"),
    "pause/past": ("pause", {"until": "2026-06-10T06:59:59Z"}, "until"),
    "pause/malformed": ("pause", {"until": "later"}, "until"),
    "pause/before all time": ("pause", {"until": "0001-01-01T00:00:00+14:00"}, "until"),
}


def refused(client, what: str, body: Any) -> dict[str, Any]:
    before = [list(model.objects.order_by("pk").values()) for model in (Subscription, Delivery, Contact)]
    answer = client.post(f"{URL}{what}/", as_json(body), content_type="application/json")
    assert answer.status_code == 400, answer.content
    after = [list(model.objects.order_by("pk").values()) for model in (Subscription, Delivery, Contact)]
    assert after == before
    assert not Change.objects.exists()
    assert not ChangeRequest.objects.exists()
    return answer.json()


@pytest.mark.parametrize(("whose", "field"), WHOSE.values(), ids=WHOSE)
@pytest.mark.parametrize("what", CALLS)
def test_it_must_be_clear_who_is_meant(as_alice, mary, baby, what, whose, field) -> None:
    body = {**CALLS[what], **whose} if isinstance(whose, dict) else whose
    errors = refused(as_alice, what, body)
    assert list(errors) == [field]
    assert json.dumps(errors[field]).startswith('["')


@pytest.mark.parametrize(("what", "said", "field"), SAID.values(), ids=SAID)
def test_what_makes_no_sense_is_refused(as_alice, mary, baby, what, said, field) -> None:
    body = {**CALLS[what], "identity": IDENTITY, **said}
    assert list(refused(as_alice, what, body)) == [field]


def test_one_that_cannot_move_keeps_all_from_moving(as_alice, mary, news, schedule) -> None:
    MessageSet.objects.create(
        short_name="voicemail_prebirth.hw_full.1", default_schedule=schedule, channel="voicemail"
    )
    errors = refused(as_alice, "channel", {"identity": IDENTITY, "channel": "voicemail"})
    assert errors == {"channel": ["There is no counterpart over voicemail for: news."]}


# --- Rights and costs -------------------------------------------------------------------------


@pytest.mark.parametrize("what", [*CALLS, ""])
def test_nobody_without_the_right_gets_in(anonymous, alice, mary, what) -> None:
    reader = client_with_token(alice, "stagebased:read")
    other = client_with_token(alice, "sms")
    body = {**CALLS.get(what, {}), "identity": IDENTITY}
    for path in (f"{URL}{what}/".replace("//", "/"), f"{URL}{what}".rstrip("/")):
        assert anonymous.post(path, body).status_code == 401
        assert [client.post(path, body).status_code for client in (reader, other)] == [403, 403]
    assert reader.get(URL).status_code == 200
    assert other.get(URL).status_code == 403
    assert not Change.objects.exists()


def test_thirty_subscriptions_cost_what_one_costs(
    as_alice, make_subscription, first_message, baby, django_assert_max_num_queries
) -> None:
    people = [str(make_subscription().pk) for _ in range(30)]
    as_alice.get(URL)
    with django_assert_max_num_queries(25):
        answer = as_alice.post(f"{URL}set/", {"subscriptions": people, "short_name": "postbirth"})
    assert len(answer.json()["changes"]) == 30
