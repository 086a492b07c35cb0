"""Log lines: their two forms, what they keep to themselves, and the ids that lead through all processes."""

from __future__ import annotations

import json
import logging
import subprocess
import sys
import time
import uuid
from collections.abc import Iterator
from urllib.request import urlopen
from zoneinfo import ZoneInfo

import pytest
from celery import current_app
from django.db import IntegrityError, connection

from config import logs
from outbox import tasks, trail
from outbox.models import Delivery
from outbox.operations import queue
from smsbridge.loopback import Behaviour, Loopback
from smsbridge.spool.folders import Spool
from stagebased.api.views.helpers import Health
from tests import servers
from tests.config.test_settings import ROOT, value
from tests.stagebased import conftest as programme

NUMBER = "+27820001001"


class Lines(logging.Handler):
    """Keeps what is written, in the form of the given formatter."""

    def __init__(self, formatter: logging.Formatter) -> None:
        super().__init__()
        self.setFormatter(formatter)
        self.texts: list[str] = []

    def emit(self, record: logging.LogRecord) -> None:
        self.texts.append(self.format(record))

    @property
    def objects(self) -> list[dict]:
        return [json.loads(text) for text in self.texts]

    def of(self, logger: str) -> list[dict]:
        return [line for line in self.objects if line["logger"] == logger]


@pytest.fixture
def lines() -> Iterator[Lines]:
    handler, root = Lines(logs.JsonLine()), logging.getLogger()
    before = root.level
    root.setLevel(logging.INFO)
    root.addHandler(handler)
    yield handler
    root.removeHandler(handler)
    root.setLevel(before)


def record(message: str, *args: object, name: str = "outbox.wake", **attributes: object) -> logging.LogRecord:
    info = attributes.pop("exc_info", None)
    made = logging.LogRecord(name, logging.WARNING, __file__, 1, message, args, info)
    made.__dict__.update(attributes)
    return made


# --- The two forms ------------------------------------------------------------------


def test_a_line_of_json_has_its_own_fields_beside_the_common_ones():
    text = logs.JsonLine().format(record("%d deliveries %s", 2, "sent", fields={"state": "sent", "of": {}}))
    assert "\n" not in text
    line = json.loads(text)
    assert line.pop("time").endswith("+00:00")
    assert line == {
        "level": "warning", "logger": "outbox.wake", "message": "2 deliveries sent",
        "state": "sent", "of": {},
    }  # fmt: skip


def test_a_line_for_people():
    assert (
        logs.Line()
        .format(record("gateway %s in trouble", "sms"))
        .endswith(" WARNING outbox.wake: gateway sms in trouble")
    )


def test_a_message_of_several_lines_stays_on_one_in_json():
    text = logs.JsonLine().format(record("slot 5 could not be planned: KeyError\nplan.py"))
    assert len(text.splitlines()) == 1


@pytest.mark.parametrize(
    ("variables", "form"),
    [({}, "line"), ({"LOG_FORMAT": "json"}, "json"),
     ({"PRODUCTION": "true", "SECRET_KEY": "k9" * 30, "ALLOWED_HOSTS": "x.example"}, "json")],
)  # fmt: skip
def test_production_writes_json(tmp_path, variables, form):
    assert value(tmp_path, "settings.LOGGING['handlers']['console']['formatter']", **variables) == form


# --- What they keep to themselves ---------------------------------------------------


@pytest.mark.fault("F28")
@pytest.mark.parametrize(
    "text",
    [
        f"no answer for {NUMBER}",
        "no answer for 27820001001.",
        "mobiles=%2B27820001001&text=hello",
        "to 082 000 1001 twice",
        "(021) 555-01234",
        f"Key (address)=({NUMBER}) already exists",
        "Authorization: Token 0123456789abcdef0123456789abcdef01234567",
        "secret whsec_MfKQ9r8GKYqrTwjUPD8ILPZIo2LaLaSw",
    ],
)
def test_numbers_and_keys_are_masked(text):
    assert "[number]" in logs.masked(text) or "[key]" in logs.masked(text)
    for part in ("0001001", "000 1001", "01234", "0123456789abcdef", "MfKQ9r8"):
        assert part not in logs.masked(text)


@pytest.mark.parametrize(
    "text",
    [
        "delivery 0198c2a4-1234-7890-8123-456789012345 is lost",
        "delivery 0198c2a4123478908123456789012345 is lost",
        "2026-11-21 08:00:00 slot missed",
        "slot 2026-11-21T08:00Z",
        "account 1234567 in 12 ms, 1795000000.25",
        "Listening at: http://127.0.0.1:8000 (12345)",
    ],
)
def test_ids_times_and_addresses_are_not(text):
    assert logs.masked(text) == text


def raised(error: Exception) -> tuple:
    try:
        try:
            raise error
        except Exception as cause:
            raise RuntimeError(f"while sending to {NUMBER}") from cause
    except RuntimeError:
        return sys.exc_info()


def test_an_error_is_shown_by_kind_and_place_without_its_words():
    info = raised(ValueError(f"bad text: hello {NUMBER}"))
    told = logs.Line().format(record("it broke off", exc_info=info))
    assert "builtins.ValueError" in told
    assert "builtins.RuntimeError" in told
    assert f"{__file__}:" in told
    assert "in raised" in told
    assert "hello" not in told
    assert "0001001" not in told


def test_debugging_shows_the_words(settings):
    settings.DEBUG = True
    told = logs.Line().format(record("it broke off", exc_info=raised(ValueError("bad text"))))
    assert "ValueError: bad text" in told
    assert 'raise RuntimeError(f"while' in told


@pytest.mark.fault("F28")
def test_celery_says_which_task_broke_off_and_where_but_not_with_which_words(lines):
    @current_app.task(name="tests.breaks_off")
    def breaks_off() -> None:
        raise ValueError(f"hello {NUMBER}")

    breaks_off.apply(task_id=(key := str(uuid.uuid4())))
    [line] = lines.of("celery.app.trace")
    assert line["message"] == f"task tests.breaks_off[{key}] broke off"
    assert (line["task"], line["task_id"]) == ("tests.breaks_off", key)
    assert "ValueError" in line["error"]
    assert "hello" not in json.dumps(lines.objects)


def test_a_crash_in_a_request_names_the_route_not_the_path(lines, as_alice, monkeypatch):
    def broken(self, request):
        with connection.cursor() as cursor:
            cursor.execute("SELECT %s, nothing", [NUMBER])

    monkeypatch.setattr(Health, "get", broken)
    monkeypatch.setattr(Health, "handle_exception", lambda self, exc: (_ for _ in ()).throw(exc))
    as_alice.raise_request_exception = False
    assert as_alice.get(f"/api/health/?msisdn={NUMBER}").status_code == 500
    [line] = lines.of("django.request")
    assert line["message"] == "Internal Server Error: api/health/"
    assert "Error" in line["error"]
    assert "0001001" not in json.dumps(lines.objects)


def test_a_path_that_is_no_route_is_not_written(lines, client, db):
    assert client.get(f"/api/v1/{NUMBER}/").status_code == 404
    assert [line["route"] for line in lines.of("config.requests")] == ["no route"]
    assert "0001001" not in json.dumps(lines.objects)


# --- Requests -----------------------------------------------------------------------


def test_each_request_leaves_a_line(lines, as_alice, alice):
    answer = as_alice.get(f"/api/v1/subscriptions/?identity={uuid.uuid4()}")
    [line] = lines.of("config.requests")
    assert line["request_id"] == answer["X-Request-ID"]
    wanted = {"method": "GET", "status": 200, "user": alice.pk, "level": "info"}
    assert line.items() >= wanted.items()
    assert line["route"].startswith("api/v1/")
    assert "identity" not in json.dumps(line)


def test_the_line_can_be_left_out(lines, as_alice, settings):
    settings.LOG_REQUESTS = False
    assert as_alice.get("/api/health/")["X-Request-ID"]
    assert lines.of("config.requests") == []


def test_nobody_is_looked_up_for_the_log(lines, client, db, django_assert_num_queries):
    with django_assert_num_queries(0):
        client.get("/docs/architecture")
    assert lines.of("config.requests")[0]["user"] is None


def test_an_id_that_is_a_uuid_is_kept(client, db):
    given = str(uuid.uuid4())
    assert client.get("/", headers={"X-Request-ID": given})["X-Request-ID"] == given
    assert client.get("/", headers={"X-Request-ID": given.replace("-", "")})["X-Request-ID"] == given


@pytest.mark.parametrize("given", [NUMBER, "", "x" * 36, "{" + "0" * 34 + "}", "a\u00fc", "1" * 5000])
def test_any_other_id_is_replaced(client, db, given):
    answered = client.get("/", headers={"X-Request-ID": given})["X-Request-ID"]
    assert answered != given
    assert uuid.UUID(answered)


def test_probes_leave_no_line(lines, client, db):
    client.get("/healthz/live")
    client.get("/healthz/ready")
    assert lines.of("config.requests") == []


# --- From the call to the status report ---------------------------------------------


@pytest.fixture
def spool(tmp_path, settings, db) -> Spool:
    settings.SMS_GATEWAYS = {"sms": tmp_path / "spool"}
    made = Spool(tmp_path / "spool", sync=False)
    made.create()
    return made


class Clock:
    def __init__(self) -> None:
        self.now = time.time()

    def __call__(self) -> float:
        return self.now


@pytest.mark.django_db(transaction=True)
def test_the_calls_id_leads_from_the_request_to_the_status_report(lines, as_alice, spool):
    """Request, worker and collector write lines of their own, and both ids are in all of them."""
    answer = as_alice.post("/api/v1.0/sms/outgoing", {"text": "Hello", "mobiles": [NUMBER]})
    assert answer.status_code == 201, answer.content
    request_id = answer["X-Request-ID"]
    [told] = answer.json()["mobiles"].values()
    delivery = Delivery.objects.get(pk=told["message_id"])
    assert str(delivery.origin) == request_id

    task_id, clock = str(uuid.uuid4()), Clock()
    loopback = Loopback(spool, Behaviour(), zone=ZoneInfo("UTC"), clock=clock)
    for _ in range(6):
        tasks.run_gateway.apply(args=["sms"], task_id=task_id)
        loopback.step()
        clock.now += 1
        loopback.step()
    delivery.refresh_from_db()
    assert delivery.state == "delivered"

    trail = lines.of("outbox.trail")
    assert all(line["of"] == {request_id: [str(delivery.pk)]} for line in trail)
    in_request = [line["state"] for line in trail if line.get("request_id") == request_id]
    in_worker = [line["state"] for line in trail if line.get("task_id") == task_id]
    assert (in_request, in_worker[-1]) == (["claimed", "handed"], "delivered")
    assert "0001001" not in json.dumps(lines.objects)
    assert "Hello" not in json.dumps(lines.objects)


daily, make_set, pregnancy, subscribe = (
    programme.daily, programme.make_set, programme.pregnancy, programme.subscribe,
)  # fmt: skip


def test_what_the_planner_makes_names_the_task_that_made_it(subscribe, pregnancy, lines):
    subscription, task_id = subscribe(pregnancy), uuid.uuid4()
    begun = trail.begin(task_id)
    programme.tick(programme.MORNING)
    trail.end(begun)
    assert Delivery.objects.get(cause=subscription.pk).origin == task_id
    [line] = lines.of("stagebased.planner.run")
    assert line["message"].endswith("1 queued, 0 failed, 0 skipped")


def test_outside_any_request_or_task_a_delivery_has_no_origin(db):
    delivery, _ = queue(source="test", cause=uuid.uuid4(), slot_key="1", address=NUMBER, text="x")
    assert delivery.origin is None


def test_many_deliveries_are_few_lines(lines):
    ids, made = [uuid.uuid4() for _ in range(1200)], uuid.uuid4()
    trail.note("sent", ids, dict.fromkeys(ids[:600], made))
    found = lines.of("outbox.trail")
    assert [line["message"].partition(" ")[0] for line in found] == ["500", "500", "200"]
    assert sum(len(line["of"].get(str(made), [])) for line in found) == 600
    assert sum(len(line["of"].get("", [])) for line in found) == 600


@pytest.mark.fault("F28")
def test_a_broken_constraint_does_not_repeat_the_row(db):
    try:
        with connection.cursor() as cursor:
            cursor.execute("INSERT INTO contacts_address (value) VALUES (%s)", [NUMBER])
    except IntegrityError:
        told = logs.error_text(sys.exc_info())
    assert "IntegrityError" in told
    assert "0001001" not in told


# --- Every process ------------------------------------------------------------------


def test_gunicorn_and_its_workers_write_json_too(tmp_path):
    port = servers.free_port()
    environment = {"PATH": "/usr/bin:/bin", "VAR_DIR": str(tmp_path), "ENV_FILE": "", "LOG_FORMAT": "json"}
    command = [sys.executable, "-m", "gunicorn", "config.wsgi:application", "--bind", f"127.0.0.1:{port}"]
    command += ["--no-control-socket"]
    with subprocess.Popen(command, cwd=ROOT, env=environment, stderr=subprocess.PIPE, text=True) as server:
        try:
            servers.wait_until(lambda: servers.listens(port), seconds=60, what="gunicorn")
            where = f"http://127.0.0.1:{port}/docs/architecture?msisdn=%2B27820001001"
            with urlopen(where, timeout=60) as answer:
                request_id = answer.headers["X-Request-ID"]
        finally:
            server.terminate()
            _, written = server.communicate(timeout=60)
    found = [json.loads(line) for line in written.splitlines()]
    assert {"gunicorn.error", "config.requests"} <= {line["logger"] for line in found}
    assert request_id in {line.get("request_id") for line in found}
    assert "msisdn" not in written
