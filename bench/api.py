"""How many requests a second the stage-based API answers, beside bare views doing the same SQL.

``make bench-api`` or ``python -m bench.api --subscribers 1000000 --seconds 10``.
Prints for each call the product's rate, the bare view's and their ratio, and
ends with status 1 when a ratio is below 0.5.
"""

from __future__ import annotations

import argparse
import json
import random
import sys
from collections.abc import Sequence
from contextlib import ExitStack
from functools import partial

from bench.common import database, execute, say, set_up_django, workspace
from bench.http import CLIENTS, WORKERS, Call, compare, driver, rate, served
from bench.programme import fill

LEAST_RATIO = 0.5
#: Different subscriptions asked for in turn, so that no answer is served twice from the same warm page.
SAMPLE = 2000
_SPREAD = "UPDATE stagebased_subscription SET created_at = now() - random() * interval '300 days'"


def main() -> None:
    options = _options()
    with ExitStack() as stack:
        home = stack.enter_context(workspace("bench-api"))
        url = stack.enter_context(database("api"))
        environment = {"DATABASE_URL": url, "VAR_DIR": str(home / "var"), "SECRET_KEY": "bench " * 10}
        set_up_django(**environment)
        say(f"Filling in {options.subscribers:,} subscriptions …")
        token, calls = _prepare(options.subscribers)
        product, bare = (
            stack.enter_context(served(name, environment=environment, log=home / "server.log"))
            for name in ("config.wsgi:application", "bench.bare:application")
        )
        say(f"gunicorn with {WORKERS} workers, {CLIENTS} connections, asked by {driver()}")

        def measured(name: str, asked: Sequence[Call]) -> float:
            ask = partial(rate, calls=asked, token=token, seconds=options.seconds, home=home)
            return compare(name, (product, bare), ask, rounds=options.rounds)

        ratios = [measured(name, asked) for name, asked in calls.items()]
    if min(ratios) < LEAST_RATIO:
        sys.exit(f"A ratio is below {LEAST_RATIO}.")


def _options() -> argparse.Namespace:
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("--subscribers", type=int, default=1_000_000)
    parser.add_argument("--seconds", type=float, default=8, help="per call, server and round")
    parser.add_argument("--rounds", type=int, default=3)
    return parser.parse_args()


def _prepare(subscribers: int) -> tuple[str, dict[str, list[Call]]]:
    """Fill the database; a token's key, and the calls by what they are."""
    from accounts.models import User
    from accounts.operations import issue_token
    from stagebased.models import MessageSet

    schedule = fill(subscribers=subscribers, due=subscribers)
    execute(_SPREAD)
    execute("VACUUM (FULL, ANALYZE) stagebased_subscription")
    # Sets the visibility map, which VACUUM FULL leaves empty: skipping rows then reads the index alone.
    execute("VACUUM ANALYZE stagebased_subscription")
    _, key = issue_token(user=User.objects.create_user("hub"), name="bench")
    return key, _calls(MessageSet.objects.get().pk, schedule, subscribers)


def _calls(set_id: int, schedule_id: int, subscribers: int) -> dict[str, list[Call]]:
    from stagebased.models import Subscription

    root = "/api/v1/subscriptions/"
    data = {
        "id": "@UUID@", "identity": "@UUID@", "messageset": set_id, "schedule": schedule_id, "lang": "eng_ZA",
        "next_sequence_number": 3, "metadata": {}, "created_at": "2026-11-20T08:00:00.000000Z",
    }  # fmt: skip
    hook = {"id": 5, "event": "subscriptionrequest.added", "target": "http://localhost/request"}
    people = _sample(list(Subscription.objects.values_list("pk", "contact_id")[: SAMPLE * 20]))
    pages = {
        f"page of 100 at {offset:,}": [Call("GET", f"{root}?limit=100&offset={offset}")]
        for offset in (0, subscribers // 4, subscribers // 2)
    }
    return {
        "webhook": [Call("POST", f"{root}request", json.dumps({"hook": hook, "data": data}))],
        "one subscription": [Call("GET", f"{root}{key}/") for key, _ in people],
        "?identity=": [Call("GET", f"{root}?identity={contact}") for _, contact in people],
        **pages,
    }


def _sample(rows: list[tuple[object, object]]) -> list[tuple[object, object]]:
    return random.Random(1).sample(rows, min(SAMPLE, len(rows)))


if __name__ == "__main__":
    main()
