"""Messages as files in the gateways' folders: other programs' too."""

from __future__ import annotations

from collections.abc import Iterator
from contextlib import suppress
from datetime import UTC, datetime, timedelta
from pathlib import Path
from uuid import UUID

from django.conf import settings

from outbox.models import Delivery
from smsbridge.gateways import configured_spool, smsd_zone
from smsbridge.spool.codec import SpoolFile, parse
from smsbridge.spool.errors import MalformedFile, SpoolUnavailable
from smsbridge.spool.folders import Spool
from smsbridge.spool.folders.reading import file_named, remove_file, visible_names

#: Newest days of the archive that are searched besides those a message's own times point to.
_DAYS = 7


def spools() -> Iterator[Spool]:
    for name in settings.SMS_GATEWAYS:
        yield configured_spool(name)


def folders_of(spool: Spool, kind: str) -> list[str]:
    """The directories of a kind below the spool: what waits for one modem lies in its queue's folder."""
    if kind != "checked":
        return [kind]
    with suppress(SpoolUnavailable):
        return ["checked", *spool.queues()]
    return ["checked"]


def read(kind: str, name: str) -> SpoolFile | None:
    """The file of that name in any gateway's folder of that kind."""
    found = (_parsed(spool, folder, kind, name) for spool in spools() for folder in folders_of(spool, kind))
    return next((file for file in found if file is not None), None)


def remove(kind: str, name: str) -> bool:
    """Delete the file of that name; False when there is none, or smsd is working on it."""
    places = ((spool, folder) for spool in spools() for folder in folders_of(spool, kind))
    return any(_removed(spool, folder, name) for spool, folder in places)


def names(kind: str, most: int) -> list[str]:
    """Names in every gateway's folders of that kind, at most so many."""
    found: list[str] = []
    for spool in spools():
        for folder in folders_of(spool, kind):
            if len(found) < most:
                with suppress(OSError):
                    found += visible_names(spool.path(folder), most - len(found))
    return found


def stages(gateway: str, ids: list[UUID]) -> dict[UUID, str]:
    """Where the files of handed deliveries are: ``outgoing``, ``checked``, ``sent`` or ``failed``.

    A file that is nowhere, and everything of a spool that cannot be read,
    counts as *checked*: given to smsd, fate unknown.
    """
    try:
        places = configured_spool(gateway).find_many([str(key) for key in ids], days=1)
    except SpoolUnavailable:
        places = {}
    known = {key: places[str(key)].stage for key in ids if str(key) in places}
    return {key: known.get(key, "checked") for key in ids}


def of_delivery(delivery: Delivery) -> SpoolFile | None:
    """The delivery's file, from the folders or the archive; None where it is gone."""
    try:
        spool = configured_spool(delivery.gateway)
    except SpoolUnavailable:
        return None
    found = (_parsed(spool, folder, kind, str(delivery.pk)) for folder, kind in _candidates(spool, delivery))
    return next((file for file in found if file is not None), None)


def remove_of_delivery(delivery: Delivery) -> None:
    """Delete the delivery's file wherever it is."""
    with suppress(SpoolUnavailable):
        spool = configured_spool(delivery.gateway)
        for folder, _ in _candidates(spool, delivery):
            _removed(spool, folder, str(delivery.pk))


def _candidates(spool: Spool, delivery: Delivery) -> Iterator[tuple[str, str]]:
    yield from ((kind, kind) for kind in ("sent", "failed"))
    for day in _days(spool, delivery):
        yield from ((f"archive/{day}/{kind}", kind) for kind in ("sent", "failed"))
    for kind in ("outgoing", "checked"):
        yield from ((folder, kind) for folder in folders_of(spool, kind))


def _days(spool: Spool, delivery: Delivery) -> list[str]:
    """Days of the archive in which the file may lie, the likeliest first."""
    own = [
        (at.astimezone(UTC) + timedelta(days=later)).date().isoformat()
        for at in (delivery.sent_at, delivery.ended_at)
        if at is not None
        for later in (0, 1)
    ]
    newest = spool.archived_days()[:_DAYS]
    return [day for day in dict.fromkeys(own + newest) if Path(spool.path(f"archive/{day}")).is_dir()]


def _parsed(spool: Spool, folder: str, kind: str, name: str) -> SpoolFile | None:
    with suppress(OSError, MalformedFile):
        found = file_named(spool.path(folder), kind, name)
        return parse(found.content) if found is not None else None
    return None


def _removed(spool: Spool, folder: str, name: str) -> bool:
    with suppress(OSError):
        return remove_file(spool.path(folder), name)
    return False


def wall_clock(at: datetime) -> str:
    """A moment as smsd writes it: its local time without the zone."""
    return at.astimezone(smsd_zone()).strftime("%y-%m-%d %H:%M:%S")
