"""When to try again, and when to give up. Pure."""

from __future__ import annotations

from datetime import datetime, timedelta

from webhooks.posting.sessions import Answer

_S, _M, _H = timedelta(seconds=1), timedelta(minutes=1), timedelta(hours=1)
#: After each failed attempt of an event; after the last it is given up. Over three days together.
PAUSES = (5 * _S, _M, 5 * _M, 30 * _M, 2 * _H, 5 * _H, 10 * _H, 14 * _H, 20 * _H, 24 * _H)
#: An endpoint that fails is left alone for a while that doubles, up to this.
FIRST_QUIET, MOST_QUIET = 5 * _S, 10 * _M
#: The longest wait that an endpoint may ask for.
MOST_ASKED = 24 * _H
#: Refusals that are about the one event. Any other failure would meet the next event too.
_OF_THE_EVENT = (400, 409, 413, 415, 422)
GONE = 410


def next_attempt(*, attempts: int, now: datetime, key: int) -> datetime | None:
    """When an event is posted again after so many failed attempts; None: it is given up.

    Events that failed together come again spread over a tenth of the pause.
    """
    if attempts > len(PAUSES):
        return None
    pause = PAUSES[attempts - 1]
    return now + pause + pause * (key * 37 % 100) / 1000


def quiet(answer: Answer, *, failures: int, now: datetime) -> datetime | None:
    """Until when the endpoint is left alone after its ``failures``-th failure in a row."""
    if answer.status in _OF_THE_EVENT:
        return None
    own = min(FIRST_QUIET * 2 ** min(failures - 1, 12), MOST_QUIET)
    asked = timedelta(seconds=answer.retry_after or 0)
    return now + max(own, min(asked, MOST_ASKED))


def ends_turn(answer: Answer) -> bool:
    """Whether the endpoint's further events need not be tried now."""
    return not answer.taken and answer.status not in _OF_THE_EVENT
