"""How fast hosts are found by place beside the bare SQL, and what a mailbox of many threads costs.

``make bench-hosts`` or ``python -m bench.hosts --members 300000``. Members
live in clusters, like people.

"The bare SQL" is the statement of the search itself, returning the same rows
at the same places in the same run, and it is measured twice, each time in
turns with ours:

- *over HTTP*: the whole call ``hosts/by_location`` of an app, through gunicorn,
  beside a bare view that looks up session and account, executes the
  statement and writes the rows as JSON (``bench.bare_hosts``). This is the
  promise: half the bare view's rate at least.
- *in one process*: the search beside the statement in a cursor, without HTTP on
  either side. For comparison, the two statements that anybody would write
  at first, which are not exact: a count, and the nearest by the index's
  flat map.

Ends with status 1 when either is slower than half.
"""

from __future__ import annotations

import argparse
import random
import statistics
import sys
import time
from collections.abc import Callable
from contextlib import ExitStack
from functools import partial
from pathlib import Path
from typing import Any
from urllib.parse import urlencode

from bench.common import database, execute, say, set_up_django, workspace
from bench.http import CLIENTS, WORKERS, Call, compare, driver, rate, served

LEAST_RATIO = 0.5
LIMIT = 50
HALVES = (0.5, 5.0)
_ACCOUNTS = """
INSERT INTO accounts_user (password, is_superuser, username, first_name, last_name, email, is_staff,
                           is_active, date_joined, last_login)
SELECT '!', false, 'member' || n, '', '', 'member' || n || '@example.org', false, n %% 100 > 0,
       now() - n * interval '1 minute', now() - n * interval '1 second'
  FROM generate_series(1, %s) n"""
# The record is made once for each member, and not for each of its columns, by standing on its own.
_PROFILES = """
WITH clusters AS MATERIALIZED (
    SELECT n, (random() * 130 - 60) AS lat, (random() * 360 - 180) AS lon FROM generate_series(0, 1999) n)
INSERT INTO hospitality_member
SELECT made.*
  FROM accounts_user u JOIN clusters c ON c.n = u.id %% 2000
 CROSS JOIN (SELECT * FROM hospitality_member ORDER BY user_id LIMIT 1) model
 CROSS JOIN LATERAL jsonb_populate_record(NULL::hospitality_member, to_jsonb(model) || jsonb_build_object(
           'user_id', u.id, 'fullname', 'Full Name ' || u.id, 'fullname_key', 'full name ' || u.id,
           'street', u.id || ', Long Street', 'postal_code', (10000 + c.n)::text,
           'city', 'City ' || c.n, 'city_key', 'city ' || c.n, 'comments', repeat('About me. ', 40),
           'seen_at', u.last_login,
           'latitude', greatest(-89, least(89, c.lat + (random() - 0.5) * 0.6)),
           'longitude', greatest(-179.9, least(179.9, c.lon + (random() - 0.5) * 0.6)),
           'notcurrentlyavailable', random() < 0.2)) made
 WHERE u.id <> model.user_id"""
_PICTURES = """
INSERT INTO hospitality_picture (member_id, key, filesize, uploaded_at)
SELECT user_id, md5(user_id::text), 100000, now() FROM hospitality_member WHERE user_id %% 3 = 0"""
_COUNTED = """
SELECT count(*) FROM hospitality_member m JOIN accounts_user u ON u.id = m.user_id
 WHERE m.validated AND NOT m.notcurrentlyavailable AND m.latitude IS NOT NULL AND u.is_active
   AND point(m.longitude, m.latitude) <@ box(point(%s, %s), point(%s, %s))"""
_NEAREST = f"""
SELECT m.*, u.* FROM hospitality_member m JOIN accounts_user u ON u.id = m.user_id
 WHERE m.validated AND NOT m.notcurrentlyavailable AND m.latitude IS NOT NULL AND u.is_active
   AND point(m.longitude, m.latitude) <@ box(point(%s, %s), point(%s, %s))
 ORDER BY point(m.longitude, m.latitude) <-> point(%s, %s) LIMIT {LIMIT}"""
LETTERS = """
WITH sent AS (
    INSERT INTO sendables_message (content, sent_on, subject, sender_id)
    SELECT 'Hello', now() - n * interval '1 minute', 'Subject ' || n, %s FROM generate_series(1, %s) n
    RETURNING id, sent_on)
INSERT INTO sendables_messagereceipt (sendable_id, recipient_id, sent_on, place)
SELECT id, %s, sent_on, row_number() OVER (ORDER BY id) FROM sent"""
Form = dict[str, str]


def main() -> None:
    options = _options()
    with ExitStack() as stack:
        home = stack.enter_context(workspace("bench-hosts"))
        url = stack.enter_context(database("hosts"))
        environment = {"DATABASE_URL": url, "VAR_DIR": str(home / "var"), "SECRET_KEY": "bench " * 10}
        set_up_django(**environment)
        stack.callback(_disconnect)
        say(f"Filling in {options.members:,} members in 2000 clusters …")
        fill(options.members)
        asked = {half: forms(half) for half in HALVES}
        ratios = [_in_process(half, asked[half]) for half in HALVES]
        _mailbox(options.threads)
        product, bare = (
            stack.enter_context(served(name, environment=environment, log=home / "server.log"))
            for name in ("config.wsgi:application", "bench.bare_hosts:application")
        )
        say(f"gunicorn with {WORKERS} workers, {CLIENTS} connections, asked by {driver()}")
        ratios += [_over_http(options, asked[half], half, (product, bare), home) for half in HALVES]
    if min(ratios) < LEAST_RATIO:
        sys.exit(f"The search takes more than {1 / LEAST_RATIO:g} times as long as its statement.")


def _options() -> argparse.Namespace:
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("--members", type=int, default=300_000)
    parser.add_argument("--threads", type=int, default=10_000)
    parser.add_argument("--seconds", type=float, default=6, help="per box, server and round")
    parser.add_argument("--rounds", type=int, default=3)
    return parser.parse_args()


def _disconnect() -> None:
    from django.db import connection

    connection.close()


def fill(members: int) -> None:
    from accounts.models import User
    from hospitality.models import Member

    execute(_ACCOUNTS, [members])
    first = User.objects.order_by("pk")[0]
    Member.objects.create(user=first, latitude=0, longitude=0)
    execute(_PROFILES)
    execute(_PICTURES)
    for table in ("accounts_user", "hospitality_member", "hospitality_picture"):
        execute(f"VACUUM ANALYZE {table}")


def forms(half: float, number: int = 200) -> list[Form]:
    """What an app sends for places where members live, the same in each run over the same data."""
    from hospitality.models import Member

    dice = random.Random(1)
    keys = list(Member.objects.filter(longitude__range=(-170, 170)).values_list("pk", flat=True)[:200_000])
    chosen: Any = Member.objects.filter(pk__in=dice.sample(keys, min(number, len(keys))))
    return [
        {
            "minlat": str(lat - half), "maxlat": str(lat + half),
            "minlon": str(lon - half), "maxlon": str(lon + half),
            "centerlat": str(lat), "centerlon": str(lon), "limit": str(LIMIT),
        }
        for lat, lon in chosen.values_list("latitude", "longitude")
    ]  # fmt: skip


def _in_process(half: float, forms: list[Form]) -> float:
    """The search, its statement and two plain statements in turns; the ratio of the first two."""
    from bench.bare_hosts import nearest

    works: dict[str, Callable[[Form], Any]] = {"search": _searched, "statement": nearest, "plain": _plain}
    took: dict[str, list[float]] = {name: [] for name in works}
    for form in forms:
        for name, work in works.items():
            took[name].append(_seconds(partial(work, form)))
    least, ours, plain = (statistics.median(took[name]) * 1e3 for name in ("statement", "search", "plain"))
    say(
        f"{f'within ±{half}°, in process':<28} {ours:>8.2f} ms   statement {least:>7.2f} ms   "
        f"ratio {least / ours:.2f}   (plain count and page {plain:.2f} ms)"
    )
    return least / ours


def _searched(form: Form) -> None:
    from hospitality.places import box
    from hospitality.selectors.hosts import by_place

    place = box(*(float(form[name]) for name in ("minlat", "maxlat", "minlon", "maxlon")))
    by_place(place=place, centre=(float(form["centerlat"]), float(form["centerlon"])), limit=LIMIT)


def _plain(form: Form) -> None:
    from bench.bare_hosts import rows

    box = [float(form[name]) for name in ("minlon", "minlat", "maxlon", "maxlat")]
    rows(_COUNTED, *box)
    rows(_NEAREST, *box, float(form["centerlon"]), float(form["centerlat"]))


def _over_http(
    options: argparse.Namespace, forms: list[Form], half: float, ports: tuple[int, int], home: Path
) -> float:
    calls = [Call("POST", "/services/rest/hosts/by_location", urlencode(form)) for form in forms]
    headers = _logged_in(ports[0])
    ask = partial(rate, calls=calls, headers=headers, seconds=options.seconds, home=home)
    return compare(f"within ±{half}°, over HTTP", ports, ask, rounds=options.rounds)


def _logged_in(port: int) -> dict[str, str]:
    """The headers of an app of the first member, logged in at the server on that port."""
    from django.test import RequestFactory

    from accounts.models import User
    from hospitality.api import sessions

    visit = sessions.begin(User.objects.order_by("pk")[0])
    asked = RequestFactory().get("/", headers={"Host": f"127.0.0.1:{port}"})
    return {
        "Accept": "application/json",
        "Content-Type": "application/x-www-form-urlencoded",
        "Cookie": f"{sessions.cookie_name(asked)}={visit.key}",
        "X-CSRF-Token": visit.token,
    }


def _mailbox(threads: int) -> None:
    """What the unread count and a page of conversations cost where there are many."""
    from accounts.models import User
    from hospitality.selectors.threads import page, unread

    sender, reader = User.objects.order_by("pk")[1:3]
    execute(LETTERS, [sender.pk, threads, reader.pk])
    for table in ("sendables_message", "sendables_messagereceipt"):
        execute(f"VACUUM ANALYZE {table}")
    counted = [_seconds(lambda: unread(reader)) for _ in range(20)]
    for number in (25, threads):
        listed = [_seconds(lambda: page(reader, box="current", limit=number, offset=0)) for _ in range(20)]  # noqa: B023 - called at once
        say(f"{number} of {threads} threads: {statistics.median(listed) * 1000:.2f} ms")
    say(f"unread count of {threads} threads: {statistics.median(counted) * 1000:.2f} ms")


def _seconds(work: Callable[[], object]) -> float:
    start = time.perf_counter()
    work()
    return time.perf_counter() - start


if __name__ == "__main__":
    main()
