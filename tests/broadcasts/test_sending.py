"""One text to many people: counted first, sent once to each, held and stopped at any moment."""

from __future__ import annotations

from datetime import UTC, datetime, time, timedelta
from uuid import uuid4

import pytest
from django.core.files.base import ContentFile
from django.core.files.storage import default_storage
from django.db import connection
from django.test.utils import CaptureQueriesContext
from django.utils import timezone

from audit.acting import Actor, acting
from audit.models import Entry
from broadcasts import figures, hours, operations, worker
from broadcasts.errors import BroadcastError, NotNow
from broadcasts.models import SOURCE, Broadcast, Recipient
from contacts.models import Group
from contacts.operations import add_members, forget, opt_out
from outbox.models import Delivery
from outbox.operations import Failure, record_delivered, record_failed
from stagebased.models import MessageSet, Schedule, Subscription
from tests.broadcasts.conftest import hand_over, number, person, work

pytestmark = pytest.mark.django_db
State = Broadcast.State


def deliveries(broadcast: Broadcast, **which):
    return Delivery.objects.filter(cause=broadcast.pk, source=SOURCE, **which)


def reasons(broadcast: Broadcast) -> dict[str, int]:
    return figures.cost(broadcast).reasons


# --- counting first ---------------------------------------------------------------------


def test_count_and_cost_are_known_before_anything_is_queued(ready, settings):
    settings.OUTBOX_PART_PRICES, settings.OUTBOX_CURRENCY = {"sms": 2}, "ZAR"
    cost = figures.cost(ready)
    assert (ready.state, ready.total) == (State.READY, 10)
    assert {line.lang: line.people for line in cost.lines} == {"eng_ZA": 5, "zul_ZA": 5}
    assert (cost.people, cost.parts, cost.amount, cost.currency) == (10, 10, 20, "ZAR")
    assert not deliveries(ready).exists()


def test_who_cannot_get_it_is_counted_by_reason(draft, group, crowd):
    stopped, nowhere, shared = person(number(50)), person(), person(number(1), language="eng_ZA")
    stranger = person(number(51), language="xho_ZA")
    opt_out(kind="stopall", contact_ids=[stopped.pk], source="sms")
    add_members(group=group, contact_ids=[one.pk for one in (stopped, nowhere, shared, stranger)])
    broadcast = draft(default_language="")
    operations.prepare(broadcast_id=broadcast.pk)
    work(broadcast)
    assert reasons(broadcast) == {"opted_out": 1, "no_address": 1, "no_text": 1}
    # Two people with one handset get it once.
    assert broadcast.total == 13


def test_a_language_falls_back_to_its_base_and_then_to_the_default(draft, group):
    people = [person(number(at), language=lang) for at, lang in enumerate(["zul", "eng_GB", "fra_FR", ""])]
    add_members(group=group, contact_ids=[one.pk for one in people])
    broadcast = draft()
    operations.prepare(broadcast_id=broadcast.pk)
    work(broadcast)
    chosen = dict(Recipient.objects.filter(broadcast=broadcast).values_list("contact__language", "lang"))
    assert chosen == {"zul": "zul_ZA", "eng_GB": "eng_ZA", "fra_FR": "eng_ZA", "": "eng_ZA"}


def test_who_joins_the_group_later_is_not_among_them(ready, group):
    add_members(group=group, contact_ids=[person(number(77)).pk])
    operations.start(broadcast_id=ready.pk)
    work(ready)
    assert deliveries(ready).count() == 10


def test_a_sets_running_subscribers_are_an_audience(draft, crowd):
    schedule = Schedule.objects.create()
    programme = MessageSet.objects.create(short_name="one", default_schedule=schedule)
    for at, contact in enumerate(crowd[:4]):
        Subscription.objects.create(
            contact=contact, messageset=programme, schedule=schedule, lang="eng_ZA", active=at < 3
        )
    broadcast = draft(audience="set", messageset=programme, group=None)
    operations.prepare(broadcast_id=broadcast.pk)
    assert work(broadcast).total == 3


def test_preparing_costs_the_same_statements_for_any_number(draft, group, crowd):
    def statements() -> int:
        broadcast = draft()
        operations.prepare(broadcast_id=broadcast.pk)
        with CaptureQueriesContext(connection) as captured:
            work(broadcast)
        return len(captured)

    few = statements()
    add_members(group=group, contact_ids=[person(number(at)).pk for at in range(100, 140)])
    assert statements() == few


# --- a list -----------------------------------------------------------------------------


def listed(draft, text: str | bytes, **given) -> Broadcast:
    content = text if isinstance(text, bytes) else text.encode()
    broadcast = draft(audience="list", group=None, upload=ContentFile(content, "list.csv"), **given)
    operations.prepare(broadcast_id=broadcast.pk)
    return work(broadcast)


def test_a_list_is_read_line_by_line_and_says_what_is_wrong(draft):
    lines = [
        "number,language", f"{number(1)},zul_ZA", "nonsense", "", f" {number(2)} ", f"{number(1)},zul_ZA",
        f"{number(3)},a language", "+27820000004x", "+1",
    ]  # fmt: skip
    broadcast = listed(draft, "\n".join(lines))
    found = sorted(Recipient.objects.values_list("address", "lang"))
    assert found == [(number(1), "zul_ZA"), (number(2), "eng_ZA")]
    assert [line for line, _ in broadcast.problems] == [3, 7, 8, 9]
    assert not any(char.isdigit() for _, why in broadcast.problems for char in why)


def test_a_number_on_the_list_belongs_to_whoever_is_known_to_have_it(draft):
    known = person(number(1), language="zul_ZA")
    broadcast = listed(draft, f"{number(1)}\n{number(2)}\n")
    rows = dict(Recipient.objects.filter(broadcast=broadcast).values_list("address", "contact"))
    assert rows == {number(1): known.pk, number(2): None}
    assert Recipient.objects.get(contact=known).lang == "zul_ZA"


def test_an_identity_on_the_list_stands_for_the_person(draft):
    known, without = person(number(1), language="zul_ZA"), person()
    broadcast = listed(draft, f"identity\n{known.pk}\n{without.pk}\n{uuid4()}\n{number(1)}\n{known.pk.hex}\n")
    rows = list(broadcast.recipients.order_by("pk").values_list("contact", "address", "lang", "reason"))
    assert rows == [(known.pk, number(1), "zul_ZA", ""), (without.pk, "", "eng_ZA", "no_address")]
    assert broadcast.problems == [[4, "Nobody is known to have it."]]


def test_a_list_of_numbers_and_identities_reaches_accounts(draft, settings, alice, bob):
    settings.OUTBOX_CHANNELS = settings.OUTBOX_CHANNELS | {"notice": "sendables.channel.NoticeChannel"}
    by_number, by_identity = person(number(1), user=alice), person(user=bob, language="zul_ZA")
    nobody = person(number(3))
    lines = [number(1), str(by_identity.pk), number(2), number(3), f"{by_number.pk},zul_ZA"]
    broadcast = listed(draft, "\n".join(lines), channel="notice")
    rows = list(broadcast.recipients.order_by("pk").values_list("contact", "address", "lang", "reason"))
    assert rows == [
        (by_number.pk, str(alice.pk), "eng_ZA", ""),
        (by_identity.pk, str(bob.pk), "zul_ZA", ""),
        (nobody.pk, "", "eng_ZA", "no_address"),
    ]
    assert broadcast.problems == [[3, "Nobody is known to have it."]]


def test_the_list_is_deleted_once_it_is_read(draft, django_capture_on_commit_callbacks):
    with django_capture_on_commit_callbacks(execute=True):
        broadcast = listed(draft, number(1))
    assert broadcast.total == 1
    assert not default_storage.exists(broadcast.upload.name)


@pytest.mark.parametrize("content", [b"", b"\x00\xff\xfe\x00", b'"' * 500, b"\n" * 500, "½,\x00".encode()])
def test_an_odd_list_harms_nobody(draft, content):
    broadcast = listed(draft, content or b" ")
    assert (broadcast.state, broadcast.total) == (State.READY, 0)


def test_a_long_list_is_read_in_bites(draft, monkeypatch):
    monkeypatch.setattr("broadcasts.audiences.BATCH", 3)
    broadcast = listed(draft, "".join(f"{number(at)}\n" for at in range(10)))
    assert broadcast.total == 10


# --- sending ----------------------------------------------------------------------------


def test_everybody_gets_it_once_in_their_language(ready, channel):
    operations.start(broadcast_id=ready.pk)
    assert work(ready).state == State.SENDING
    hand_over()
    assert work(ready).state == State.DONE
    assert deliveries(ready).count() == 10
    assert set(deliveries(ready).values_list("contact__language", "text")) == {
        ("eng_ZA", "We are closed on Friday."), ("zul_ZA", "Sivaliwe ngoLwesihlanu."),
    }  # fmt: skip
    assert set(deliveries(ready).values_list("priority", flat=True)) == {Delivery.Priority.BULK}


def test_a_worker_that_dies_in_a_batch_leaves_nothing_half_done(ready, monkeypatch):
    operations.start(broadcast_id=ready.pk)
    monkeypatch.setattr(worker, "BATCH", 4)
    queue, calls = worker._queue, []

    def dying(*args):
        queue(*args)
        calls.append(1)
        if len(calls) == 2:
            raise KeyboardInterrupt

    monkeypatch.setattr(worker, "_queue", dying)
    with pytest.raises(KeyboardInterrupt):
        worker.work()
    ready.refresh_from_db()
    assert (deliveries(ready).count(), ready.dealt_with) == (4, 4)
    work(ready)
    assert (deliveries(ready).count(), ready.dealt_with) == (10, 10)


def test_an_opt_out_after_counting_wins(ready, crowd):
    opt_out(kind="stopall", contact_ids=[crowd[0].pk], source="sms")
    operations.start(broadcast_id=ready.pk)
    work(ready)
    assert deliveries(ready, state="skipped", reason="opted_out").get().contact == crowd[0]


def test_progress_is_exact_to_the_row(ready, channel):
    operations.start(broadcast_id=ready.pk)
    work(ready)
    hand_over()
    keys = list(deliveries(ready).order_by("pk").values_list("pk", flat=True))
    now = timezone.now()
    record_delivered(times=dict.fromkeys(keys[:4], now))
    record_failed(failures=dict.fromkeys(keys[4:6], Failure(now, "gateway_refused")))
    told = figures.progress(ready)
    assert (told.total, told.ahead, told.waiting, told.handed) == (10, 0, 0, 4)
    assert (told.delivered, told.failed, told.percent) == (4, 2, 100)


# --- holding, stopping ------------------------------------------------------------------


def test_nothing_goes_out_while_it_is_paused_and_all_of_it_afterwards(ready, channel):
    operations.start(broadcast_id=ready.pk)
    worker.work()
    operations.pause(broadcast_id=ready.pk)
    hand_over()
    assert not deliveries(ready, state="handed").exists()
    operations.resume(broadcast_id=ready.pk)
    work(ready)
    hand_over()
    assert deliveries(ready, state="handed").count() == 10


def test_nothing_goes_out_after_it_was_cancelled(ready, channel, monkeypatch):
    monkeypatch.setattr(worker, "DEPTH", 6)
    operations.start(broadcast_id=ready.pk)
    worker.work()
    operations.cancel(broadcast_id=ready.pk)
    worker.work()
    hand_over()
    states = set(deliveries(ready).values_list("state", flat=True))
    assert (deliveries(ready).count(), states) == (6, {"cancelled"})
    told = figures.progress(Broadcast.objects.get(pk=ready.pk))
    assert (told.stopped, told.ahead, told.total) == (6, 4, 10)


def test_no_more_waits_at_the_gateway_than_it_needs(ready, monkeypatch):
    monkeypatch.setattr(worker, "DEPTH", 3)
    operations.start(broadcast_id=ready.pk)
    for expected in (3, 6, 9, 10):
        worker.work()
        assert deliveries(ready).count() == expected
        hand_over()


def test_the_pace_is_kept(ready):
    Broadcast.objects.update(per_minute=24)
    operations.start(broadcast_id=ready.pk)
    begun = timezone.now()
    sent = []
    for seconds in (0, 1, 5, 6, 10, 60):
        worker.work(now=begun + timedelta(seconds=seconds))
        sent.append(deliveries(ready).count())
    # Two every five seconds; what a pause in between has missed is not made up for at once.
    assert sent[:5] == [2, 2, 4, 4, 6]
    assert sent[5] <= 10


def test_quiet_hours_hold_it_until_the_morning_of_each_person(draft, group, channel):
    evening = datetime(2026, 6, 10, 19, tzinfo=UTC)
    people = [
        person(number(1), timezone="Africa/Johannesburg"),
        person(number(2), timezone="America/New_York"),
    ]
    add_members(group=group, contact_ids=[one.pk for one in people])
    broadcast = draft(not_before=time(8), not_after=time(20))
    operations.prepare(broadcast_id=broadcast.pk)
    worker.work(now=evening)
    operations.start(broadcast_id=broadcast.pk)
    worker.work(now=evening)
    rows = {row.contact_id: row for row in deliveries(broadcast)}
    # 21:00 in Johannesburg: tomorrow at eight there. 15:00 in New York: now, until eight in the evening.
    assert rows[people[0].pk].not_before == datetime(2026, 6, 11, 6, tzinfo=UTC)
    assert rows[people[1].pk].closes_at == datetime(2026, 6, 11, 0, 1, tzinfo=UTC)
    hours.reopen(datetime(2026, 6, 11, 1, tzinfo=UTC))
    assert deliveries(broadcast).get(contact=people[1]).not_before == datetime(2026, 6, 11, 12, tzinfo=UTC)


def test_failures_are_sent_again_once_and_counted_once(ready, channel):
    operations.start(broadcast_id=ready.pk)
    work(ready)
    hand_over()
    keys = list(deliveries(ready).order_by("pk").values_list("pk", flat=True))
    now = timezone.now()
    record_delivered(times=dict.fromkeys(keys[3:], now))
    record_failed(failures=dict.fromkeys(keys[:3], Failure(now, "gateway_refused")))
    work(ready)
    operations.resend_failures(broadcast_id=ready.pk)
    work(ready)
    assert (ready.state, deliveries(ready).count()) == (State.SENDING, 13)
    told = figures.progress(ready)
    assert (told.failed, told.waiting, told.delivered, told.total) == (0, 3, 7, 10)
    # The repeats fail as well, and are repeated in turn.
    hand_over()
    assert work(ready).state == State.DONE
    repeats = deliveries(ready, slot_key__contains="~").values_list("pk", flat=True)
    record_failed(failures=dict.fromkeys(repeats, Failure(now, "gateway_refused")))
    operations.resend_failures(broadcast_id=ready.pk)
    work(ready)
    assert (figures.progress(ready).waiting, figures.progress(ready).failed) == (3, 0)


def test_a_broadcast_of_notices_reaches_accounts(draft, group, settings, alice):
    settings.OUTBOX_CHANNELS = {"notice": "sendables.channel.NoticeChannel"}
    reader, nobody = person(user=alice), person(number(1))
    add_members(group=group, contact_ids=[reader.pk, nobody.pk])
    broadcast = draft(channel="notice")
    operations.prepare(broadcast_id=broadcast.pk)
    work(broadcast)
    assert reasons(broadcast) == {"no_address": 1}
    operations.start(broadcast_id=broadcast.pk)
    work(broadcast)
    assert deliveries(broadcast).get().address == str(alice.pk)


# --- what is refused --------------------------------------------------------------------


@pytest.mark.parametrize(
    ("given", "texts", "field"),
    [
        ({"group": None}, None, "group"),
        ({"audience": "list", "group": None}, None, "upload"),
        ({}, {"zul_ZA": "Sawubona"}, "default_language"),
        ({"not_before": time(8)}, None, "not_after"),
        ({"channel": "pigeon"}, None, "channel"),
        ({"gateway": "nowhere"}, None, "gateway"),
        ({}, {"eng_ZA": "a\x00b"}, "texts"),
    ],
)
def test_what_cannot_be_sent_is_refused_with_the_field_named(draft, given, texts, field):
    with pytest.raises(BroadcastError) as caught:
        draft(texts, **given)
    assert field in caught.value.errors
    assert not Broadcast.objects.exists()


def test_steps_are_taken_in_order(draft, ready):
    for step in (operations.prepare, operations.pause, operations.resume, operations.resend_failures):
        with pytest.raises(NotNow):
            step(broadcast_id=ready.pk)
    operations.start(broadcast_id=ready.pk)
    with pytest.raises(NotNow):
        operations.start(broadcast_id=ready.pk)
    with pytest.raises(NotNow):
        operations.save(broadcast=ready, texts={"eng_ZA": "other"})
    with pytest.raises(NotNow):
        operations.remove(broadcast=ready)


def test_changing_what_was_counted_makes_it_a_draft_again(ready):
    operations.save(broadcast=ready, texts={"eng_ZA": "We are open after all."})
    assert (ready.state, ready.total) == (State.DRAFT, 0)
    assert not Recipient.objects.exists()


def test_starting_is_on_record(ready):
    with acting(Actor("admin", 7, "olga")):
        operations.start(broadcast_id=ready.pk)
    entry = Entry.objects.get(act="send", model="broadcasts.broadcast")
    assert (entry.actor, entry.after["recipients"]) == ("olga", 10)


def test_a_forgotten_person_is_written_to_no_more(ready, crowd):
    operations.start(broadcast_id=ready.pk)
    forget(contact_id=crowd[3].pk, source="admin")
    work(ready)
    assert deliveries(ready).count() == 9
    assert not Recipient.objects.filter(address=number(3)).exists()
    assert not Group.objects.get().members.filter(pk=crowd[3].pk).exists()
