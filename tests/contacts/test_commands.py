"""Commands about people: importing a list, forgetting somebody."""

from __future__ import annotations

import io

import pytest
from django.core.management import CommandError, call_command

from contacts.models import Address, Contact, OptOut
from sheets.models import Import, Piece
from tests.contacts.conftest import ALICE_NUMBER, BOB_NUMBER

pytestmark = pytest.mark.django_db


class Terminal(io.StringIO):
    """Where somebody looks at a progress bar."""

    def isatty(self) -> bool:
        return True


def run(*arguments: object, **options: object) -> str:
    out = io.StringIO()
    call_command(*map(str, arguments), stdout=out, stderr=options.pop("stderr", io.StringIO()), **options)
    return out.getvalue()


@pytest.fixture
def people(tmp_path):
    """A file with two people."""
    path = tmp_path / "people.csv"
    path.write_text(f"msisdn,name,language\n{ALICE_NUMBER},Alice,eng_ZA\n{BOB_NUMBER},Bob,zul_ZA\n")
    return path


# --- import_contacts ---------------------------------------------------------------------------


def test_people_of_a_list_are_taken_in(people):
    assert run("import_contacts", people) == "2 new, 0 changed, 0 as they are, 0 refused\n"
    assert set(Address.objects.values_list("value", "contact__name")) == {
        (ALICE_NUMBER, "Alice"),
        (BOB_NUMBER, "Bob"),
    }


def test_the_same_list_again_changes_nothing(people):
    run("import_contacts", people)
    before = list(Contact.objects.order_by("pk").values())
    assert run("import_contacts", people) == "0 new, 0 changed, 2 as they are, 0 refused\n"
    assert list(Contact.objects.order_by("pk").values()) == before


def test_a_dry_run_says_what_would_be_done_and_does_nothing(people):
    said = run("import_contacts", people, dry_run=True)
    assert said == "2 would be new, 0 would be changed, 0 as they are, 0 refused\n"
    assert not Contact.objects.exists()
    assert not Piece.objects.exists(), "nor is the file kept"


def test_faulty_rows_are_told_of_and_left_out(people):
    with people.open("a") as file:
        file.write("12,Mallory,eng_ZA\n")
    told = io.StringIO()
    with pytest.raises(CommandError, match="1 rows were refused") as refusal:
        run("import_contacts", people, stderr=told)
    assert refusal.value.returncode == 1
    assert told.getvalue().startswith("Row 4, msisdn: ")
    assert Contact.objects.count() == 2


def test_a_file_that_is_no_list_is_refused(tmp_path):
    path = tmp_path / "people.csv"
    path.write_text("colour,size\nred,4\n")
    with pytest.raises(CommandError, match="row 1: Not known: colour, size"):
        run("import_contacts", path)
    assert not Contact.objects.exists()


def test_a_missing_file_is_told_of(tmp_path):
    with pytest.raises(CommandError, match="No such file"):
        run("import_contacts", tmp_path / "nowhere.csv")


def test_a_long_list_shows_how_far_it_is_where_somebody_looks(tmp_path):
    path = tmp_path / "people.csv"
    rows = [f"+2782{number:07d},Somebody" for number in range(1001)]
    path.write_text("\n".join(["msisdn,name", *rows]))
    terminal = Terminal()
    run("import_contacts", path, stderr=terminal)
    assert "checked: 1001 rows" in terminal.getvalue()
    assert "1001/1001" in terminal.getvalue()
    assert Import.objects.get().state == Import.State.DONE


# --- forget_contact ----------------------------------------------------------------------------


def test_somebody_is_forgotten_by_number(alice_contact):
    said = run("forget_contact", ALICE_NUMBER, no_input=True)
    assert f"{alice_contact.pk} is forgotten." in said
    assert ALICE_NUMBER not in said
    assert "Alice" not in said
    alice_contact.refresh_from_db()
    assert (alice_contact.name, alice_contact.addresses.count()) == ("", 0)
    word = OptOut.objects.get()
    assert (word.kind, word.source) == (OptOut.Kind.FORGET, "command")


def test_it_is_done_only_when_it_is_meant(alice_contact, monkeypatch):
    monkeypatch.setattr("builtins.input", lambda _: "y")
    with pytest.raises(CommandError, match="Nobody was forgotten"):
        run("forget_contact", alice_contact.pk)
    assert Address.objects.filter(contact=alice_contact).exists()
    monkeypatch.setattr("builtins.input", lambda _: "yes")
    run("forget_contact", alice_contact.pk)
    assert not Address.objects.filter(contact=alice_contact).exists()


def test_where_nobody_can_answer_nobody_is_forgotten(alice_contact, monkeypatch):
    monkeypatch.setattr("sys.stdin", io.StringIO())
    with pytest.raises(CommandError, match="Nobody was forgotten"):
        run("forget_contact", alice_contact.pk)
    assert Address.objects.filter(contact=alice_contact).exists()


def test_a_dry_run_forgets_nobody(alice_contact):
    assert "1 addresses" in run("forget_contact", alice_contact.pk, dry_run=True)
    assert Address.objects.filter(contact=alice_contact).exists()
    assert not OptOut.objects.exists()


def test_who_is_forgotten_already_stays_so(alice_contact):
    run("forget_contact", alice_contact.pk, no_input=True)
    assert "was forgotten on" in run("forget_contact", alice_contact.pk)
    assert OptOut.objects.count() == 1


def test_a_number_of_several_people_names_nobody(alice_contact, bob_contact):
    Address.objects.create(contact=bob_contact, value=ALICE_NUMBER)
    with pytest.raises(CommandError, match="Several people") as refusal:
        run("forget_contact", ALICE_NUMBER, no_input=True)
    assert str(alice_contact.pk) in str(refusal.value)
    assert not OptOut.objects.exists()


@pytest.mark.parametrize("person", ["+27829999999", "8646b7bc-b511-4965-a90b-e1145e398703", "Alice"])
def test_nobody_unknown_is_forgotten(person):
    with pytest.raises(CommandError, match=r"Nobody is known|neither an identity nor a number"):
        run("forget_contact", person, no_input=True)
