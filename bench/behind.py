"""Who is behind among a million subscriptions: how long it takes to find and keep them.

    python -m bench.behind [--subscriptions 1000000] [--behind 10] [--sets 12]

On PostgreSQL. Subscriptions have begun over the last year on schedules of
two and three times a week, in two languages' worth of sets that follow each
other; the given share of them (in percent) has missed two slots.
"""

from __future__ import annotations

import argparse
import sys
from datetime import UTC, datetime, timedelta
from zoneinfo import ZoneInfo

from bench.common import Stopwatch, database, execute, say, set_up_django
from bench.programme import LANGUAGE, empty, insert_select, literal

MESSAGES = 120


def main() -> None:
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawTextHelpFormatter)
    parser.add_argument("--subscriptions", type=int, default=1_000_000)
    parser.add_argument("--behind", type=int, default=10, help="how many in a hundred are behind")
    parser.add_argument("--sets", type=int, default=12)
    wanted = parser.parse_args()
    with database("behind") as url:
        set_up_django(DATABASE_URL=url)
        fill(subscriptions=wanted.subscriptions, behind=wanted.behind, sets=wanted.sets)
        sys.exit(measure(wanted.subscriptions, wanted.behind))


def fill(*, subscriptions: int, behind: int, sets: int) -> None:
    """So many subscriptions, evenly on the sets, each begun at some time of the last year."""
    from contacts.models import Contact
    from stagebased.models import Subscription

    empty()
    insert_select(Contact, "generate_series(1, %s)", [subscriptions], id="gen_random_uuid()")
    each = subscriptions // sets
    for number in range(sets):
        _fill_set(number, each, behind)
    for model in (Contact, Subscription):
        execute(f"VACUUM ANALYZE {model._meta.db_table}")
    say(f"{Subscription.objects.count():,} subscriptions on {sets} sets")


def _fill_set(number: int, people: int, behind: int) -> None:
    from stagebased.calendar import slots_between
    from stagebased.models import Message, MessageSet, Schedule, Subscription
    from stagebased.slots import cron_of

    now = datetime.now(UTC)
    weekdays = "1,4" if number % 2 else "1,3,5"
    schedule = Schedule.objects.create(minute="0", hour="8", day_of_week=weekdays, planned_until=now)
    after = MessageSet.objects.create(short_name=f"after {number}", default_schedule=schedule)
    programme = MessageSet.objects.create(
        short_name=f"set {number}", default_schedule=schedule, next_set=after
    )
    Message.objects.bulk_create(
        Message(messageset=one, sequence_number=n, lang=LANGUAGE, text_content="x")
        for one in (programme, after)
        for n in range(1, MESSAGES + 1)
    )
    since = now - timedelta(days=250)
    slots = slots_between(cron_of(schedule), ZoneInfo("UTC"), since, now)
    moments = "ARRAY[" + ",".join(f"'{slot.isoformat()}'::timestamptz" for slot in slots) + "]"
    # Whoever began after so many of the slots has had the others; some two less.
    had = f"({len(slots)} - width_bucket(begun, {moments}))"
    lag = f"(CASE WHEN random() < {behind / 100} THEN 2 ELSE 0 END)"
    source = (
        "(SELECT id, now() - random() * interval '240 days' AS begun FROM contacts_contact"
        f" ORDER BY id OFFSET {number * people} LIMIT {people}) AS c"
    )
    insert_select(
        Subscription, source, [],
        id="gen_random_uuid()", contact_id="c.id", messageset_id=str(programme.pk),
        schedule_id=str(schedule.pk), lang=literal(LANGUAGE), created_at="c.begun",
        next_sequence_number=f"GREATEST(1, LEAST({MESSAGES}, 1 + {had} - {lag}))",
    )  # fmt: skip


def measure(subscriptions: int, share: int) -> int:
    from stagebased.models import BehindSubscription
    from stagebased.operations import catching_up
    from stagebased.operations.audit import NOBODY

    now = datetime.now(UTC)
    times = []
    for run in range(3):
        watch = Stopwatch()
        found = catching_up.find(now=now)
        times.append(watch.wall())
        say(f"run {run + 1}: {found:,} behind, found and kept in {watch.wall():.1f} s")
    watch = Stopwatch()
    done = catching_up.fast_forward_all(author=NOBODY, now=now)
    say(f"fast forward: {done.done:,} in {watch.wall():.1f} s")
    watch = Stopwatch()
    sent = catching_up.send_one_to_each(now=now)
    say(f"send one: {sent.done + sent.refused:,} in {watch.wall():.1f} s")
    assert BehindSubscription.objects.count() == sent.left
    worst = max(times)
    say(f"slowest of three: {worst:.1f} s for {subscriptions:,} subscriptions (goal: under 60 s)")
    return int(worst >= 60)


if __name__ == "__main__":
    main()
