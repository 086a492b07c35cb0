"""Bringing a file in the admin site, seeing what it would do, and having it taken in."""

from __future__ import annotations

import csv
import io

import pytest
from django.contrib.auth.models import Permission
from django.core.files.uploadedfile import SimpleUploadedFile
from django.test import Client
from django.urls import reverse

from accounts.models import User
from sheets import admin as sheets_admin
from sheets.models import Fault, Import
from tests.sheets.conftest import again

pytestmark = pytest.mark.django_db


@pytest.fixture
def editor() -> Client:
    user = User.objects.create_user("editor", is_staff=True)
    user.user_permissions.set(Permission.objects.filter(codename="change_contact"))
    client = Client()
    client.force_login(user)
    return client


@pytest.fixture
def stranger() -> Client:
    client = Client()
    client.force_login(User.objects.create_user("stranger", is_staff=True))
    return client


def bring(client: Client, content: str, kind: str = "words", subject: str = ""):
    url = reverse("admin:sheets_bring", args=[kind, subject] if subject else [kind])
    return client.post(url, {"file": SimpleUploadedFile("words.csv", content.encode())}, follow=True)


def act(client: Client, what: str, job: Import):
    return client.post(reverse(f"admin:sheets_{what}", args=[job.pk]), follow=True)


def test_a_small_file_is_checked_at_once_and_imported_with_one_more_click(editor, words) -> None:
    page = bring(editor, "word,meaning\nhouse,where one lives\n")
    job = Import.objects.get()
    assert (job.state, job.created_by.username) == ("checked", "editor")
    assert "Import 1 row</button>" in page.content.decode()
    page = act(editor, "confirm", job)
    assert words == {"house": "where one lives"}
    assert "They are said from now on." in page.content.decode()


def test_a_large_file_is_left_to_the_workers(editor, words, monkeypatch) -> None:
    monkeypatch.setattr(sheets_admin, "AT_ONCE", 10)
    page = bring(editor, "word\nhouse\n")
    assert Import.objects.get().state == "checking"
    assert "data-busy" in page.content.decode()


def test_faults_are_shown_and_come_as_a_file(editor) -> None:
    page = bring(editor, f"word,meaning\n{'x' * 30},=1+1\ngood,{'y' * 30}\n")
    assert "More than 20 characters." in page.content.decode()
    response = editor.get(reverse("admin:sheets_faults", args=[Import.objects.get().pk]))
    assert response["Content-Disposition"].startswith('attachment; filename="faults-')
    text = b"".join(response.streaming_content).decode("utf-8-sig")
    assert list(csv.reader(io.StringIO(text))) == [
        ["row", "column", "reason"],
        ["2", "word", "More than 20 characters."],
        ["3", "meaning", "More than 20 characters."],
    ]


def test_many_faults_are_shown_in_part(editor, monkeypatch) -> None:
    monkeypatch.setattr(sheets_admin, "SHOWN", 2)
    page = bring(editor, "word\n" + "x" * 30 + "\n" + "y" * 30 + "\n" + "z" * 30 + "\n")
    assert (len(page.context["faults"]), page.context["more_faults"]) == (2, True)


def test_a_file_that_is_thrown_away_changes_nothing(editor, words) -> None:
    bring(editor, "word\nhouse\n")
    job = Import.objects.get()
    act(editor, "discard", job)
    page = act(editor, "confirm", job)
    assert "not waiting to be imported" in page.content.decode()
    assert (again(job).state, words) == ("discarded", {})


def test_a_file_with_nothing_new_has_nothing_to_click(editor, words) -> None:
    words.update(house="where one lives")
    page = bring(editor, "word,meaning\nhouse,where one lives\n")
    assert "Everything in the file is here already." in page.content.decode()
    assert reverse("admin:sheets_confirm", args=[Import.objects.get().pk]) not in page.content.decode()


def test_a_faulty_list_that_goes_in_as_a_whole_has_nothing_to_click(editor) -> None:
    page = bring(editor, f"word\ngood\n{'x' * 30}\n", kind="sentence")
    assert "imported as a whole" in page.content.decode()
    assert not page.context["may_confirm"]


def test_an_unreadable_file_says_why(editor) -> None:
    page = bring(editor, "word,sense\nhouse,x\n").content.decode()
    assert "Row 1: Not known: sense. The columns are word, meaning." in page


def test_a_file_beyond_the_limit_is_refused_before_it_is_kept(editor, settings) -> None:
    settings.MAX_UPLOAD_BYTES = 10
    page = bring(editor, "word\nhouse\n")
    assert "The file is larger than 10 bytes: divide it." in page.content.decode()
    assert not Import.objects.exists()


def test_no_file_is_said_beside_the_field(editor) -> None:
    page = editor.post(reverse("admin:sheets_bring", args=["words"]))
    assert "This field is required." in page.content.decode()


def test_the_list_shows_the_imports(editor) -> None:
    bring(editor, "word\nhouse\n")
    page = editor.get(reverse("admin:sheets_import_changelist")).content.decode()
    assert "words.csv" in page


# --- Who may -------------------------------------------------------------------------------


def test_others_neither_bring_nor_see_anything(editor, stranger) -> None:
    bring(editor, f"word\nhouse\n{'x' * 30}\n")
    job = Import.objects.get()
    for name, args in [
        ("sheets_bring", ["words"]), ("sheets_example", ["words"]), ("sheets_import_change", [job.pk]),
        ("sheets_faults", [job.pk]), ("sheets_import_changelist", []),
    ]:  # fmt: skip
        assert stranger.get(reverse(f"admin:{name}", args=args)).status_code == 403, name
    for name in ("confirm", "discard"):
        assert stranger.post(reverse(f"admin:sheets_{name}", args=[job.pk])).status_code == 403
    assert again(job).state == "checked"
    assert "Spreadsheets" not in stranger.get(reverse("admin:index")).content.decode()


def test_what_changes_something_is_not_done_by_looking(editor) -> None:
    bring(editor, "word\nhouse\n")
    job = Import.objects.get()
    for name in ("confirm", "discard"):
        assert editor.get(reverse(f"admin:sheets_{name}", args=[job.pk])).status_code == 405


@pytest.mark.parametrize("args", [["dreams"], ["words", "gone"]])
def test_lists_that_are_not_there_are_not_found(editor, args) -> None:
    assert editor.get(reverse("admin:sheets_bring", args=args)).status_code == 404


@pytest.mark.parametrize("key", ["nonsense", "00000000-0000-0000-0000-000000000000", "1"])
def test_imports_that_are_not_there_are_not_found(editor, key: str) -> None:
    assert editor.get(f"/admin/sheets/import/{key}/change/").status_code == 404


def test_nobody_adds_changes_or_removes_an_import_by_hand(editor) -> None:
    bring(editor, "word\nhouse\n")
    job = Import.objects.get()
    assert editor.get("/admin/sheets/import/add/").status_code == 403
    assert editor.post(f"/admin/sheets/import/{job.pk}/delete/", {"post": "yes"}).status_code == 403
    assert not Fault.objects.exists()
