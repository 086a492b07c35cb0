"""Reading, listing and deleting messages: who sees what, and from where it is answered."""

from __future__ import annotations

from datetime import UTC, datetime, timedelta
from pathlib import Path

import pytest
from django.contrib.auth.models import Group, Permission
from django.db import connection
from django.test.utils import CaptureQueriesContext
from django.utils import timezone

from outbox.models import Delivery
from smsbridge.collector import collect
from smsbridge.models import GatewayAccount, InboundMessage
from tests.conftest import client_with_token
from tests.smsbridge.api.conftest import NUMBER, ROOT, first_id, quiet, sent, spread
from tests.smsbridge.smsd_files import handed

SENT_AT = datetime(2026, 11, 20, 11, 37, 9, tzinfo=UTC)


@pytest.fixture
def message(caller, spool, db) -> Delivery:
    """Alice's message, in the spool."""
    return Delivery.objects.get(pk=first_id(sent(caller)))


def pass_on(smsd, message: Delivery) -> None:
    """smsd sends it: the file is in sent/ and no longer in outgoing/."""
    smsd.path("outgoing", str(message.pk)).unlink()
    smsd.sent(message, 117, at=SENT_AT)


def archived(spool: Path) -> set[str]:
    return {path.name for path in (spool / "archive").rglob("*") if path.is_file()}


def get(client, kind: str, name: object = ""):
    return client.get(f"{ROOT}/sms/{kind}/{name}")


@pytest.mark.django_db(transaction=True)
class TestALife:
    """As one client sees its message through its life; collecting commits for itself."""

    def test_found_where_it_is_and_nowhere_else(self, caller, message, smsd, gateway):
        def kinds() -> list[str]:
            all_kinds = ("outgoing", "checked", "sent", "failed")
            by_id = [kind for kind in all_kinds if get(caller, kind, message.pk).status_code == 200]
            listed = [k for k in all_kinds if get(caller, k).json()["message_id"] == [str(message.pk)]]
            assert by_id == listed
            return by_id

        assert kinds() == ["outgoing"]
        smsd.path("outgoing", str(message.pk)).rename(smsd.path("checked", str(message.pk)))
        assert kinds() == ["checked"]
        smsd.path("checked", str(message.pk)).rename(smsd.path("outgoing", str(message.pk)))
        pass_on(smsd, message)
        assert kinds() == ["sent"]
        before = get(caller, "sent", message.pk).json()
        collect(gateway)
        assert smsd.archived("sent") == [str(message.pk)]
        assert kinds() == ["sent"]
        after = get(caller, "sent", message.pk).json()
        assert (before.pop("state"), after.pop("state")) == ("handed", "sent")
        assert before == after

    def test_sent_it_has_the_headers_that_clients_expect(self, caller, message, smsd, gateway):
        pass_on(smsd, message)
        collect(gateway)
        body = get(caller, "sent", message.pk).json()
        expected = {
            "From": "alice", "To": NUMBER, "Sent": "26-11-20 11:37:09", "Modem": "GSM1",
            "IMSI": "655010000000001", "message_id": str(message.pk), "text": "Hi, Jack!",
        }  # fmt: skip
        assert expected.items() <= body.items()

    def test_times_are_in_smsds_zone(self, caller, message, smsd, gateway, settings):
        settings.SMSD_TIMEZONE = "Africa/Johannesburg"
        pass_on(smsd, message)
        collect(gateway)
        assert get(caller, "sent", message.pk).json()["Sent"] == "26-11-20 11:37:09"

    def test_it_is_still_known_when_the_archive_is_emptied(self, caller, message, smsd, gateway):
        pass_on(smsd, message)
        collect(gateway)
        for file in smsd.path("archive", "").glob("*/sent/*"):
            file.unlink()
        body = get(caller, "sent", message.pk).json()
        assert (body["From"], body["Sent"], body["text"]) == ("alice", "26-11-20 11:37:09", "Hi, Jack!")

    def test_failed_it_tells_why(self, caller, message, smsd, gateway):
        smsd.path("outgoing", str(message.pk)).unlink()
        smsd.failed(message, "+CMS ERROR: 38 (Network out of order)", at=SENT_AT)
        collect(gateway)
        body = get(caller, "failed", message.pk).json()
        assert (body["Failed"], body["state"]) == ("26-11-20 11:37:09", "failed")
        assert "Network out of order" in body["Fail_reason"]

    def test_its_timeline_tells_everything_in_order(self, caller, other, message, smsd, gateway):
        pass_on(smsd, message)
        collect(gateway)
        smsd.report(117, at=SENT_AT + timedelta(seconds=5))
        collect(gateway)
        body = caller.get(f"{ROOT}/sms/{message.pk}/timeline").json()
        assert {event["event"] for event in body["events"]} == {
            "accepted", "due", "claimed", "handed", "sent", "delivered",
        }  # fmt: skip
        times = [event["at"] for event in body["events"]]
        assert times == sorted(times)
        assert (body["state"], body["parts"][0]["reference"], body["parts"][0]["status"]) == (
            "delivered",
            117,
            0,
        )
        assert other.get(f"{ROOT}/sms/{message.pk}/timeline").status_code == 403
        assert caller.get(f"{ROOT}/sms/nothing/timeline/").status_code == 404


@pytest.mark.django_db
class TestWhoSeesWhat:
    def test_others_messages_are_neither_listed_nor_read(self, caller, other, message):
        assert get(other, "outgoing").json()["message_id"] == []
        assert get(other, "outgoing", message.pk).status_code == 403
        assert get(caller, "outgoing").json()["message_id"] == [str(message.pk)]

    def test_administrators_see_everybodys(self, admin, other, bob, message, settings):
        for client in (admin,):
            assert get(client, "outgoing", message.pk).json()["From"] == "alice"
            assert get(client, "outgoing").json()["message_id"] == [str(message.pk)]
        settings.SMS_ADMIN_ACCOUNTS = ["bob"]
        assert get(other, "outgoing", message.pk).status_code == 200
        settings.SMS_ADMIN_ACCOUNTS = []
        GatewayAccount.objects.create(user=bob, is_admin=True)
        assert get(other, "outgoing", message.pk).status_code == 200

    def test_a_programmes_message_is_for_administrators(self, caller, admin, smsd, gateway):
        row = handed()
        smsd.sent(row)
        assert get(caller, "sent", row.pk).status_code == 403
        assert get(admin, "sent", row.pk).json()["text"] == "hello"

    def test_a_sender_called_like_an_account_opens_nothing(self, caller, admin, smsd):
        smsd.received("for you", sender="alice", toa="D0 alphanumeric", name="GSM1.abc")
        assert get(caller, "incoming", "GSM1.abc").status_code == 403
        assert get(admin, "incoming", "GSM1.abc").json()["text"] == "for you"

    def test_a_file_that_names_an_account_as_sender_is_not_its_own(self, caller, admin, smsd):
        smsd.write("sent", "foreign-1", "From: alice\nTo: 123456\n\nby another program")
        assert get(caller, "sent", "foreign-1").status_code == 404
        assert get(admin, "sent", "foreign-1").json()["From"] == "alice"

    def test_received_messages_need_their_own_permission(self, caller, alice, gateway):
        row = InboundMessage.objects.create(
            gateway="sms", file_name="GSM1.x", fingerprint="f", sender="+27820001001", text="hello",
            received_at=SENT_AT, headers={"From": "27820001001", "Modem": "GSM1"},
        )  # fmt: skip
        assert get(caller, "incoming").status_code == get(caller, "incoming", row.pk).status_code == 403
        alice.user_permissions.add(Permission.objects.get(codename="view_inboundmessage"))
        assert get(caller, "incoming").json()["message_id"] == [str(row.pk)]
        body = get(caller, "incoming", row.pk).json()
        assert (body["From"], body["Modem"], body["text"]) == ("27820001001", "GSM1", "hello")
        assert body["Received"] == "26-11-20 11:37:09"

    def test_an_unknown_id_is_a_404_as_the_original_words_it(self, caller):
        name = "7b533050-d5a0-4b52-b8ba-f5d2ed42e630f"
        answer = get(caller, "sent", name)
        assert answer.status_code == 404
        assert answer.json() == {
            "message: ": f"Not found: http://testserver{ROOT}/sms/sent/{name}",
            "status: ": 404,
        }


@pytest.mark.django_db
class TestForeignFiles:
    @pytest.mark.parametrize("kind", ["outgoing", "checked", "sent", "failed", "incoming"])
    def test_they_are_listed_and_readable(self, admin, smsd, kind):
        smsd.write(
            kind,
            "other-program.1",
            b"To: 4917012345\nAlphabet: ISO\n\n" + "Grüße €".encode("iso8859-15"),
        )
        smsd.write(kind, "other-program.1x.LOCK", "lock")
        smsd.write(kind, ".staged", "To: 1\n\nx")
        assert get(admin, kind).json()["message_id"] == ["other-program.1"]
        assert get(admin, kind, "other-program.1").json() == {
            "To": "4917012345", "Alphabet": "ISO", "message_id": "other-program.1", "text": "Grüße €",
        }  # fmt: skip

    def test_what_waits_in_a_queues_folder_counts_as_checked(self, admin, smsd, spool):
        (spool.root / "GSM2").mkdir()
        smsd.write("GSM2", "waiting", "To: 4917012345\n\nhello")
        assert get(admin, "checked").json()["message_id"] == ["waiting"]
        assert get(admin, "checked", "waiting").json()["text"] == "hello"

    @pytest.mark.parametrize(
        "content", [b"\xff\xfe\x00", b"no headers", b"", b"Alphabet: UCS2\n\n" + b"\xd8\x00\x0a"]
    )
    def test_a_broken_one_breaks_nothing(self, admin, smsd, content):
        smsd.write("incoming", "broken", content)
        assert get(admin, "incoming").json()["message_id"] == ["broken"]
        assert get(admin, "incoming", "broken").status_code in (200, 404)

    def test_gurmukhi_is_read(self, admin, smsd):
        text = "ਸਤ ਸ੍ਰੀ ਅਕਾਲ 😀"
        smsd.received(text, name="GSM1.pa")
        assert get(admin, "incoming", "GSM1.pa").json()["text"] == text


@pytest.mark.django_db
class TestLists:
    def test_both_forms_of_the_path(self, caller, message):
        for kind in ("checked", "failed", "sent"):
            assert caller.get(f"{ROOT}/sms/{kind}").json() == caller.get(f"{ROOT}/sms/{kind}/").json()

    def test_newest_first_with_limit_and_total(self, caller, settings):
        ids = [first_id(sent(caller, number)) for number in spread(5)]
        body = get(caller, "outgoing").json()
        assert body == {"message_id": ids[::-1], "limit": 10_000, "total_count": 5}
        settings.SMS_LIST_LIMIT = 2
        assert get(caller, "outgoing").json() == {"message_id": ids[:2:-1], "limit": 2, "total_count": 5}
        after = caller.get(f"{ROOT}/sms/outgoing/", {"before": ids[3]}).json()
        assert after["message_id"] == [ids[2], ids[1]]
        settings.SMS_LIST_LIMIT = 0
        assert get(caller, "outgoing").json() == {"message_id": ids[::-1], "limit": False, "total_count": 5}

    def test_an_account_can_have_a_limit_of_its_own(self, caller, alice):
        for _ in range(3):
            sent(caller)
        GatewayAccount.objects.filter(user=alice).update(list_limit=2)
        listed = get(caller, "outgoing").json()
        assert (len(listed["message_id"]), listed["limit"], listed["total_count"]) == (2, 2, 3)
        GatewayAccount.objects.filter(user=alice).update(list_limit=0)
        assert get(caller, "outgoing").json()["limit"] is False

    def test_a_caller_may_ask_for_less(self, caller, message):
        sent(caller)
        body = caller.get(f"{ROOT}/sms/outgoing/", {"limit": "1"}).json()
        assert (len(body["message_id"]), body["limit"], body["total_count"]) == (1, 1, 2)
        for limit in ("0", "-1", "x", "١", "9" * 30, ""):
            assert caller.get(f"{ROOT}/sms/outgoing/", {"limit": limit}).status_code == 400
        assert caller.get(f"{ROOT}/sms/outgoing/", {"before": "x\x00"}).status_code == 404

    def test_counting_stops_where_it_would_cost(self, admin, caller, smsd, alice):
        rows = [
            Delivery(
                source="sms-api",
                cause=alice_id,
                slot_key="1",
                address="+27820001001",
                state="sent",
                created_by=alice,
            )
            for alice_id in (Delivery._meta.pk.default() for _ in range(1105))
        ]
        Delivery.objects.bulk_create(rows)
        body = caller.get(f"{ROOT}/sms/sent/", {"limit": "100"}).json()
        assert (len(body["message_id"]), body["total_count"], body["more"]) == (100, 1100, True)
        for n in range(1105):
            smsd.write("failed", f"f{n}", "To: 1\n\nx")
        body = admin.get(f"{ROOT}/sms/failed/", {"limit": "100", "files": "only"}).json()
        assert (len(body["message_id"]), body["total_count"], body["more"]) == (100, 1100, True)

    def test_a_list_costs_as_many_statements_for_many_as_for_one(self, caller):
        def statements() -> int:
            with CaptureQueriesContext(connection) as asked:
                get(caller, "sent")
            return len(asked)

        sent(caller)
        few = statements()
        sent(caller, *spread(50))
        assert statements() == few


@pytest.mark.django_db
class TestDeleting:
    def test_is_for_administrators_who_are_told_so_before_anything_is_looked_for(self, caller, message):
        for name in (message.pk, "nothing"):
            answer = caller.delete(f"{ROOT}/sms/outgoing/{name}")
            assert (answer.status_code, answer.json()["status: "]) == (403, 403)
        assert Delivery.objects.get().state == "handed"

    @pytest.mark.parametrize(
        ("role", "sent", "incoming"),
        [(None, 403, 403), ("Viewer", 403, 403), ("Editor", 403, 403), ("Operator", 200, 403),
         ("Administrator", 200, 200)],
    )  # fmt: skip
    def test_staff_delete_what_their_role_lets_them(
        self, staff, message, smsd, gateway, role, sent, incoming
    ):
        if role:
            staff.groups.add(Group.objects.get(name=role))
        client = quiet(client_with_token(staff))
        smsd.sent(message)
        smsd.received("hello", sender="27820001001", name="GSM1.abc")
        collect(gateway)
        for kind, name, status in (
            ("sent", message.pk, sent), ("incoming", InboundMessage.objects.get().pk, incoming),
        ):  # fmt: skip
            assert get(client, kind, name).status_code == 200
            assert client.delete(f"{ROOT}/sms/{kind}/{name}").status_code == status

    def test_whoever_is_named_an_administrator_deletes_everything(self, caller, alice, smsd, settings):
        smsd.write("incoming", "GSM1.abc", "From: 1\n\nhello")
        assert caller.delete(f"{ROOT}/sms/incoming/GSM1.abc").status_code == 403
        settings.SMS_ADMIN_ACCOUNTS = ["alice"]
        assert caller.delete(f"{ROOT}/sms/incoming/GSM1.abc").status_code == 200

    def test_a_file_is_gone(self, admin, smsd):
        smsd.write("incoming", "GSM1.abc", "From: 1\n\nhello")
        answer = admin.delete(f"{ROOT}/sms/incoming/GSM1.abc")
        assert (answer.status_code, answer.json()) == (200, {"From": "1", "deleted": "incoming/GSM1.abc"})
        assert smsd.left_in("incoming") == []
        assert admin.delete(f"{ROOT}/sms/incoming/GSM1.abc").status_code == 404

    def test_a_waiting_message_is_cancelled(self, admin, caller):
        at = (timezone.now() + timedelta(hours=1)).isoformat()
        name = first_id(sent(caller, send_at=at))
        assert admin.delete(f"{ROOT}/sms/outgoing/{name}").status_code == 200
        row = Delivery.objects.get(pk=name)
        assert (row.state, row.reason) == ("cancelled", "deleted")

    def test_a_message_in_the_spool_is_taken_back(self, admin, message, smsd):
        assert admin.delete(f"{ROOT}/sms/outgoing/{message.pk}").status_code == 200
        assert smsd.left_in("outgoing") == []
        assert Delivery.objects.get().reason == "deleted"

    def test_one_that_smsd_is_working_on_stays(self, admin, message, smsd):
        smsd.write("outgoing", f"{message.pk}.LOCK", "")
        assert admin.delete(f"{ROOT}/sms/outgoing/{message.pk}").status_code == 409
        assert len(smsd.left_in("outgoing")) == 2
        assert Delivery.objects.get().state == "handed"

    def test_a_finished_message_leaves_no_trace_here(self, admin, message, smsd):
        Delivery.objects.update(state="sent", sent_at=SENT_AT)
        was = get(admin, "sent", message.pk).json()
        answer = admin.delete(f"{ROOT}/sms/sent/{message.pk}")
        headers = {name: value for name, value in was.items() if name not in ("message_id", "text", "state")}
        assert answer.json() == headers | {"deleted": f"sent/{message.pk}"}
        assert {"To", "From", "Sent"} <= headers.keys()
        assert get(admin, "sent", message.pk).status_code == 404
        assert smsd.left_in("outgoing") == []

    @pytest.mark.parametrize("kind", ["incoming", "sent"])
    def test_its_file_leaves_the_archive_on_whichever_host_that_is(
        self, admin, message, smsd, gateway, settings, tmp_path, kind
    ):
        name = message.pk
        if kind == "incoming":
            smsd.received("hello", sender="27820001001", name="GSM1.abc")
        else:
            smsd.sent(message)
        collect(gateway)
        if kind == "incoming":
            name = InboundMessage.objects.get().pk
        smsd.write("incoming", "GSM1.other", "From: 1\n\nstays")
        collect(gateway)
        here = settings.SMS_GATEWAYS["sms"]
        assert len(archived(here)) == 2
        settings.SMS_GATEWAYS = {"sms": tmp_path / "elsewhere"}
        assert admin.delete(f"{ROOT}/sms/{kind}/{name}").status_code == 200
        settings.SMS_GATEWAYS = {"sms": here}
        collect(gateway)
        assert archived(here) == {"GSM1.other"}

    def test_a_programmes_record_stays(self, admin, gateway):
        row = handed(state="sent", sent_at=SENT_AT)
        assert admin.delete(f"{ROOT}/sms/sent/{row.pk}").status_code == 409
        assert Delivery.objects.filter(pk=row.pk).exists()
