"""How long it takes to foresee what somebody gets: a year of a daily set, and a chain of 40 weeks.

``make bench-preview``. Each is worked out as ``manage.py simulate`` does it,
and asked of the API, answer written out as JSON and all. Ends with status 1
when the median of a year takes 100 ms or more.
"""

from __future__ import annotations

import argparse
import statistics
import sys
from collections.abc import Callable
from contextlib import ExitStack
from datetime import UTC, datetime
from typing import Any

from bench.common import Stopwatch, database, say, set_up_django, workspace
from bench.programme import LANGUAGE, TEXT

MOST_MILLISECONDS = 100.0
START = datetime(2026, 1, 1, tzinfo=UTC)


def main() -> None:
    options = _options()
    with ExitStack() as stack:
        home = stack.enter_context(workspace("bench-preview"))
        url = stack.enter_context(database("preview"))
        set_up_django(
            DATABASE_URL=url, VAR_DIR=str(home / "var"), SECRET_KEY="bench " * 10, ALLOWED_HOSTS="testserver"
        )
        stack.callback(_disconnect)
        year, weeks = _daily(365), _chain(40)
        say(f"medians of {options.rounds}; first the clock, then this process's own time")
        took = [_simulated(year, options.rounds), _asked(year, options.rounds)]
        _simulated(weeks, options.rounds)
        _asked(weeks, options.rounds)
    if max(took) >= MOST_MILLISECONDS:
        sys.exit(f"A year takes {MOST_MILLISECONDS:.0f} ms or more.")


def _options() -> argparse.Namespace:
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("--rounds", type=int, default=50)
    return parser.parse_args()


def _disconnect() -> None:
    from django.db import connection

    connection.close()


def _daily(days: int) -> Any:
    """A set with a message for each day, in ten languages."""
    from stagebased.models import MessageSet, Schedule

    schedule = Schedule.objects.create(minute="0", hour="8", timezone="Africa/Johannesburg")
    made = MessageSet.objects.create(short_name=f"{days} days", default_schedule=schedule)
    _write(made, days)
    return made


def _chain(weeks: int) -> Any:
    """Sets of ten weeks, three messages a week, that follow each other."""
    from stagebased.models import MessageSet, Schedule

    schedule = Schedule.objects.create(
        minute="0", hour="9", day_of_week="1,3,5", timezone="Europe/London", in_contact_timezone=True
    )
    following = None
    for number in range(weeks // 10, 0, -1):
        name = f"weeks {10 * number - 9} to {10 * number}"
        following = MessageSet.objects.create(short_name=name, default_schedule=schedule, next_set=following)
        _write(following, 30)
    return following


def _write(message_set: Any, count: int) -> None:
    from stagebased.models import Message

    languages = [LANGUAGE, *(f"{letter}aa_ZA" for letter in "bcdefghij")]
    Message.objects.bulk_create(
        Message(messageset=message_set, sequence_number=n, lang=lang, text_content=f"{n}: {TEXT}")
        for n in range(1, count + 1)
        for lang in languages
    )


def _simulated(message_set: Any, rounds: int) -> float:
    from stagebased.simulation import simulate

    return _measure(
        f"{message_set.short_name}: worked out",
        rounds,
        lambda: len(simulate(message_set, START, LANGUAGE, "Africa/Johannesburg")),
    )


def _asked(message_set: Any, rounds: int) -> float:
    from rest_framework.test import APIClient

    from accounts.models import User

    client = APIClient()
    client.force_authenticate(User.objects.get_or_create(username="bench")[0])
    path = f"/api/v1/messageset/{message_set.pk}/preview/"
    wish = {"start": "2026-01-01", "lang": LANGUAGE, "timezone": "Africa/Johannesburg"}

    def ask() -> int:
        answer = client.post(path, wish, format="json")
        assert answer.status_code == 200, answer.content
        return int(answer.json()["count"])

    return _measure(f"{message_set.short_name}: asked of the API", rounds, ask)


def _measure(what: str, rounds: int, job: Callable[[], int]) -> float:
    """The median in milliseconds."""
    count, walls, owns = job(), [], []
    for _ in range(rounds):
        watch = Stopwatch()
        job()
        walls.append(1000 * watch.wall())
        owns.append(1000 * watch.own())
    wall, own = statistics.median(walls), statistics.median(owns)
    say(f"  {what:<40} {count:>4} messages {wall:7.1f} ms {own:7.1f} ms")
    return wall


if __name__ == "__main__":
    main()
