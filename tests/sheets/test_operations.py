"""A file is kept, checked and taken in, whatever happens to whoever is at it."""

from __future__ import annotations

import io
import time
from datetime import timedelta

import pytest
from django.core.files.uploadedfile import SimpleUploadedFile
from django.db import connection
from django.utils import timezone

from accounts.retention import prune
from sheets import operations, tasks
from sheets.models import Fault, Import, Piece
from sheets.operations import NotPossible, bring, confirm, discard, sweep, work, work_on_all
from tests.sheets import fakes
from tests.sheets.conftest import again

pytestmark = pytest.mark.django_db


@pytest.fixture
def small_batches(monkeypatch) -> None:
    monkeypatch.setattr(operations, "BATCH", 2)


ROWS = ("a,1", "b,2", "c,3", "d,4", "e,5")


def test_a_check_counts_and_changes_nothing(brought, words) -> None:
    words.update(a="1", b="old")
    job = brought(*ROWS, "x" * 30 + ",6")
    work(import_id=job.pk)
    job = again(job)
    assert (job.state, job.new, job.changed, job.unchanged, job.faulty) == ("checked", 3, 1, 1, 1)
    assert words == {"a": "1", "b": "old"}
    assert [str(fault) for fault in job.faults.all()] == ["Row 7, word: More than 20 characters."]


def test_what_was_checked_goes_in_when_somebody_says_so(brought, words, staff) -> None:
    job = brought(*ROWS)
    work(import_id=job.pk)
    confirm(import_id=job.pk, user=staff)
    assert words == {}
    work(import_id=job.pk)
    job = again(job)
    assert (job.state, job.new, job.confirmed_by) == ("done", 5, staff)
    assert words == {"a": "1", "b": "2", "c": "3", "d": "4", "e": "5"}


def test_nothing_of_the_file_is_left_when_it_is_done(brought, staff) -> None:
    job = brought(*ROWS)
    assert Piece.objects.count() == 1
    work(import_id=job.pk)
    confirm(import_id=job.pk, user=staff)
    work(import_id=job.pk)
    assert not Piece.objects.exists()


def test_a_file_stands_in_the_database_encrypted(brought) -> None:
    brought("house,where one lives")
    with connection.cursor() as cursor:
        cursor.execute("SELECT data FROM sheets_piece")
        [(stored,)] = cursor.fetchall()
    assert stored.startswith("gAAAA")


def test_a_large_file_is_kept_in_pieces_and_comes_back_whole(monkeypatch, db) -> None:
    monkeypatch.setattr(operations, "PIECE", 7)
    content = b"word,meaning\n" + b"".join(b"w%d,m\n" % number for number in range(20))
    job = bring(kind_name="words", subject="", file=SimpleUploadedFile("w.csv", content), user=None)
    assert Piece.objects.count() == -(-len(content) // 7)
    with operations._file_of(job) as file:
        assert file.read() == content


def test_a_file_name_is_cut_and_cleaned(db) -> None:
    file = SimpleUploadedFile("x" * 300 + ".csv", b"word\n")
    file._name = "a\x00\nb" * 100
    job = bring(kind_name="words", subject="", file=file, user=None)
    assert len(job.file_name) == 200
    assert job.file_name.isprintable()


def test_batches_are_small_and_a_crash_repeats_none(small_batches, brought, words, staff) -> None:
    job = brought(*ROWS)
    work(import_id=job.pk)
    confirm(import_id=job.pk, user=staff)
    crashes = iter([False, True, False, False])

    def crash() -> None:
        if next(crashes):
            raise ConnectionError("the worker died")

    fakes.ON_WRITE.append(crash)
    with pytest.raises(ConnectionError):
        work(import_id=job.pk)
    assert (again(job).state, again(job).done, len(words)) == ("importing", 2, 2)
    work(import_id=job.pk)
    assert (again(job).state, again(job).new, fakes.BATCHES) == ("done", 5, [2, 2, 1])


def test_a_row_that_repeats_one_before_a_crash_is_still_noticed(small_batches, brought) -> None:
    job = brought(*ROWS, "a,6")
    work(import_id=job.pk, batches=2)
    assert again(job).done == 4
    work(import_id=job.pk)
    assert [str(fault) for fault in Fault.objects.all()] == ["Row 7: Twice."]


def test_one_batch_at_a_time_when_asked(small_batches, brought) -> None:
    job = brought(*ROWS)
    for state, done in [("checking", 2), ("checking", 4), ("checked", 5)]:
        work(import_id=job.pk, batches=1)
        assert (again(job).state, again(job).done) == (state, done)


def test_a_file_of_one_batch_is_checked_in_one_go(brought) -> None:
    job = brought(*ROWS)
    work(import_id=job.pk, batches=1)
    assert again(job).state == "checked"


def test_a_worker_that_was_overtaken_writes_nothing(small_batches, brought, words, staff) -> None:
    job = brought(*ROWS)
    work(import_id=job.pk)
    confirm(import_id=job.pk, user=staff)
    slow = operations._Run(again(job), fakes.Words(), fakes.WordResource(), None)
    records = fakes.Words().records(operations.read(io.BytesIO(b"word,meaning\na,1\nb,2\nc,3\n")), "")
    work(import_id=job.pk)
    assert fakes.BATCHES == [2, 2, 1]
    slow.go(records, None, None)
    assert fakes.BATCHES == [2, 2, 1]
    assert again(job).new == 5


def test_a_file_thrown_away_meanwhile_is_left_alone(small_batches, brought) -> None:
    job = brought(*ROWS)
    work(import_id=job.pk, batches=1)
    discard(import_id=job.pk)
    work(import_id=job.pk)
    assert (again(job).state, again(job).done) == ("discarded", 2)
    assert not Piece.objects.exists()


# --- Lists that go in as a whole -----------------------------------------------------------


def test_a_list_with_a_fault_that_goes_in_as_a_whole_does_not(brought, staff) -> None:
    job = brought(*ROWS, "x" * 30 + ",6", kind="sentence")
    work(import_id=job.pk)
    assert again(job).faulty == 1
    with pytest.raises(NotPossible, match="mend its faults first"):
        confirm(import_id=job.pk, user=staff)


def test_a_fault_that_appeared_since_the_check_keeps_all_of_it_out(
    brought, words, staff, monkeypatch
) -> None:
    job = brought(*ROWS, kind="sentence")
    work(import_id=job.pk)
    confirm(import_id=job.pk, user=staff)
    monkeypatch.setattr(fakes.WordResource.fields["meaning"].widget, "check", fail_on("3"))
    work(import_id=job.pk)
    job = again(job)
    assert (job.state, job.faulty) == ("checked", 1)
    assert words == {}


def fail_on(word: str):
    def check(text: str) -> None:
        if text == word:
            raise ValueError("Not any more.")

    return check


def test_a_list_that_goes_in_as_a_whole_has_a_limit(brought, monkeypatch) -> None:
    monkeypatch.setattr(operations, "WHOLE_MOST", 3)
    job = brought(*ROWS, kind="sentence")
    work(import_id=job.pk)
    assert (again(job).state, again(job).problem) == ("refused", "More than 3 rows: divide the list.")


# --- What is not possible ------------------------------------------------------------------


def test_nothing_to_do_is_not_imported(brought, words, staff) -> None:
    words.update(a="1")
    job = brought("a,1")
    work(import_id=job.pk)
    with pytest.raises(NotPossible, match="would change nothing"):
        confirm(import_id=job.pk, user=staff)


def test_what_was_not_checked_is_not_imported_and_what_was_imported_not_discarded(brought, staff) -> None:
    job = brought(*ROWS)
    with pytest.raises(NotPossible):
        confirm(import_id=job.pk, user=staff)
    work(import_id=job.pk)
    confirm(import_id=job.pk, user=staff)
    with pytest.raises(NotPossible):
        discard(import_id=job.pk)


def test_a_file_that_cannot_be_read_is_refused_with_its_row(brought) -> None:
    job = brought("a,1", "b,2,3")
    work(import_id=job.pk)
    job = again(job)
    assert (job.state, job.problem, job.problem_line) == (
        "refused",
        "The row has more cells than the header.",
        3,
    )
    assert not Piece.objects.exists()


def test_a_list_for_something_that_is_gone_is_refused(brought) -> None:
    job = brought("a,1", subject="gone_soon")
    Import.objects.update(subject="gone")
    work(import_id=job.pk)
    assert (again(job).state, again(job).problem) == ("refused", "There is no such dictionary.")


def test_a_kind_that_is_no_longer_installed_is_refused(brought, settings) -> None:
    job = brought("a,1")
    settings.SHEETS = {}
    work(import_id=job.pk)
    assert again(job).state == "refused"


def test_only_so_many_faults_are_kept_and_all_are_counted(brought, monkeypatch) -> None:
    monkeypatch.setattr(operations, "FAULTS_MOST", 3)
    job = brought(*("x" * 30 for _ in range(10)), header="word")
    work(import_id=job.pk)
    assert (again(job).faulty, Fault.objects.count()) == (10, 3)


# --- The clock -----------------------------------------------------------------------------


def test_the_workers_go_on_with_what_is_left(small_batches, brought, words, staff) -> None:
    first, second = brought(*ROWS), brought("z,26")
    work(import_id=first.pk, batches=1)
    tasks.work()
    assert [again(job).state for job in (first, second)] == ["checked", "checked"]
    confirm(import_id=first.pk, user=staff)
    tasks.work()
    assert len(words) == 5


def test_the_workers_stop_in_time_and_go_on_the_next_time(small_batches, brought) -> None:
    job = brought(*ROWS)
    work_on_all(seconds=0)
    assert again(job).done == 2
    work(import_id=job.pk, until=time.monotonic() + 60)
    assert again(job).state == "checked"


def test_a_file_that_another_worker_is_at_is_left_to_it_until_it_is_taken_for_dead(brought) -> None:
    job = brought(*ROWS)
    assert operations._lease(job.pk)
    tasks.work()
    assert again(job).state == "checking"
    Import.objects.update(leased_until=timezone.now() - timedelta(seconds=1))
    tasks.work()
    assert (again(job).state, again(job).leased_until) == ("checked", None)


def test_a_worker_at_work_keeps_its_file(small_batches, brought) -> None:
    job = brought(*ROWS)
    Import.objects.update(leased_until=timezone.now() + timedelta(seconds=1))
    work(import_id=job.pk, batches=1)
    assert again(job).leased_until > timezone.now() + timedelta(minutes=1)


def test_a_file_that_breaks_its_worker_does_not_hold_up_others(brought, words, staff) -> None:
    bad, good = brought("a,1"), brought("b,2")
    for job in (bad, good):
        work(import_id=job.pk)
        confirm(import_id=job.pk, user=staff)
    breaks = iter([True, False])

    def break_first() -> None:
        if next(breaks):
            raise MemoryError

    fakes.ON_WRITE.append(break_first)
    work_on_all(seconds=60)
    assert (again(bad).state, again(good).state) == ("importing", "done")


def test_what_nobody_comes_back_to_is_thrown_away_and_old_imports_are_forgotten(brought) -> None:
    left, old = brought("a,1"), brought("b,2")
    work(import_id=old.pk)
    discard(import_id=old.pk)
    Import.objects.filter(pk=old.pk).update(created_at=timezone.now() - timedelta(days=31))
    sweep(now=timezone.now() + timedelta(hours=25))
    prune(["imports"], seconds=60)
    assert (again(left).state, again(left).problem) == ("discarded", "Nobody went on with it for a day.")
    assert not Piece.objects.exists()
    assert not Import.objects.filter(pk=old.pk).exists()


def test_what_is_fresh_stays(brought) -> None:
    job = brought("a,1")
    tasks.sweep()
    assert again(job).state == "checking"
    assert Piece.objects.exists()
