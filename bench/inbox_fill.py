"""A million receipts, written by SQL: three inboxes, a large outbox, notices and background."""

from __future__ import annotations

from typing import NamedTuple

from bench.common import execute

#: Accounts; the first hundred are left to the measurements.
PEOPLE = 20_000
READERS = {"100": (1, 100), "10,000": (2, 10_000), "100,000": (3, 100_000)}
SENDER, MARKER = 4, 5
RECIPIENTS = 10_000

_MESSAGES = """
INSERT INTO sendables_message (id, content, sent_on, subject, sender_id)
SELECT n, 'Message number ' || n || ' of the benchmark, as long as such messages are.',
       now() - (n %% 1000000) * interval '13 seconds', '', %s
  FROM generate_series(%s, %s) n"""
_NOTICES = """
INSERT INTO sendables_notice (id, content, sent_on)
SELECT n, 'Notice number ' || n, now() - n * interval '1 hour' FROM generate_series(1, %s) n"""
# The place is set afterwards, in order of sending.
_RECEIPTS = """
INSERT INTO sendables_{entity}receipt (sendable_id, recipient_id, sent_on, place, read_at)
SELECT m.id, r.id, m.sent_on, 0, CASE WHEN m.id %% 3 = 0 THEN now() END
  FROM sendables_{entity} m, LATERAL (SELECT {recipient} AS id FROM generate_series(0, %s - 1) k) r
 WHERE m.id BETWEEN %s AND %s ORDER BY m.id"""
_PLACES = """
UPDATE sendables_{entity}receipt r SET place = ranked.place FROM (
    SELECT id, row_number() OVER (PARTITION BY recipient_id ORDER BY sent_on, id) AS place
      FROM sendables_{entity}receipt) ranked
 WHERE ranked.id = r.id"""
_NEXT_ID = """
SELECT setval(pg_get_serial_sequence('sendables_{entity}', 'id'), max(id)) FROM sendables_{entity}"""
_INBOXES = """
INSERT INTO sendables_inbox (user_id, entity, unread, version)
SELECT recipient_id, '{entity}', count(*) FILTER (WHERE read_at IS NULL), max(place)
  FROM sendables_{entity}receipt GROUP BY recipient_id"""


class Filler(NamedTuple):
    """Hands out the next message ids."""

    next_id: list[int]

    def messages(self, number: int, *, sender: int | None, recipients: int, recipient: str) -> range:
        """``number`` messages to ``recipients`` people each; ``recipient`` is SQL over m.id and k."""
        first = self.next_id[0]
        self.next_id[0] += number
        execute(_MESSAGES, [sender, first, first + number - 1])
        statement = _RECEIPTS.format(entity="message", recipient=recipient)
        execute(statement, [recipients, first, first + number - 1])
        return range(first, first + number)


def fill(*, receipts: int) -> None:
    """About that many receipts; less than 320,000 is a smaller inbox and outbox in proportion."""
    share = min(receipts / 1_000_000, 1.0)
    _people()
    filler = Filler([1])
    for reader, number in READERS.values():
        filler.messages(max(int(number * share), 100), sender=50, recipients=1, recipient=str(reader))
    filler.messages(10, sender=SENDER, recipients=int(RECIPIENTS * share), recipient="101 + k")
    filler.messages(2_000, sender=51, recipients=1, recipient=str(MARKER))
    execute(_NOTICES, [10])
    execute(_RECEIPTS.format(entity="notice", recipient="101 + k"), [int(RECIPIENTS * share), 1, 10])
    # Ten recipients each, spread over all people behind the first hundred.
    filler.messages(
        int(69_000 * share),
        sender=52,
        recipients=10,
        recipient=f"101 + (m.id * 7 + k * 1999) %% {PEOPLE - 100}",
    )
    _finish()


def _people() -> None:
    from accounts.models import User

    User.objects.bulk_create(
        [User(pk=n, username=f"user{n}", is_staff=n == SENDER) for n in range(1, PEOPLE + 1)], batch_size=2000
    )
    execute("SELECT setval(pg_get_serial_sequence('accounts_user', 'id'), %s)", [PEOPLE])


def _finish() -> None:
    for entity in ("message", "notice"):
        execute(_PLACES.format(entity=entity))
        execute(_INBOXES.format(entity=entity))
        execute(_NEXT_ID.format(entity=entity))
        execute(f"VACUUM (FULL, ANALYZE) sendables_{entity}receipt")
        execute(f"VACUUM ANALYZE sendables_{entity}receipt")
        execute(f"VACUUM ANALYZE sendables_{entity}")
    execute("VACUUM ANALYZE sendables_inbox")
    execute("VACUUM ANALYZE accounts_user")
