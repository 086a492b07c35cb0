"""Programme staff at work in the admin site."""

from __future__ import annotations

from collections.abc import Callable
from typing import Any
from uuid import uuid4

import pytest
from django.contrib.admin.utils import flatten_fieldsets
from django.core.files.uploadedfile import SimpleUploadedFile
from django.db import connection
from django.test.utils import CaptureQueriesContext
from django.urls import reverse
from django.utils.timezone import now

from accounts.models import User
from contacts.models import Address, Contact
from outbox.models import Delivery
from stagebased.models import BinaryContent, DueSlot, Message, MessageSet, Metric, Schedule, Subscription
from tests.stagebased.conftest import DAY, HOUR, MORNING, person

PNG = b"\x89PNG\r\n\x1a\n" + b"\x00" * 40
MODELS = ["schedule", "messageset", "message", "binarycontent", "subscription", "dueslot", "metric"]


@pytest.fixture
def as_root(client, db):
    client.force_login(User.objects.create_superuser("root", "root@example.org", "root-password"))
    return client


def page(model: str, view: str = "changelist", *args: Any) -> str:
    return reverse(f"admin:stagebased_{model}_{view}", args=args)


def errors(response) -> dict[str, list[str]]:
    return response.context["adminform"].form.errors


def found(client, model: str, **query: str) -> set:
    return set(client.get(page(model), query).context["cl"].result_list)


@pytest.fixture
def mary(subscribe, pregnancy) -> Subscription:
    return subscribe(pregnancy, contact=person("+27820001001", name="Mary"))


@pytest.fixture
def one_of_each(mary, daily, pregnancy) -> None:
    BinaryContent.objects.create(content="content/a.png", content_type="image/png", size=1, sha256="0")
    DueSlot.objects.create(schedule=daily, due_at=MORNING)
    Metric.objects.create(key="message.text.sum", value=1)


@pytest.mark.parametrize("model", MODELS)
def test_every_list_and_page_opens(as_root, one_of_each, model) -> None:
    assert as_root.get(page(model)).status_code == 200
    record = {
        "schedule": Schedule, "messageset": MessageSet, "message": Message, "binarycontent": BinaryContent,
        "subscription": Subscription, "dueslot": DueSlot, "metric": Metric,
    }[model].objects.first()  # fmt: skip
    assert as_root.get(page(model, "change", record.pk)).status_code == 200


@pytest.mark.parametrize("model", MODELS)
def test_a_list_of_twenty_costs_what_a_list_of_one_costs(
    as_root, one_of_each, make_set, subscribe, model
) -> None:
    def statements() -> int:
        with CaptureQueriesContext(connection) as queries:
            as_root.get(page(model))
        return len(queries)

    statements()
    one = statements()
    for n in range(20):
        made = make_set(f"set {n}", {1: "x"}, default_schedule=Schedule.objects.create(hour=str(n)))
        subscribe(made, contact=person(f"+278200020{n:02}"), schedule=made.default_schedule)
        DueSlot.objects.create(schedule=made.default_schedule, due_at=MORNING)
        file = BinaryContent.objects.create(
            content=f"content/{n}", content_type="image/png", size=1, sha256="0"
        )
        Message.objects.create(messageset=made, sequence_number=2, lang="eng_ZA", binary_content=file)
        Metric.objects.create(key=str(n), value=1)

    assert statements() == one


# --- Schedules -----------------------------------------------------------------------------


def test_a_schedule_is_said_in_words(as_root, daily) -> None:
    assert "At 08:00" in as_root.get(page("schedule")).content.decode()


def test_a_schedule_that_means_nothing_is_refused(as_root) -> None:
    body = {"minute": "0", "hour": "25", "day_of_month": "*", "month_of_year": "*", "day_of_week": "*"}
    response = as_root.post(page("schedule", "add"), {**body, "timezone": "UTC"})

    assert list(errors(response)) == ["hour"]
    assert not Schedule.objects.exists()


def test_a_schedule_is_saved_without_its_blanks(as_root) -> None:
    body = {"minute": "0", "hour": "8, 17", "day_of_month": "*", "month_of_year": "*", "day_of_week": "*"}
    as_root.post(page("schedule", "add"), {**body, "timezone": "Africa/Johannesburg"})

    assert Schedule.objects.values_list("hour", "timezone").get() == ("8,17", "Africa/Johannesburg")


@pytest.mark.parametrize("model", ["schedule", "messageset"])
def test_what_is_in_use_is_not_deleted_and_its_users_are_not_loaded(as_root, mary, model) -> None:
    record = mary.schedule if model == "schedule" else mary.messageset
    url = page(model, "delete", record.pk)

    shown = as_root.get(url)
    assert shown.context["protected"] == [f"{record} is in use"]
    as_root.post(url, {"post": "yes"})
    action = {"action": "delete_selected", "_selected_action": [record.pk], "post": "yes"}
    as_root.post(page(model), action)
    assert type(record).objects.filter(pk=record.pk).exists()


def test_what_nobody_uses_is_deleted(as_root, pregnancy, daily) -> None:
    as_root.post(page("messageset", "delete", pregnancy.pk), {"post": "yes"})
    as_root.post(
        page("schedule"), {"action": "delete_selected", "_selected_action": [daily.pk], "post": "yes"}
    )

    assert [model.objects.count() for model in (MessageSet, Message, Schedule)] == [0, 0, 0]


# --- Message sets and messages -------------------------------------------------------------


def set_form(schedule: Schedule, **fields: Any) -> dict[str, Any]:
    """What the browser sends."""
    sent = {"short_name": "baby", "content_type": "text", "channel": "sms", "default_schedule": schedule.pk}
    return sent | {"catch_up": "latest", "spacing": "01:00:00"} | fields


def test_a_new_set_is_in_preparation_and_written_next(as_root, daily) -> None:
    response = as_root.post(page("messageset", "add"), set_form(daily, label="Baby"))

    baby = MessageSet.objects.get()
    assert (baby.short_name, baby.label, baby.state) == ("baby", "Baby", "draft")
    assert response["Location"] == page("messageset", "content", baby.pk)


def test_channel_and_gateway_are_chosen_from_those_that_there_are(as_root, pregnancy, settings) -> None:
    settings.SMS_GATEWAYS = {"sms": settings.SMS_GATEWAYS["sms"], "second": settings.SMS_GATEWAYS["sms"]}
    # One that has left the installation since.
    MessageSet.objects.update(gateway="gone")

    form = as_root.get(page("messageset", "change", pregnancy.pk)).context["adminform"].form
    offered = {name: [one for one, _ in form.fields[name].widget.choices] for name in ("channel", "gateway")}
    assert {"sms", "notice", "voicemail"} <= {*offered["channel"]}
    assert {"", "sms", "second", "gone"} <= {*offered["gateway"]}


def test_nothing_is_told_of_a_set_that_is_not_there_yet(as_root, pregnancy) -> None:
    shown = [
        flatten_fieldsets(as_root.get(url).context["adminform"].fieldsets)
        for url in (page("messageset", "add"), page("messageset", "change", pregnancy.pk))
    ]
    assert [name for name in shown[1] if name not in shown[0]] == ["created_at", "updated_at"]


def test_the_list_leads_to_what_the_sets_say(as_root, pregnancy) -> None:
    shown = as_root.get(page("messageset")).content.decode()
    assert f'href="{page("messageset", "content", pregnancy.pk)}"' in shown
    assert "At 08:00" in shown


def test_settings_that_are_changed_leave_an_active_set_active(as_root, daily, pregnancy) -> None:
    as_root.post(
        page("messageset", "change", pregnancy.pk), set_form(daily, short_name="pregnancy", label="x")
    )
    pregnancy.refresh_from_db()
    assert (pregnancy.label, pregnancy.state) == ("x", "active")


def test_sets_do_not_follow_each_other_in_a_circle(as_root, daily, pregnancy, make_set) -> None:
    baby = make_set("baby", {}, next_set=pregnancy)
    url = page("messageset", "change", pregnancy.pk)

    response = as_root.post(url, set_form(daily, short_name="pregnancy", next_set=baby.pk))

    assert list(errors(response)) == ["next_set"]


def test_what_happens_after_an_outage_and_when_it_is_given_up_is_set_on_the_page(
    as_root, daily, pregnancy
) -> None:
    rules = {
        "catch_up": "spaced", "spacing": "00:30:00", "grace": "12:00:00", "spread": "01:00:00",
        "starts_after": "-245", "stop_after_failures": "3",
    }  # fmt: skip
    as_root.post(page("messageset", "change", pregnancy.pk), set_form(daily, short_name="pregnancy", **rules))

    pregnancy.refresh_from_db()
    assert (pregnancy.catch_up, pregnancy.starts_after, pregnancy.stop_after_failures) == ("spaced", -245, 3)
    assert (pregnancy.spacing, pregnancy.grace, pregnancy.spread) == (HOUR / 2, 12 * HOUR, HOUR)


@pytest.mark.parametrize(
    ("rule", "value"),
    [("spread", "2 00:00:00"), ("spacing", "-00:01:00"), ("grace", "-1"), ("starts_after", "99999")],
)
def test_a_time_that_makes_no_sense_is_refused(as_root, daily, pregnancy, rule, value) -> None:
    url = page("messageset", "change", pregnancy.pk)

    response = as_root.post(url, set_form(daily, short_name="pregnancy", **{rule: value}))

    assert list(errors(response)) == [rule]


def test_what_a_message_costs_is_shown(as_root, make_set) -> None:
    make_set("long", {1: "x" * 200})

    assert ">2<" in as_root.get(page("message")).content.decode().replace(" ", "").replace("\n", "")


def test_a_picture_is_uploaded_and_something_else_is_not(as_root, settings, tmp_path) -> None:
    settings.MEDIA_ROOT = tmp_path
    url = page("binarycontent", "add")

    refused = as_root.post(url, {"content": SimpleUploadedFile("a.png", b"<script>")})
    as_root.post(url, {"content": SimpleUploadedFile("a.png", PNG)})

    assert list(errors(refused)) == ["content"]
    stored = BinaryContent.objects.get()
    assert (stored.content_type, stored.size) == ("image/png", len(PNG))
    assert "/a.png" not in stored.content.name


# --- Subscriptions -------------------------------------------------------------------------


def test_a_subscription_is_found_by_whatever_is_known(as_root, mary, subscribe, pregnancy) -> None:
    subscribe(pregnancy)

    for term in ("+27820001001", "+2782000100", "mar", str(mary.contact_id), str(mary.pk)):
        assert found(as_root, "subscription", q=term) == {mary}
    assert found(as_root, "subscription", q=str(uuid4())) == set()
    assert len(found(as_root, "subscription", q="\x00")) == 2


def test_subscriptions_by_their_state(as_root, subscribe, pregnancy) -> None:
    states: dict[str, dict[str, Any]] = {
        "running": {},
        "paused": {"active": False, "stopped": "paused"},
        "opted_out": {"active": False, "stopped": "opt_out"},
        "completed": {"active": False, "completed": True},
        "stuck": {"process_status": -1},
    }
    made = {name: subscribe(pregnancy, **fields) for name, fields in states.items()}

    for name, subscription in made.items():
        assert found(as_root, "subscription", state=name) == {subscription}


def test_the_page_tells_what_became_of_each_slot(as_root, mary) -> None:
    Delivery.objects.create(
        source="subscription", cause=mary.pk, slot_key="x", state="failed", reason="no_message",
        detail="No message 4 in xho_ZA <b>", contact=mary.contact,
    )  # fmt: skip

    shown = as_root.get(page("subscription", "change", mary.pk)).content.decode()
    assert "No message 4 in xho_ZA &lt;b&gt;" in shown


@pytest.fixture
def act(as_root) -> Callable[..., list[str]]:
    def act(action: str, *subscriptions: Subscription) -> list[str]:
        body = {"action": action, "_selected_action": [one.pk for one in subscriptions]}
        response = as_root.post(page("subscription"), body, follow=True)
        return [str(message) for message in response.context["messages"]]

    return act


def test_subscriptions_are_paused_and_resumed(act, mary, subscribe, pregnancy) -> None:
    gone = subscribe(pregnancy, active=False, stopped="opt_out")

    assert act("pause", mary, gone) == ["1 subscription paused."]
    mary.refresh_from_db()
    assert (mary.active, mary.stopped, mary.updated_by.username) == (False, "paused", "root")
    assert act("resume", mary, gone) == ["1 subscription resumed."]
    mary.refresh_from_db()
    gone.refresh_from_db()
    assert (mary.active, mary.stopped, gone.active) == (True, "", False)


def test_the_next_message_is_sent_at_once(act, mary, subscribe, pregnancy) -> None:
    unreached = subscribe(pregnancy, contact=person())

    told = act("send_next_message", mary, unreached)

    assert "1 message queued." in told
    assert any(str(unreached.contact) in line for line in told)
    assert Delivery.objects.filter(cause=mary.pk, state="queued").count() == 1


def subscription_form(subscription: Subscription, **changes: Any) -> dict[str, Any]:
    sent = {
        "contact": subscription.contact_id,
        "messageset": subscription.messageset_id,
        "schedule": subscription.schedule_id,
        "lang": subscription.lang,
        "next_sequence_number": 1,
        "initial_sequence_number": 1,
        "active": "on",
        "process_status": 0,
        "metadata": "null",
    }
    return sent | changes


def test_a_change_on_the_page_keeps_what_a_send_has_moved(as_root, mary) -> None:
    url = page("subscription", "change", mary.pk)
    as_root.get(url)
    Subscription.objects.update(last_slot_at=MORNING + DAY)

    as_root.post(url, subscription_form(mary, lang="zul_ZA"))

    mary.refresh_from_db()
    assert (mary.lang, mary.last_slot_at, mary.updated_by.username) == ("zul_ZA", MORNING + DAY, "root")


def test_a_subscription_that_follows_a_date_is_begun_and_corrected_by_hand(as_root, mary) -> None:
    due = (now() + 100 * DAY).date()
    MessageSet.objects.update(starts_after=-99)
    new = subscription_form(mary, anchor_date=due.isoformat())
    assert as_root.post(page("subscription", "add"), new).status_code == 302
    made = Subscription.objects.exclude(pk=mary.pk).get()
    assert (made.anchor_date, made.anchor_set) == (due, made.messageset)

    earlier = due - 2 * DAY
    form = subscription_form(mary, next_sequence_number=made.next_sequence_number, metadata="{}")
    url = page("subscription", "change", made.pk)
    assert as_root.post(url, {**form, "anchor_date": earlier.isoformat()}).status_code == 302

    made.refresh_from_db()
    assert made.anchor_date == earlier
    assert made.changes.values_list("kind", "created_by__username").get() == ("date", "root")


def test_a_date_that_cannot_be_followed_is_refused(as_root, mary) -> None:
    form = subscription_form(mary, anchor_date="2026-06-01")
    for url in (page("subscription", "add"), page("subscription", "change", mary.pk)):
        assert list(errors(as_root.post(url, form))) == ["anchor_date"]


def test_a_subscription_is_begun_by_hand(as_root, mary) -> None:
    as_root.post(page("subscription", "add"), subscription_form(mary, next_sequence_number=2))

    made = Subscription.objects.exclude(pk=mary.pk).get()
    assert (made.contact, made.next_sequence_number, made.created_by.username) == (mary.contact, 2, "root")


@pytest.mark.parametrize(
    ("change", "field"),
    [
        ({"next_sequence_number": 0}, "next_sequence_number"),
        ({"lang": "english"}, "lang"),
        ({"metadata": "[1]"}, "metadata"),
    ],
)
def test_a_subscription_that_breaks_a_rule(as_root, mary, change, field) -> None:
    response = as_root.post(page("subscription", "change", mary.pk), subscription_form(mary, **change))

    assert list(errors(response)) == [field]


def test_deleting_a_subscription_cancels_what_waits(as_root, mary) -> None:
    waiting = Delivery.objects.create(
        source="subscription", cause=mary.pk, slot_key="x", contact=mary.contact
    )

    as_root.post(page("subscription", "delete", mary.pk), {"post": "yes"})

    waiting.refresh_from_db()
    assert (waiting.state, Subscription.objects.count()) == ("cancelled", 0)
    assert Contact.objects.exists()
    assert Address.objects.exists()


# --- Records -------------------------------------------------------------------------------


@pytest.mark.parametrize("model", ["dueslot", "metric"])
def test_what_the_program_records_is_only_looked_at(as_root, one_of_each, model) -> None:
    assert as_root.get(page(model, "add")).status_code == 403
    record = (DueSlot if model == "dueslot" else Metric).objects.get()
    assert as_root.post(page(model, "delete", record.pk), {"post": "yes"}).status_code == 403
    assert as_root.post(page(model, "change", record.pk), {}).status_code == 403


def test_staff_without_rights_sees_nothing(client, staff, db) -> None:
    client.force_login(staff)
    for model in MODELS:
        assert client.get(page(model)).status_code == 403


def test_a_schedule_that_is_not_there_yet_claims_no_times(as_root, daily) -> None:
    said = as_root.get(page("schedule", "add")).content.decode()
    assert "0 to 23." in said
    assert "Every minute" not in said
    assert "At 08:00" in as_root.get(page("schedule", "change", daily.pk)).content.decode()
