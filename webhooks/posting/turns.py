"""A worker's turn: claim, post side by side, write down, until nothing is due or the time is up.

Nothing is locked while we wait for others: what is claimed has a lease, and
what comes of it is written afterwards. A worker that dies in between leaves
its events waiting, and they are posted again under the same id.
"""

from __future__ import annotations

import logging
import ssl
import time
from collections.abc import Sequence
from concurrent.futures import Future, ThreadPoolExecutor, wait
from dataclasses import dataclass
from datetime import datetime

from outbox.clock import Clock
from webhooks import contents, signing
from webhooks.addresses import Forbidden, Target, target
from webhooks.models import Endpoint, Event
from webhooks.posting import results
from webhooks.posting.claims import ENDPOINTS, Claim, claim
from webhooks.posting.plan import ends_turn
from webhooks.posting.results import Turn
from webhooks.posting.sessions import TURN, Answer, Session

log = logging.getLogger(__name__)
#: Seconds after which no further round is begun.
BUDGET = 20.0
#: Seconds after which an endpoint's thread is no longer waited for: only a look-up of its name can hang so.
OVERDUE = TURN + 3


@dataclass
class Posted:
    """What a turn did, in numbers."""

    taken: int = 0
    failed: int = 0
    disabled: int = 0


def post_due(*, now: datetime | None = None, context: ssl.SSLContext | None = None) -> Posted:
    """Post what is due. ``now`` and ``context`` (whom to trust) are for tests."""
    did, end = Posted(), time.monotonic() + BUDGET
    while claims := claim(now=(clock := Clock(now)).now()):
        turns = _post(claims, clock, context)
        did.disabled += len(results.record(turns, now=clock.now()))
        for turn in turns:
            _tell(turn)
            did.taken += sum(answer.taken for _, answer in turn.answers)
            did.failed += sum(not answer.taken for _, answer in turn.answers)
        if time.monotonic() >= end or now is not None:
            break
    return did


def _tell(turn: Turn) -> None:
    """A line for an endpoint that did not take something; which URL it is stands in the admin."""
    if failed := [answer for _, answer in turn.answers if not answer.taken]:
        log.warning(
            "webhook endpoint %s has not taken %d events: %s",
            turn.endpoint.pk, len(failed), failed[-1].text,
        )  # fmt: skip


@dataclass(frozen=True)
class _Letter:
    """An event ready to be posted."""

    headers: dict[str, str]
    body: bytes


def _post(claims: Sequence[Claim], clock: Clock, context: ssl.SSLContext | None) -> list[Turn]:
    objects = contents.load(event for one in claims for event in one.events)
    pool = ThreadPoolExecutor(max_workers=ENDPOINTS, thread_name_prefix="webhook")
    running: list[tuple[Claim, Future[list[Answer]]]] = []
    for one in claims:
        letters = [_letter(one.endpoint, event, objects, clock.now()) for event in one.events]
        running.append((one, pool.submit(_serve, one.endpoint.url, letters, context)))
    wait([future for _, future in running], timeout=OVERDUE)
    # One that hangs in a look-up ends by itself; nobody listens to it any more.
    pool.shutdown(wait=False, cancel_futures=True)
    # Shorter where the turn ended before the events did.
    pairs = [(one, zip(one.events, _answers(future), strict=False)) for one, future in running]
    return [Turn(one.endpoint, list(answered)) for one, answered in pairs]


def _letter(endpoint: Endpoint, event: Event, objects: dict, now: datetime) -> _Letter:
    body = contents.body(event, objects, content=endpoint.include_content)
    keys = [endpoint.secret]
    if endpoint.previous_secret and endpoint.previous_until and endpoint.previous_until > now:
        keys.append(endpoint.previous_secret)
    return _Letter(signing.headers(keys, message_id=event.message_id, at=now, body=body), body)


def _serve(url: str, letters: Sequence[_Letter], context: ssl.SSLContext | None) -> list[Answer]:
    """Post one after the other, until one fails in a way that the next would too. Runs in a thread."""
    try:
        where: Target = target(url)
    except Forbidden as forbidden:
        return [Answer(trouble=str(forbidden))]
    answers: list[Answer] = []
    with Session(where, context=context) as session:
        for letter in letters:
            if answers and (ends_turn(answers[-1]) or not session.may_begin):
                break
            answers.append(session.post(letter.body, letter.headers))
    return answers


def _answers(future: Future[list[Answer]]) -> list[Answer]:
    if not future.done() or future.cancelled():
        return [Answer(trouble="no answer in time")]
    if error := future.exception():
        log.error("posting to a webhook broke off: %s", type(error).__name__)
        return [Answer(trouble="posting broke off")]
    return future.result()
