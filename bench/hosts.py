"""How fast hosts are found by place beside the bare SQL, and what a mailbox of many threads costs.

``make bench-hosts`` or ``python -m bench.hosts --members 300000``. Members
live in clusters, like people. Ends with status 1 when the search takes more
than twice the time of the bare statements, which count the hosts of the box
and read the nearest fifty with all their columns.
"""

from __future__ import annotations

import argparse
import random
import statistics
import sys
import time
from collections.abc import Callable
from contextlib import ExitStack

from bench.common import database, execute, say, set_up_django, workspace

MOST_RATIO = 2.0
LIMIT = 50
_ACCOUNTS = """
INSERT INTO accounts_user (password, is_superuser, username, first_name, last_name, email, is_staff,
                           is_active, date_joined)
SELECT '!', false, 'member' || n, '', '', 'member' || n || '@example.org', false, true, now()
  FROM generate_series(1, %s) n"""
_PROFILES = """
WITH clusters AS (
    SELECT n, (random() * 130 - 60) AS lat, (random() * 360 - 180) AS lon FROM generate_series(0, 1999) n)
INSERT INTO hospitality_member
SELECT (jsonb_populate_record(NULL::hospitality_member, to_jsonb(model) || jsonb_build_object(
           'user_id', u.id, 'fullname', 'Full Name ' || u.id, 'fullname_key', 'full name ' || u.id,
           'city', 'City ' || c.n, 'city_key', 'city ' || c.n,
           'latitude', greatest(-89, least(89, c.lat + (random() - 0.5) * 0.6)),
           'longitude', greatest(-179.9, least(179.9, c.lon + (random() - 0.5) * 0.6)),
           'notcurrentlyavailable', random() < 0.2))).*
  FROM accounts_user u JOIN clusters c ON c.n = u.id %% 2000
 CROSS JOIN (SELECT * FROM hospitality_member ORDER BY user_id LIMIT 1) model
 WHERE u.id <> model.user_id"""
_LISTED = """
 FROM hospitality_member m JOIN accounts_user u ON u.id = m.user_id
WHERE m.validated AND NOT m.notcurrentlyavailable AND m.latitude IS NOT NULL AND u.is_active
  AND point(m.longitude, m.latitude) <@ box(point(%s, %s), point(%s, %s))"""
_NEAREST = f"""
SELECT m.*, u.* {_LISTED} ORDER BY point(m.longitude, m.latitude) <-> point(%s, %s) LIMIT {LIMIT}"""
_LETTERS = """
WITH sent AS (
    INSERT INTO sendables_message (content, sent_on, subject, sender_id)
    SELECT 'Hello', now() - n * interval '1 minute', 'Subject ' || n, %s FROM generate_series(1, %s) n
    RETURNING id, sent_on)
INSERT INTO sendables_messagereceipt (sendable_id, recipient_id, sent_on, place)
SELECT id, %s, sent_on, row_number() OVER (ORDER BY id) FROM sent"""


def main() -> None:
    options = _options()
    with ExitStack() as stack:
        home = stack.enter_context(workspace("bench-hosts"))
        url = stack.enter_context(database("hosts"))
        set_up_django(DATABASE_URL=url, VAR_DIR=str(home / "var"), SECRET_KEY="bench " * 10)
        stack.callback(_disconnect)
        _fill(options.members)
        say(f"{options.members} members in 2000 clusters; medians of {options.rounds} places")
        ratios = [_compare(half, options.rounds) for half in (0.5, 5.0)]
        _mailbox(options.threads)
    if max(ratios) > MOST_RATIO:
        sys.exit(f"The search takes more than {MOST_RATIO} times as long as its statements.")


def _options() -> argparse.Namespace:
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("--members", type=int, default=300_000)
    parser.add_argument("--threads", type=int, default=10_000)
    parser.add_argument("--rounds", type=int, default=100)
    return parser.parse_args()


def _disconnect() -> None:
    from django.db import connection

    connection.close()


def _fill(members: int) -> None:
    from accounts.models import User
    from hospitality.models import Member

    execute(_ACCOUNTS, [members])
    first = User.objects.order_by("pk")[0]
    Member.objects.create(user=first, latitude=0, longitude=0)
    execute(_PROFILES)
    for table in ("accounts_user", "hospitality_member"):
        execute(f"VACUUM ANALYZE {table}")


def _compare(half: float, rounds: int) -> float:
    """Both in turns at the same places; the ratio of the medians."""
    ours, bare = [], []
    for lat, lon in _centres(rounds):
        bare.append(_seconds(lambda: _bare(lat, lon, half)))  # noqa: B023 - called at once
        ours.append(_seconds(lambda: _searched(lat, lon, half)))  # noqa: B023 - called at once
    mine, least = statistics.median(ours), statistics.median(bare)
    name = f"nearest {LIMIT} within ±{half}°"
    say(f"{name:<28} {mine * 1000:>8.2f} ms   bare {least * 1000:>8.2f} ms   ratio {mine / least:.2f}")
    return mine / least


def _centres(number: int) -> list[tuple[float, float]]:
    """Places where members live, the same in each run over the same data."""
    from hospitality.models import Member

    dice = random.Random(1)
    keys = list(Member.objects.filter(longitude__range=(-170, 170)).values_list("pk", flat=True)[:200_000])
    chosen = Member.objects.filter(pk__in=dice.sample(keys, number))
    return [(lat or 0.0, lon or 0.0) for lat, lon in chosen.values_list("latitude", "longitude")]


def _bare(lat: float, lon: float, half: float) -> None:
    from django.db import connection

    box = [lon - half, lat - half, lon + half, lat + half]
    with connection.cursor() as cursor:
        cursor.execute(f"SELECT count(*) {_LISTED}", box)
        cursor.fetchall()
        cursor.execute(_NEAREST, [*box, lon, lat])
        cursor.fetchall()


def _searched(lat: float, lon: float, half: float) -> None:
    from hospitality.places import box
    from hospitality.selectors.hosts import by_place
    from hospitality.selectors.members import profiles_of

    place = box(lat - half, lat + half, lon - half, lon + half)
    near = by_place(place=place, centre=(lat, lon), limit=LIMIT)
    profiles_of(pk for pk, _ in near.hosts)


def _mailbox(threads: int) -> None:
    """What the unread count and a page of conversations cost where there are many."""
    from accounts.models import User
    from hospitality.selectors.threads import page, unread

    sender, reader = User.objects.order_by("pk")[1:3]
    execute(_LETTERS, [sender.pk, threads, reader.pk])
    for table in ("sendables_message", "sendables_messagereceipt"):
        execute(f"VACUUM ANALYZE {table}")
    counted = [_seconds(lambda: unread(reader)) for _ in range(20)]
    listed = [_seconds(lambda: page(reader, box="all", limit=25, offset=0)) for _ in range(20)]
    say(f"{threads} threads: unread count {statistics.median(counted) * 1000:.2f} ms, "
        f"25 of them {statistics.median(listed) * 1000:.2f} ms")  # fmt: skip


def _seconds(work: Callable[[], object]) -> float:
    start = time.perf_counter()
    work()
    return time.perf_counter() - start


if __name__ == "__main__":
    main()
