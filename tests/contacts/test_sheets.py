"""Lists of people go in and out as spreadsheets."""

from __future__ import annotations

import io
import json
from collections.abc import Callable
from uuid import UUID, uuid4

import pytest
from django.contrib.auth.models import Permission
from django.core.files.uploadedfile import SimpleUploadedFile
from django.db import connection
from django.test import Client
from django.test.utils import CaptureQueriesContext
from django.urls import reverse
from django.utils import timezone

from accounts.models import User
from contacts.models import Address, Contact, DetailKey, OptOut
from contacts.operations import opt_out
from sheets.models import Import
from sheets.operations import bring, confirm, work
from sheets.reading import read

pytestmark = pytest.mark.django_db
NUMBER, OTHER = "+27820001001", "+27820001002"
Check = Callable[..., Import]


@pytest.fixture
def check(staff: User) -> Check:
    """The import of a list, checked: the header, then the rows."""

    def make(header: str, *rows: str) -> Import:
        text = "\n".join((header, *rows, ""))
        file = SimpleUploadedFile("people.csv", text.encode())
        job = bring(kind_name="people", subject="", file=file, user=staff)
        work(import_id=job.pk)
        job.refresh_from_db()
        return job

    return make


@pytest.fixture
def load(check: Check, staff: User) -> Check:
    """The same, imported."""

    def make(header: str, *rows: str) -> Import:
        job = check(header, *rows)
        assert job.state == "checked", job.problem
        confirm(import_id=job.pk, user=staff)
        work(import_id=job.pk)
        job.refresh_from_db()
        assert job.state == "done"
        return job

    return make


def counts(job: Import) -> tuple[int, int, int, int]:
    """New, changed, unchanged, faulty."""
    return job.new, job.changed, job.unchanged, job.faulty


def faults(job: Import) -> list[tuple[int, str, str]]:
    return list(job.faults.order_by("line", "pk").values_list("line", "column", "reason"))


def only_person() -> Contact:
    return Contact.objects.get()


# --- Taking people in ----------------------------------------------------------------------


def test_somebody_new_is_made_with_everything_the_row_says(load, staff) -> None:
    load(
        "identity,msisdn,email,name,language,timezone,details",
        f"4f1c9c0e-6b1a-4d2b-9f0e-111111111111,{NUMBER} {OTHER},t@example.org,Thandi,zul_ZA,"
        'Africa/Johannesburg,"{""clinic"": ""4711""}"',
    )
    person = only_person()
    assert person.pk == UUID("4f1c9c0e-6b1a-4d2b-9f0e-111111111111")
    assert (person.name, person.language, person.timezone) == ("Thandi", "zul_ZA", "Africa/Johannesburg")
    assert (person.details, person.created_by) == ({"clinic": "4711"}, staff)
    addresses = person.addresses.order_by("pk").values_list("kind", "value", "is_default")
    assert list(addresses) == [
        ("msisdn", NUMBER, True),
        ("msisdn", OTHER, False),
        ("email", "t@example.org", True),
    ]
    assert DetailKey.objects.filter(name="clinic").exists()


def test_a_check_changes_nothing(check) -> None:
    job = check("msisdn,name", f"{NUMBER},Thandi")
    assert counts(job) == (1, 0, 0, 0)
    assert not Contact.objects.exists()


def test_the_same_file_twice_changes_nothing(load, check) -> None:
    rows = (f"{NUMBER},Thandi,zul_ZA", f"{OTHER},Sipho,eng_ZA")
    load("msisdn,name,language", *rows)
    before = list(Contact.objects.order_by("pk").values())
    job = check("msisdn,name,language", *rows)
    assert counts(job) == (0, 0, 2, 0)
    assert list(Contact.objects.order_by("pk").values()) == before


def test_people_are_found_by_number_and_what_is_new_is_filled_in(load) -> None:
    load("msisdn,name,language", f"{NUMBER},Thandi,zul_ZA")
    job = load("msisdn,name,language,timezone", f"{NUMBER},,eng_ZA,Africa/Johannesburg")
    assert counts(job) == (0, 1, 0, 0)
    person = only_person()
    assert (person.name, person.language, person.timezone) == ("Thandi", "eng_ZA", "Africa/Johannesburg")


def test_a_further_number_is_added_beside_the_others(load) -> None:
    identity = uuid4()
    load("identity,msisdn", f"{identity},{NUMBER}")
    load("identity,msisdn", f"{identity},{OTHER}")
    found = only_person().addresses.order_by("pk").values_list("value", "is_default")
    assert list(found) == [(NUMBER, True), (OTHER, False)]


def test_a_number_that_was_set_aside_is_used_again(load) -> None:
    load("msisdn,name", f"{NUMBER},Thandi")
    Address.objects.update(inactive=True)
    assert counts(load("msisdn,name", f"{NUMBER},Thandi")) == (0, 1, 0, 0)
    assert not Address.objects.get().inactive


def test_details_are_added_to_and_not_replaced(load) -> None:
    load("msisdn,details", f'{NUMBER},"{{""clinic"": 1, ""visits"": [1]}}"')
    load("msisdn,details", f'{NUMBER},"{{""clinic"": 2}}"')
    assert only_person().details == {"clinic": 2, "visits": [1]}


def test_an_opt_out_of_a_number_holds_for_whoever_is_said_to_have_it(load) -> None:
    opt_out(kind=OptOut.Kind.STOP, address=("msisdn", NUMBER), source="sms")
    load("identity,msisdn", f"{uuid4()},{NUMBER}")
    assert Address.objects.filter(value=NUMBER, opted_out_at=None).count() == 0


def test_of_several_people_with_a_number_the_longest_known_is_meant(load) -> None:
    first, second = (Contact.objects.create(name=name) for name in ("First", "Second"))
    for contact in (second, first):
        Address.objects.create(contact=contact, value=NUMBER)
    load("msisdn,language", f"{NUMBER},zul_ZA")
    assert list(Contact.objects.order_by("created_at").values_list("language", flat=True)) == ["zul_ZA", ""]


def test_somebody_named_by_an_identity_may_share_a_number(load) -> None:
    mother, daughter = uuid4(), uuid4()
    load("identity,msisdn", f"{mother},{NUMBER}", f"{daughter},{NUMBER}")
    assert Address.objects.filter(value=NUMBER).count() == 2


def test_a_clinic_s_mail_address_does_not_make_all_its_people_one(load) -> None:
    load("msisdn,email", f"{NUMBER},clinic@example.org", f"{OTHER},clinic@example.org")
    assert Contact.objects.count() == 2


@pytest.mark.parametrize("written", ["27820001001", " +27820001001 ", "'+27820001001"])
def test_numbers_that_spreadsheets_have_changed_are_understood(load, written: str) -> None:
    load("msisdn", written)
    assert Address.objects.get().value == NUMBER


def test_a_national_number_is_read_where_the_installation_has_a_country(load, settings) -> None:
    settings.SMS_REGION = "ZA"
    load("msisdn", "0820001001")
    assert Address.objects.get().value == NUMBER


# --- What is wrong with rows ---------------------------------------------------------------


@pytest.mark.parametrize(
    ("header", "row", "column", "reason"),
    [
        ("msisdn", "12", "msisdn", "Write the number with + and its country code."),
        ("msisdn", "+999123456789", "msisdn", "There is no country with that code."),
        (
            "msisdn",
            "twelve",
            "msisdn",
            "Write the number as digits only, with + in front of the country code.",
        ),
        ("identity", "4711", "identity", "Write an identity as a UUID, or leave it empty."),
        ("msisdn,email", f"{NUMBER},nobody", "email", "Enter a valid email address."),
        ("msisdn,language", f"{NUMBER},Zulu!", "language", "Write a language code like eng_ZA."),
        ("msisdn,timezone", f"{NUMBER},Mars/Olympus", "timezone", "Mars/Olympus is not a time zone name."),
        ("msisdn,name", f"{NUMBER},{'x' * 201}", "name", "More than 200 characters."),
        ("msisdn,name", f"{NUMBER},a\x00b", "name", "The cell holds characters that cannot be kept."),
        ("name", "Nobody", "", "Neither identity nor number nor e-mail address: nobody to be found by."),
    ],
)
def test_a_row_that_is_wrong_is_told_with_its_column(check, header, row, column, reason) -> None:
    job = check(header, row)
    assert faults(job) == [(2, column, reason)]
    assert counts(job) == (0, 0, 0, 1)


@pytest.mark.parametrize(
    "details",
    [
        "[1]",
        "nonsense",
        "1",
        '{"a": NaN}',
        '{"a": 1e999}',
        '{"a": "\\u0000"}',
        '{"a": "\\ud83d"}',
        "[" * 5000,
        '{"a":' * 900,
    ],
)
def test_details_that_cannot_be_kept_are_refused(check, details: str) -> None:
    quoted = details.replace('"', '""')
    assert [
        (line, column) for line, column, _ in faults(check("msisdn,details", f'{NUMBER},"{quoted}"'))
    ] == [(2, "details")]


def test_good_rows_go_in_beside_faulty_ones(load) -> None:
    job = load("msisdn,name", f"{NUMBER},Thandi", "nonsense,Sipho")
    assert counts(job) == (1, 0, 0, 1)
    assert [line for line, _, _ in faults(job)] == [3]
    assert only_person().name == "Thandi"


@pytest.mark.parametrize(
    ("first", "second"),
    [
        (f",{NUMBER}", f",{NUMBER}"),
        (f",{NUMBER}", f",{OTHER} {NUMBER}"),
        (f"{UUID(int=1)},{NUMBER}", f",{NUMBER}"),
        (f"{UUID(int=1)},{NUMBER}", f"{UUID(int=1)},{OTHER}"),
    ],
)
def test_the_same_person_twice_is_noticed(check, first: str, second: str) -> None:
    assert faults(check("identity,msisdn", first, second)) == [(3, "", "The same person as in row 2.")]


def test_somebody_known_is_the_same_by_any_number(check, load) -> None:
    load("msisdn", f"{NUMBER} {OTHER}")
    assert faults(check("msisdn,name", f"{NUMBER},a", f"{OTHER},b")) == [
        (3, "", "The same person as in row 2.")
    ]


def test_nothing_is_written_again_about_somebody_forgotten(check, load) -> None:
    identity = uuid4()
    load("identity,msisdn", f"{identity},{NUMBER}")
    opt_out(kind=OptOut.Kind.FORGET, contact_ids=[identity], source="admin")
    assert faults(check("identity,name", f"{identity},Thandi")) == [
        (2, "", "This person asked to be forgotten.")
    ]


def test_unknown_columns_are_named(check) -> None:
    job = check("msisdn,naam", f"{NUMBER},Thandi")
    assert (job.state, job.problem_line) == ("refused", 1)
    assert job.problem.startswith("Not known: naam. The columns are identity, msisdn,")


def test_faults_hold_nothing_of_the_person(check) -> None:
    job = check("msisdn,name", f"+2782000100x,{'Thandi' * 50}")
    assert "Thandi" not in str(faults(job))
    assert "2782" not in str(faults(job))


# --- Cost ----------------------------------------------------------------------------------


def test_a_batch_costs_the_statements_of_a_row(load, staff) -> None:
    def statements(*rows: str) -> int:
        file = SimpleUploadedFile("people.csv", "\n".join(("msisdn,name,details", *rows)).encode())
        job = bring(kind_name="people", subject="", file=file, user=staff)
        work(import_id=job.pk)
        confirm(import_id=job.pk, user=staff)
        with CaptureQueriesContext(connection) as queries:
            work(import_id=job.pk)
        assert Import.objects.get(pk=job.pk).state == "done"
        return len(queries)

    load("msisdn,name,details", f'{NUMBER},x,"{{""a"": 1}}"', f"{OTHER},x,")
    two = statements(f'{NUMBER},y,"{{""a"": 2}}"', "+27820009999,new,")
    many = statements(
        f'{NUMBER},z,"{{""a"": 3}}"',
        *(f"+2783000{number:04},new,{{}}" for number in range(40)),
        f"{OTHER},z,",
    )
    assert many == two


# --- Giving people out ---------------------------------------------------------------------


@pytest.fixture
def operator(db) -> Client:
    user = User.objects.create_user("operator", is_staff=True)
    user.user_permissions.set(Permission.objects.filter(content_type__app_label="contacts"))
    client = Client()
    client.force_login(user)
    return client


def exported(client: Client, kind: str, **query: str) -> list[list[str]]:
    response = client.get(reverse("admin:contacts_contact_export_list", args=[kind]), query)
    assert response.status_code == 200
    table = read(io.BytesIO(b"".join(response.streaming_content)))
    return [table.header, *(line.cells for line in table.rows())]


@pytest.fixture
def thandi() -> Contact:
    person = Contact.objects.create(name="=cmd()", language="zul_ZA", details={"a": "é"})
    for value, default in ((OTHER, False), (NUMBER, True)):
        Address.objects.create(contact=person, value=value, is_default=default)
    Address.objects.create(contact=person, value="+27820001009", inactive=True)
    return person


def test_an_export_has_everybody_and_runs_nowhere(operator, thandi) -> None:
    header, row = exported(operator, "csv")
    assert header == ["identity", "msisdn", "email", "name", "language", "timezone", "details"]
    assert row == [str(thandi.pk), f"'{NUMBER} {OTHER}", "", "'=cmd()", "zul_ZA", "", '{"a": "é"}']
    assert exported(operator, "xlsx")[1][1:4] == [f"{NUMBER} {OTHER}", "", "=cmd()"]


@pytest.mark.parametrize("kind", ["csv", "xlsx"])
def test_an_export_that_is_imported_changes_nothing(operator, thandi, staff, kind: str) -> None:
    response = operator.get(reverse("admin:contacts_contact_export_list", args=[kind]))
    file = SimpleUploadedFile(f"people.{kind}", b"".join(response.streaming_content))
    job = bring(kind_name="people", subject="", file=file, user=staff)
    work(import_id=job.pk)
    job.refresh_from_db()
    assert (counts(job), faults(job)) == ((0, 0, 1, 0), [])


def test_the_export_follows_the_list_s_search_and_filters(operator, thandi) -> None:
    Contact.objects.create(name="Sipho", opted_out_at=timezone.now())
    assert [row[3] for row in exported(operator, "csv", q="Sipho")[1:]] == ["Sipho"]
    assert [row[3] for row in exported(operator, "csv", opted_out="no")[1:]] == ["'=cmd()"]
    page = operator.get(reverse("admin:contacts_contact_changelist"), {"q": "Sipho"}).content.decode()
    assert reverse("admin:contacts_contact_export_list", args=["csv"]) + "?q=Sipho" in page


def test_an_export_costs_the_statements_of_a_page_of_it(operator, thandi) -> None:
    def statements() -> int:
        with CaptureQueriesContext(connection) as queries:
            exported(operator, "csv")
        return len(queries)

    statements()
    one = statements()
    for number in range(30):
        person = Contact.objects.create(name=f"Person {number}")
        Address.objects.create(contact=person, value=f"+2782000{number:04}")
    assert statements() == one


def test_who_may_only_look_takes_no_list_out(thandi) -> None:
    viewer = User.objects.create_user("viewer", is_staff=True)
    viewer.user_permissions.set(Permission.objects.filter(codename="view_contact"))
    client = Client()
    client.force_login(viewer)
    assert client.get(reverse("admin:contacts_contact_export_list", args=["csv"])).status_code == 403
    assert b"export.csv" not in client.get(reverse("admin:contacts_contact_changelist")).content
    assert client.get(reverse("admin:sheets_bring", args=["people"])).status_code == 403


def test_an_example_shows_the_columns(operator) -> None:
    response = operator.get(reverse("admin:sheets_example", args=["people"]))
    table = read(io.BytesIO(b"".join(response.streaming_content)))
    [line] = table.rows()
    assert dict(zip(table.header, line.cells, strict=True))["msisdn"] == f"'{NUMBER}"
    assert json.loads(line.cells[-1]) == {"clinic": "4711"}
