"""People whom only another identity store knows, asked for over a real connection."""

import json
import threading
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer
from uuid import UUID, uuid4

import pytest
from django.utils.timezone import now

from contacts import external
from contacts.models import Address, Contact
from contacts.operations import best_address, get_or_create_contact
from contacts.tasks import look_people_up
from tests.contacts.conftest import ALICE_NUMBER, BOB_NUMBER

pytestmark = pytest.mark.fault("F12")

TOKEN = "0123456789abcdef"


class Store(ThreadingHTTPServer):
    """Another identity store: ``people`` by identity, ``fault`` to answer something else."""

    daemon_threads = True

    def __init__(self) -> None:
        super().__init__(("127.0.0.1", 0), Answer)
        self.people: dict[str, object] = {}
        self.asked: list[tuple[str, str | None]] = []
        self.fault: tuple[int, dict[str, str], bytes] | None = None
        threading.Thread(target=self.serve_forever, args=[0.02], daemon=True).start()

    @property
    def url(self) -> str:
        return f"http://127.0.0.1:{self.server_port}/api/v1"

    def knows(self, details, *, identity: UUID | None = None, **fields) -> UUID:
        identity = identity or uuid4()
        self.people[str(identity)] = {"id": str(identity), "details": details, **fields}
        return identity


class Answer(BaseHTTPRequestHandler):
    server: Store

    def log_message(self, *args) -> None:
        pass

    def do_GET(self) -> None:
        self.server.asked.append((self.path, self.headers["Authorization"]))
        status, headers, body = self.server.fault or self.record()
        self.send_response(status)
        for name, value in headers.items():
            self.send_header(name, value)
        self.end_headers()
        self.wfile.write(body)

    def record(self) -> tuple[int, dict[str, str], bytes]:
        found = self.server.people.get(self.path.rstrip("/").rsplit("/", 1)[-1])
        body = {"detail": "Not found."} if found is None else found
        return (404 if found is None else 200), {}, json.dumps(body).encode()


@pytest.fixture
def store(db, settings):
    server = Store()
    settings.IDENTITY_STORE_URL, settings.IDENTITY_STORE_TOKEN = server.url, TOKEN
    settings.IDENTITY_STORE_TIMEOUT = 5
    yield server
    server.shutdown()
    server.server_close()


def subscribed(identity: UUID) -> Contact:
    """As a webhook leaves somebody of whom it tells no number."""
    return get_or_create_contact(identity=identity, language="eng_ZA")[0]


def with_number(value: str = ALICE_NUMBER) -> dict:
    return {"addresses": {"msisdn": {value: {"default": True}}}}


def test_an_unknown_person_is_looked_up_and_can_then_be_reached(store) -> None:
    details = with_number() | {"name": "Thandi", "preferred_language": "zul_ZA", "edd": "2027-01-01"}
    contact = subscribed(store.knows(details))
    assert best_address(contact_id=contact.pk, kind="msisdn") is None
    look_people_up()
    contact.refresh_from_db()
    assert best_address(contact_id=contact.pk, kind="msisdn") == ALICE_NUMBER
    assert (contact.name, contact.details) == ("Thandi", {"edd": "2027-01-01"})
    assert contact.language == "eng_ZA", "what the hub said here counts"
    assert store.asked == [(f"/api/v1/identities/{contact.pk}/", f"Token {TOKEN}")]


def test_somebody_found_is_not_asked_for_again(store) -> None:
    subscribed(store.knows(with_number()))
    assert external.look_people_up() == 1
    assert external.look_people_up() == 0
    assert len(store.asked) == 1


def test_opt_outs_there_count_here(store) -> None:
    contact = subscribed(store.knows({"addresses": {"msisdn": {ALICE_NUMBER: {"optedout": True}}}}))
    look_people_up()
    assert best_address(contact_id=contact.pk, kind="msisdn") is None
    assert contact.opt_outs.get().source == "identity-store"


def test_whom_somebody_is_reached_through_is_looked_up_too(store) -> None:
    mother = store.knows(with_number(BOB_NUMBER))
    child = subscribed(store.knows({}, communicate_through=str(mother)))
    look_people_up()
    look_people_up()
    assert best_address(contact_id=child.pk, kind="msisdn") == BOB_NUMBER


@pytest.mark.parametrize("through", ["nobody", 5, None, []])
def test_an_odd_way_through_is_passed_over(store, through) -> None:
    contact = subscribed(store.knows(with_number(), communicate_through=through))
    look_people_up()
    contact.refresh_from_db()
    assert contact.communicate_through is None


def test_a_number_that_came_meanwhile_stays_the_only_one(store) -> None:
    contact = subscribed(store.knows(with_number()))
    get_or_create_contact(identity=contact.pk, msisdn=BOB_NUMBER)
    look_people_up()
    assert [address.value for address in contact.addresses.all()] == [BOB_NUMBER]


def test_what_is_malformed_there_is_left_out_here(store) -> None:
    details = {
        "preferred_language": "English!",
        "name": 7,
        "addresses": {
            "msisdn": {"082": {}, ALICE_NUMBER: {}, BOB_NUMBER: "yes"},
            "email": ["x"],
            "BAD KIND": {"x": {}},
        },
        "clinic": "Eastside",
    }
    contact = subscribed(store.knows(details))
    look_people_up()
    contact.refresh_from_db()
    assert [address.value for address in contact.addresses.all()] == [ALICE_NUMBER]
    assert contact.details == {"clinic": "Eastside"}


def test_somebody_unknown_there_too_is_asked_for_later_and_not_for_ever(store) -> None:
    contact = subscribed(uuid4())
    assert external.look_people_up() == 0
    contact.refresh_from_db()
    assert contact.look_up_at > now() + external.AFTER_UNKNOWN / 2
    Contact.objects.update(look_up_at=now(), created_at=now() - external.GIVE_UP * 2)
    look_people_up()
    contact.refresh_from_db()
    assert contact.look_up_at is None


UNUSABLE = {
    "no JSON": (200, {}, b"<html>"),
    "a list": (200, {}, b"[]"),
    "no details": (200, {}, b'{"id": "x"}'),
    "details a text": (200, {}, b'{"details": "x"}'),
    "NUL": (200, {}, b'{"details": {"name": "\\u0000"}}'),
    "NaN": (200, {}, b'{"details": {"weight": NaN}}'),
    "brackets without end": (200, {}, b"[" * 200_000),
    "two megabytes": (200, {}, b'{"details": {"x": "' + b"x" * 2_000_000 + b'"}}'),
    "cut short": (200, {"Content-Length": "1000"}, b'{"details": {}}'),
    "a wrong token": (401, {}, b"{}"),
    "a server error": (500, {}, b"oops"),
    "a redirect": (302, {"Location": "http://127.0.0.1:1/"}, b""),
}


@pytest.mark.parametrize("fault", UNUSABLE.values(), ids=UNUSABLE.keys())
def test_an_unusable_answer_changes_nothing_and_is_asked_for_again_soon(store, fault, caplog) -> None:
    contact = subscribed(store.knows(with_number()))
    store.fault = fault
    assert external.look_people_up() == 0
    contact.refresh_from_db()
    assert (contact.name, contact.details, Address.objects.count()) == ("", {}, 0)
    assert now() < contact.look_up_at <= now() + external.AFTER_OUTAGE
    assert TOKEN not in caplog.text
    assert "looked up" in caplog.text
    store.fault = None
    Contact.objects.update(look_up_at=now())
    assert external.look_people_up() == 1


def test_one_bad_record_does_not_keep_others_waiting(store) -> None:
    subscribed(store.knows("no details"))
    subscribed(store.knows(with_number()))
    assert external.look_people_up() == 1
    assert len(store.asked) == 2


def test_an_outage_is_not_asked_through_for_everybody(store) -> None:
    for _ in range(3):
        subscribed(store.knows(with_number()))
    store.fault = (503, {}, b"")
    look_people_up()
    assert len(store.asked) == 1


def test_a_store_that_is_gone_is_no_error_here(store) -> None:
    contact = subscribed(store.knows(with_number()))
    store.shutdown()
    store.server_close()
    assert external.look_people_up() == 0
    contact.refresh_from_db()
    assert contact.look_up_at is not None


def test_a_store_that_never_answers_is_given_up_on(store, settings) -> None:
    import socket

    with socket.create_server(("127.0.0.1", 0)) as silent:
        settings.IDENTITY_STORE_URL = f"http://127.0.0.1:{silent.getsockname()[1]}"
        settings.IDENTITY_STORE_TIMEOUT = 1
        with pytest.raises(external.IdentityStoreUnavailable, match="Timeout"):
            external.fetch_identity(uuid4())


def test_two_workers_ask_once(store) -> None:
    contact = subscribed(store.knows(with_number()))
    Contact.objects.filter(pk=contact.pk).update(look_up_at=now() + external.AFTER_OUTAGE)
    look_people_up()
    assert store.asked == []


def test_without_a_store_nobody_is_marked(db) -> None:
    assert subscribed(uuid4()).look_up_at is None


def test_somebody_with_a_number_is_not_marked(store) -> None:
    assert get_or_create_contact(identity=uuid4(), msisdn=ALICE_NUMBER)[0].look_up_at is None
