"""What can be done with files: bring one, have it checked, take it in or throw it away. The only writer.

The checks and the taking in are done by whoever is there: the web server
begins with the first batch, so that a small file is checked at once; workers
go on with what is left (``work_on_all``, which the clock calls).
"""

from __future__ import annotations

import base64
import logging
import tempfile
import time
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from datetime import datetime, timedelta
from itertools import islice
from typing import Any, BinaryIO
from uuid import UUID

from django.core.files.base import File
from django.db import connection, transaction
from django.db.models import Q, QuerySet
from django.utils import timezone

from accounts.models import User
from audit.acting import acting, of_user
from sheets.kinds import Kind, Record, UnknownSubject, kind, kind_names
from sheets.models import Fault, Import, Piece
from sheets.reading import Unreadable, read
from sheets.resources import Outcome, SheetResource

log = logging.getLogger(__name__)
State = Import.State
_OPEN = (State.CHECKING, State.CHECKED, State.IMPORTING)
#: Records taken in together.
BATCH = 500
#: Records of a kind that is taken in as a whole.
WHOLE_MOST = 20_000
#: Faults kept of one file; the others are only counted.
FAULTS_MOST = 10_000
#: Bytes of a file in one row of the database.
PIECE = 192 * 1024
#: A worker that has not finished a batch for so long is taken for dead.
LEASE = timedelta(minutes=2)
#: Seconds between two looks at a file that somebody else is at.
TURN = 0.2
#: How long a file is kept that nobody goes on with, and how long what is known of an import.
FILE_KEPT = timedelta(hours=24)


class NotPossible(Exception):
    """That cannot be done with the import as it is now. The message is for people."""


def bring(*, kind_name: str, subject: str, file: File[Any], user: User | None) -> Import:
    """Keep a file, to be checked. Raises UnknownSubject."""
    kind(kind_name).subject_title(subject)
    with transaction.atomic():
        made = Import.objects.create(
            kind=kind_name,
            subject=subject,
            file_name="".join(c for c in str(file.name or "file") if c.isprintable())[-200:],
            size=file.size or 0,
            created_by=user,
        )
        for number, data in enumerate(iter(lambda: file.read(PIECE), b"")):
            Piece.objects.create(of=made, number=number, data=base64.b64encode(data).decode())
    return made


def confirm(*, import_id: UUID, user: User | None) -> None:
    """Have a checked file taken in. Raises NotPossible."""
    with transaction.atomic():
        held = Import.objects.select_for_update().get(pk=import_id)
        if held.state != State.CHECKED:
            raise NotPossible("The file is not waiting to be imported.")
        if held.faulty and kind(held.kind).whole:
            raise NotPossible("A list of this kind is imported as a whole: mend its faults first.")
        if not held.new and not held.changed:
            raise NotPossible("The file would change nothing.")
        held.state, held.confirmed_by, held.done = State.IMPORTING, user, 0
        held.new = held.changed = held.unchanged = held.faulty = 0
        held.save()
        held.faults.all().delete()


def discard(*, import_id: UUID) -> None:
    """Throw a file away that was not taken in. Raises NotPossible."""
    with transaction.atomic():
        held = Import.objects.select_for_update().get(pk=import_id)
        if held.state not in (State.CHECKING, State.CHECKED):
            raise NotPossible("The file has been imported or thrown away already.")
        _end(held, State.DISCARDED)


def work_on_all(*, seconds: float) -> None:
    """Go on with every file that waits for it, the oldest first, for about so long."""
    until = time.monotonic() + seconds
    waiting = Import.objects.filter(state__in=[State.CHECKING, State.IMPORTING]).order_by("created_at")
    for key in waiting.values_list("pk", flat=True):
        if not _lease(key):
            continue
        try:
            work(import_id=key, until=until)
        except Exception:
            # Its neighbours are not to wait for it; it is tried again and given up after FILE_KEPT.
            log.exception("import %s broke off", key)
        Import.objects.filter(pk=key).update(leased_until=None)
        if time.monotonic() >= until:
            return


def _lease(key: UUID) -> bool:
    """Whether the import is this worker's for a while. It only saves work: no batch is done twice anyway."""
    now = timezone.now()
    free = Import.objects.filter(Q(leased_until=None) | Q(leased_until__lt=now), pk=key)
    return bool(free.update(leased_until=now + LEASE))


def finish(*, import_id: UUID, told: Callable[[int], object]) -> Import:
    """Go on with a file until it is checked or imported, and wait for whoever is at it already.

    ``told`` hears after each batch how many records are done.
    """
    while True:
        if _lease(import_id):
            try:
                work(import_id=import_id, told=told)
            finally:
                Import.objects.filter(pk=import_id).update(leased_until=None)
        job = Import.objects.get(pk=import_id)
        if not job.is_busy:
            return job
        time.sleep(TURN)


def work(
    *,
    import_id: UUID,
    batches: int | None = None,
    until: float | None = None,
    told: Callable[[int], object] | None = None,
) -> None:
    """Go on with a file where the last one stopped: so many batches, or until that time (steady clock)."""
    job = Import.objects.select_related("created_by", "confirmed_by").filter(pk=import_id).first()
    if job is None or not job.is_busy:
        return
    try:
        found = _kind_of(job)
        resource = found.resource(job.subject, job.confirmed_by or job.created_by)
        with _file_of(job) as file:
            _Run(job, found, resource, told).go(found.records(read(file), job.subject), batches, until)
    except UnknownSubject as gone:
        _refuse(job, Unreadable(str(gone)))
    except Unreadable as trouble:
        _refuse(job, trouble)


def _kind_of(job: Import) -> Kind:
    if job.kind not in kind_names():
        raise Unreadable("This installation does not import such lists.")
    return kind(job.kind)


class _Run:
    """One worker's turn at a file."""

    def __init__(
        self, job: Import, found: Kind, resource: SheetResource, told: Callable[[int], object] | None
    ) -> None:
        self.job, self.kind, self.resource, self.told = job, found, resource, told
        self.checking = job.state == State.CHECKING

    def go(self, records: Iterator[Record], batches: int | None, until: float | None) -> None:
        size, behind, turns = (WHOLE_MOST + 1 if self.kind.whole else BATCH), 0, 0
        batch = list(islice(records, size))
        while batch:
            if self.kind.whole and len(batch) > WHOLE_MOST:
                raise Unreadable(f"More than {WHOLE_MOST:,} rows: divide the list.")
            following = list(islice(records, size))
            if behind + len(batch) <= self.job.done:
                # Done before an interruption; looked at again, because later rows may repeat earlier ones.
                self.resource.take(batch, dry_run=True)
            elif self._batch(batch, behind):
                turns += 1
            else:
                return
            behind, batch = behind + len(batch), following
            if batch and turns and (turns == batches or (until is not None and time.monotonic() >= until)):
                return
        self._finish()

    def _batch(self, batch: list[Record], behind: int) -> bool:
        """Whether it was done; not when somebody else is at it, or the import was thrown away."""
        # A check reads only, and holds nothing up meanwhile.
        outcome = self.resource.take(batch, dry_run=True) if self.checking else None
        with transaction.atomic():
            held = _held(self.job, behind)
            if held is None:
                return False
            if outcome is None:
                with acting(of_user(self.job.confirmed_by, "import")):
                    outcome = self.resource.take(batch, dry_run=False)
            _add(held, outcome, len(batch))
        self.job.done = held.done
        if self.told is not None:
            self.told(held.done)
        return True

    def _finish(self) -> None:
        with transaction.atomic():
            held = Import.objects.select_for_update().filter(pk=self.job.pk, state=self.job.state).first()
            if held is None:
                return
            if self.checking or (self.kind.whole and held.faulty):
                # Of a list that goes in as a whole nothing was written when it turned out faulty only now.
                held.state = State.CHECKED
                held.save()
            else:
                _end(held, State.DONE)


def _held(job: Import, behind: int) -> Import | None:
    """The import's row, locked, where it is as this worker knows it."""
    skip = connection.features.has_select_for_update_skip_locked
    rows = Import.objects.select_for_update(skip_locked=skip)
    return rows.filter(pk=job.pk, state=job.state, done=behind).first()


def _add(held: Import, outcome: Outcome, records: int) -> None:
    room = max(0, FAULTS_MOST - held.faulty)
    Fault.objects.bulk_create(
        [
            Fault(of=held, line=found.line, column=found.column[:100], reason=found.reason[:300])
            for found in outcome.problems[:room]
        ],
        batch_size=500,
    )
    held.new += outcome.new
    held.changed += outcome.changed
    held.unchanged += outcome.unchanged
    held.faulty += outcome.faulty
    held.done += records
    held.leased_until = timezone.now() + LEASE if held.leased_until else None
    held.save()


def _refuse(job: Import, trouble: Unreadable) -> None:
    with transaction.atomic():
        held = Import.objects.select_for_update().filter(pk=job.pk, state=job.state).first()
        if held is not None:
            held.problem, held.problem_line = trouble.reason[:500], trouble.row
            _end(held, State.REFUSED)


def _end(held: Import, state: State) -> None:
    held.state = state
    held.save()
    held.pieces.all().delete()


@contextmanager
def _file_of(job: Import) -> Iterator[BinaryIO]:
    """The file put together again, on disk."""
    with tempfile.TemporaryFile() as file:
        for number in Piece.objects.filter(of=job).order_by("number").values_list("number", flat=True):
            data = Piece.objects.filter(of=job, number=number).values_list("data", flat=True).get()
            file.write(base64.b64decode(data))
        file.seek(0)
        yield file


def sweep(*, now: datetime | None = None) -> None:
    """Throw files away that nobody came back to."""
    now = now or timezone.now()
    stale = Import.objects.filter(state__in=_OPEN, touched_at__lt=now - FILE_KEPT)
    for key in stale.values_list("pk", flat=True):
        with transaction.atomic():
            held = Import.objects.select_for_update().filter(pk=key, touched_at__lt=now - FILE_KEPT).first()
            if held is not None and held.state in _OPEN:
                held.problem = "Nobody went on with it for a day."
                _end(held, State.DISCARDED)


def old_imports(before: datetime) -> QuerySet[Import]:
    """Those that came to an end and were begun before that moment."""
    return Import.objects.filter(created_at__lt=before).exclude(state__in=_OPEN)


def importable(user: Any) -> list[str]:
    """The kinds of lists that somebody may import."""
    return [name for name in kind_names() if user.has_perms(kind(name).permissions)]
