"""How many lists of 100 telephone users a second are answered, beside a bare view doing the same SQL.

``make bench-telephony`` or ``python -m bench.telephony --users 100000``. Ends
with status 1 when a ratio is below 0.6.
"""

from __future__ import annotations

import argparse
import sys
from contextlib import ExitStack
from functools import partial

from bench.common import database, execute, say, set_up_django, workspace
from bench.http import CLIENTS, WORKERS, Call, compare, driver, rate, served

LEAST_RATIO = 0.6
_FILL = """
INSERT INTO telephony_telephonyuser (
       firstname, lastname, callerid, username, password, enableclient, musiconhold, outcallerid,
       mobilephonenumber, userfield, timezone, language, description, email, entityid, created_at, updated_at)
SELECT 'First' || n, 'Last' || n, 'First' || n || ' Last' || n, 'u' || n, %s, false, 'default', 'default',
       '+2782' || lpad(n::text, 7, '0'), '', 'UTC', 'en_US', '', 'u' || n || '@example.org', 1, now(), now()
  FROM generate_series(1, %s) n"""


def main() -> None:
    options = _options()
    with ExitStack() as stack:
        home = stack.enter_context(workspace("bench-telephony"))
        url = stack.enter_context(database("telephony"))
        environment = {
            "DATABASE_URL": url, "VAR_DIR": str(home / "var"), "SECRET_KEY": "bench " * 10,
            "TELEPHONY_LENIENT_ACCEPT": "true",
        }  # fmt: skip
        set_up_django(**environment)
        token = _prepare(options.users)
        ports = (
            stack.enter_context(served("config.wsgi:application", environment=environment, log=home / "log")),
            stack.enter_context(served("bench.bare:application", environment=environment, log=home / "log")),
        )
        say(f"gunicorn with {WORKERS} workers, {CLIENTS} connections, asked by {driver()}")

        def measured(page: int) -> float:
            calls = [Call("GET", f"/1.0/users/?_page={page}&_pagesize=100")]
            ask = partial(rate, calls=calls, token=token, seconds=options.seconds, home=home)
            return compare(f"page {page} of 100 users", ports, ask, rounds=options.rounds)

        ratios = [measured(page) for page in (0, options.users // 200)]
    if min(ratios) < LEAST_RATIO:
        sys.exit(f"A ratio is below {LEAST_RATIO}.")


def _options() -> argparse.Namespace:
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("--users", type=int, default=100_000)
    parser.add_argument("--seconds", type=float, default=6, help="per page, server and round")
    parser.add_argument("--rounds", type=int, default=3)
    return parser.parse_args()


def _prepare(users: int) -> str:
    """Fill the database; a token's key."""
    from accounts.encryption import encrypt
    from accounts.operations import account_for_email, issue_token

    execute(_FILL, [encrypt("7895"), users])
    execute("VACUUM ANALYZE telephony_telephonyuser")
    return issue_token(user=account_for_email(email="pbx@example.org"))[1]


if __name__ == "__main__":
    main()
