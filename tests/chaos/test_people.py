"""People opt out, and editors correct texts, in the very moment at which messages go out."""

from __future__ import annotations

import random
import threading

import psycopg2
import pytest

from tests import servers
from tests.chaos import faults
from tests.chaos.faults import Outcome
from tests.chaos.installation import Installation, Web, wait_for
from tests.chaos.sending import BRISK, begun, fill, reading, unsent

pytestmark = [pytest.mark.processes, pytest.mark.own_postgres, pytest.mark.redis]
PEOPLE = 100_000 if faults.FULL else 1_500
OPT_OUTS = 400 if faults.FULL else 60


@pytest.fixture
def remembering_commits(postgres_cluster: servers.Postgres) -> None:
    """PostgreSQL keeps when each transaction was committed: the only clock by which "after" can be judged."""
    with _superuser(postgres_cluster) as cursor:
        cursor.execute("ALTER SYSTEM SET track_commit_timestamp = on")
    postgres_cluster.restart("fast")


def _superuser(cluster: servers.Postgres):
    connection = psycopg2.connect(cluster.url())
    connection.autocommit = True
    return connection.cursor()


@pytest.mark.chaos
@pytest.mark.fault("F16")
def test_nobody_is_written_to_whose_opt_out_was_committed_before(
    remembering_commits: None, installation, outcome: Outcome
) -> None:
    chance = random.Random(16)
    system = installation(
        **BRISK
        | {"OUTBOX_BATCH": "500", "SMS_HIGH_WATER": "3000" if faults.FULL else "100", "PLANNER_BATCH": "5000"}
    )
    fill(system, PEOPLE)
    token, web = system.token(), system.web()
    people = [str(row[0]) for row in system.sql("SELECT id FROM contacts_contact")]
    system.worker("worker-1")
    system.worker("worker-2")
    system.beat("beat")
    with reading(system, per_second=PEOPLE // 30) as reader:
        begun(system, reader)
        for identity in chance.sample(people, OPT_OUTS):
            told = {"identity": identity, "optout_type": "stopall", "request_source": "hub"}
            answer = web.call("POST", "/api/v1/optout/", told, token=token)
            assert answer.status == 201, answer.body
            outcome.injected += 1
        wait_for("an end", lambda: waiting(system) == 0, seconds=60 + PEOPLE / 200)
    outcome.deliveries = PEOPLE
    outcome.doubled = sum(times - 1 for times in reader.seen.values())
    late = system.sql(
        "SELECT d.id FROM outbox_delivery d JOIN contacts_optout o ON o.contact_id = d.contact_id"
        " WHERE d.handed_at > pg_xact_commit_timestamp(o.xmin)"
    )
    [(stopped,)] = system.sql("SELECT count(*) FROM outbox_delivery WHERE reason = 'opted_out'")
    outcome.notes.append(f"{stopped} stopped in time, {len(late)} handed over afterwards")
    assert (late, outcome.doubled) == ([], 0)
    assert stopped > 0, "the messages were out before anybody opted out"


def waiting(system: Installation) -> int:
    [(found,)] = system.sql("SELECT count(*) FROM outbox_delivery WHERE state IN ('queued', 'claimed')")
    return found


@pytest.mark.fault("F17")
def test_everybody_gets_one_whole_version_of_a_text_that_is_edited_meanwhile(
    installation, outcome: Outcome
) -> None:
    people = 10_000 if faults.FULL else 1_200
    system = installation(**BRISK | {"PLANNER_BATCH": "100"})
    fill(system, people)
    token, web = system.token(), system.web()
    [(message,)] = system.sql("SELECT id FROM stagebased_message WHERE sequence_number = 1")
    versions = ["message 1"]
    stopping = threading.Event()
    editor = threading.Thread(target=edit, args=(web, token, message, versions, stopping))
    editor.start()
    system.worker("worker-1")
    system.worker("worker-2")
    system.beat("beat")
    with reading(system) as reader:
        begun(system, reader)
        wait_for("all files", lambda: len(reader.seen) == people, seconds=90)
        stopping.set()
        editor.join()
        wait_for("every delivery recorded as sent", lambda: unsent(system) == 0, seconds=30)
    found = {text for (text,) in system.sql("SELECT DISTINCT text FROM outbox_delivery")}
    outcome.injected, outcome.deliveries = len(versions) - 1, people
    outcome.doubled = sum(times - 1 for times in reader.seen.values())
    outcome.notes.append(f"{len(found)} of {len(versions)} versions went out")
    assert found <= set(versions)
    assert len(versions) > 3
    assert outcome.doubled == 0


def edit(web: Web, token: str, message: int, versions: list[str], stopping: threading.Event) -> None:
    while not stopping.wait(0.05):
        text = (
            f"version {len(versions)}, the beginning of which belongs to the end of version {len(versions)}"
        )
        versions.append(text)
        assert (
            web.call("PATCH", f"/api/v1/message/{message}/", {"text_content": text}, token=token).status
            == 200
        )
