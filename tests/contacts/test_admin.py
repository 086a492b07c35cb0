"""People in the admin site."""

import pytest
from django.core.cache import cache
from django.db import connection
from django.test.utils import CaptureQueriesContext
from django.urls import reverse

from accounts.models import User
from contacts.models import Address, Contact, OptOut
from contacts.operations import best_address, opt_out
from tests.contacts.conftest import ALICE_NUMBER, BOB_NUMBER

PEOPLE = reverse("admin:contacts_contact_changelist")
NEW = reverse("admin:contacts_contact_add")


@pytest.fixture
def root(db) -> User:
    cache.clear()
    return User.objects.create_superuser("root", "root@example.org", "root-password")


@pytest.fixture
def as_root(client, root):
    client.force_login(root)
    return client


def page_of(contact: Contact) -> str:
    return reverse("admin:contacts_contact_change", args=[contact.pk])


def form(*addresses: dict, **fields) -> dict:
    """What the browser sends: the person's fields and the rows of addresses."""
    old = sum("id" in address for address in addresses)
    sent = {"name": "", "language": "", "timezone": "", "details": "{}"} | fields
    for prefix in ("opt_outs", "opt_ins"):
        sent |= {f"{prefix}-TOTAL_FORMS": 0, f"{prefix}-INITIAL_FORMS": 0}
    sent |= {"addresses-TOTAL_FORMS": len(addresses), "addresses-INITIAL_FORMS": old}
    for number, address in enumerate(addresses):
        sent |= {f"addresses-{number}-{name}": value for name, value in address.items()}
    return sent


def row(address: Address, **changes) -> dict:
    known = {"id": address.pk, "contact": address.contact_id, "kind": address.kind, "value": address.value}
    return known | ({"is_default": "on"} if address.is_default else {}) | changes


def found(client, **query) -> list[str]:
    return sorted(str(contact) for contact in client.get(PEOPLE, query).context["cl"].result_list)


def test_every_page_opens(as_root, alice_contact) -> None:
    opt_out(kind="stopall", contact_ids=[alice_contact.pk], source="sms")
    lists = [reverse(f"admin:contacts_{name}_changelist") for name in ("contact", "address", "optout")]
    for url in [*lists, NEW, page_of(alice_contact)]:
        response = as_root.get(url)
        assert response.status_code == 200
    for url in lists:
        assert ALICE_NUMBER in as_root.get(url).content.decode() or "sms" in as_root.get(url).content.decode()


SEARCHES = {
    "a number": (ALICE_NUMBER, ["Alice"]),
    "the beginning of a number": ("+2782000", ["Alice", "Bob"]),
    "part of a name": ("lic", ["Alice"]),
    "a name in other case": ("BOB", ["Bob"]),
    "with blanks around": (f"  {ALICE_NUMBER} ", ["Alice"]),
    "nobody": ("carol", []),
    "NUL, which is no search": ("\x00lic", ["Alice", "Bob"]),
    "a percent sign": ("%", []),
}


@pytest.mark.parametrize(("term", "names"), SEARCHES.values(), ids=SEARCHES.keys())
def test_people_are_found(as_root, alice_contact, bob_contact, term, names) -> None:
    assert found(as_root, q=term) == names


def test_people_are_found_by_identity_and_by_a_national_number(
    as_root, alice_contact, bob_contact, settings
) -> None:
    settings.SMS_REGION = "ZA"
    assert found(as_root, q=str(alice_contact.pk)) == ["Alice"]
    assert found(as_root, q="0820001001") == ["Alice"]


def test_people_are_filtered(as_root, alice_contact, bob_contact) -> None:
    opt_out(kind="stopall", contact_ids=[bob_contact.pk], source="sms")
    assert found(as_root, opted_out="yes") == ["Bob"]
    assert found(as_root, opted_out="no") == ["Alice"]
    assert found(as_root, language="eng_ZA") == ["Alice"]


def opted_out_of(client) -> dict[str, str | None]:
    """What the list's column says of each person."""
    listed = client.get(PEOPLE).context["cl"]
    return {str(person): listed.model_admin.opted_out_of(person) for person in listed.result_list}


def test_the_list_tells_who_wants_nothing_more(as_root, alice_contact, bob_contact) -> None:
    carol = Contact.objects.create(name="Carol")
    opt_out(kind="stopall", contact_ids=[bob_contact.pk], source="sms")
    opt_out(kind="stop", address=("msisdn", ALICE_NUMBER), source="sms")

    assert opted_out_of(as_root) == {"Alice": "the number", "Bob": "everything", "Carol": None}
    assert found(as_root, opted_out="yes") == ["Bob"]
    assert found(as_root, opted_out="address") == ["Alice"]
    assert found(as_root, opted_out="no") == [str(carol)]


def test_of_two_numbers_the_list_shows_the_one_that_is_still_written_to(as_root, alice_contact) -> None:
    opt_out(kind="stop", address=("msisdn", ALICE_NUMBER), source="sms")
    Address.objects.create(contact=alice_contact, kind="msisdn", value="+27820009009")

    page = as_root.get(PEOPLE).content.decode()
    assert "+27820009009" in page
    assert ALICE_NUMBER not in page
    assert opted_out_of(as_root) == {"Alice": None}


@pytest.mark.parametrize("name", ["contact", "address", "optout"])
def test_a_list_costs_the_same_for_one_row_and_for_twenty(as_root, alice_contact, name) -> None:
    url = reverse(f"admin:contacts_{name}_changelist")
    opt_out(kind="stopall", contact_ids=[alice_contact.pk], source="sms")
    as_root.get(url)
    with CaptureQueriesContext(connection) as few:
        as_root.get(url)
    for n in range(20):
        contact = Contact.objects.create(name=f"Person {n}")
        Address.objects.create(contact=contact, kind="msisdn", value=f"+2783000{n:04}")
        OptOut.objects.create(contact=contact, source="sms")
    with CaptureQueriesContext(connection) as many:
        as_root.get(url)
    assert len(many) == len(few)


# --- editing ---------------------------------------------------------------------------


def test_a_person_is_made_with_addresses(as_root, root, settings) -> None:
    settings.SMS_REGION = "ZA"
    sent = form(
        {"kind": "msisdn", "value": "0820001001"},
        {"kind": "email", "value": "thandi@example.org", "is_default": "on"},
        name="Thandi",
        language="zul_ZA",
        details='{"edd": "2027-01-01"}',
    )
    assert as_root.post(NEW, sent).status_code == 302
    contact = Contact.objects.get()
    assert (contact.name, contact.details, contact.created_by) == ("Thandi", {"edd": "2027-01-01"}, root)
    assert set(contact.addresses.values_list("value", "is_default")) == {
        (ALICE_NUMBER, False),
        ("thandi@example.org", True),
    }


def test_the_default_moves_from_one_address_to_another(as_root, bob_contact) -> None:
    old = bob_contact.addresses.get()
    new = Address.objects.create(contact=bob_contact, kind="msisdn", value=ALICE_NUMBER)
    sent = row(old)
    del sent["is_default"]
    assert (
        as_root.post(page_of(bob_contact), form(sent, row(new, is_default="on"), name="Bob")).status_code
        == 302
    )
    assert best_address(contact_id=bob_contact.pk, kind="msisdn") == ALICE_NUMBER


def test_an_address_is_changed_and_another_removed(as_root, bob_contact) -> None:
    old = bob_contact.addresses.get()
    other = Address.objects.create(contact=bob_contact, kind="email", value="bob@example.org")
    sent = form(row(old, value=ALICE_NUMBER), row(other, DELETE="on"), name="Bob")
    assert as_root.post(page_of(bob_contact), sent).status_code == 302
    assert [address.value for address in bob_contact.addresses.all()] == [ALICE_NUMBER]


def test_saving_without_a_change_of_addresses_leaves_them_as_they_are(as_root, bob_contact) -> None:
    address = bob_contact.addresses.get()
    Address.objects.filter(pk=address.pk).update(failures_in_a_row=3)
    as_root.post(page_of(bob_contact), form(row(address), name="Robert"))
    address.refresh_from_db()
    bob_contact.refresh_from_db()
    assert (bob_contact.name, address.failures_in_a_row) == ("Robert", 3)


BAD = {
    "no number": ({"kind": "msisdn", "value": "0-800-BOB"}, {}, None),
    "no e-mail": ({"kind": "email", "value": "bob"}, {}, None),
    "a language that is none": ({"kind": "msisdn", "value": BOB_NUMBER}, {"language": "Xhosa!"}, "language"),
    "a zone that is none": ({"kind": "msisdn", "value": BOB_NUMBER}, {"timezone": "Mars"}, "timezone"),
    "details that are no JSON": ({"kind": "msisdn", "value": BOB_NUMBER}, {"details": "{"}, "details"),
}


@pytest.mark.parametrize(("address", "fields", "wrong"), BAD.values(), ids=BAD.keys())
def test_bad_input_is_shown_beside_its_field_and_stores_nothing(as_root, address, fields, wrong) -> None:
    response = as_root.post(NEW, form(address, **fields))
    assert response.status_code == 200
    errors = response.context["adminform"].form.errors
    assert wrong in errors if wrong else response.context["errors"]
    assert not Contact.objects.exists()


def test_details_are_an_object(as_root) -> None:
    response = as_root.post(NEW, form(details="[1]"))
    assert "details" in response.context["adminform"].form.errors


def test_history_cannot_be_rewritten(as_root, alice_contact) -> None:
    [entry] = opt_out(kind="stopall", contact_ids=[alice_contact.pk], source="sms")
    for action in ("change", "delete"):
        url = reverse(f"admin:contacts_optout_{action}", args=[entry.pk])
        assert as_root.post(url, {"source": "me"}).status_code == 403
    assert as_root.get(reverse("admin:contacts_optout_add")).status_code == 403


# --- opting out and in ------------------------------------------------------------------


def do(client, action: str, *people: Contact, **more):
    return client.post(PEOPLE, {"action": action, "_selected_action": [str(p.pk) for p in people]} | more)


def test_staff_opt_people_out_and_in(as_root, root, alice_contact, bob_contact, opted_out, opted_in) -> None:
    do(as_root, "opt_out_of_everything", alice_contact, bob_contact)
    assert best_address(contact_id=alice_contact.pk, kind="msisdn") is None
    entry = alice_contact.opt_outs.get()
    assert (entry.source, entry.requestor, entry.created_by) == ("admin", "root", root)
    do(as_root, "opt_in_again", alice_contact)
    assert best_address(contact_id=alice_contact.pk, kind="msisdn") == ALICE_NUMBER
    assert (len(opted_out), len(opted_in)) == (1, 1)


def test_forgetting_asks_first(as_root, alice_contact) -> None:
    asked = do(as_root, "forget", alice_contact)
    assert "cannot be undone" in asked.content.decode()
    assert alice_contact.addresses.exists()
    do(as_root, "forget", alice_contact, confirmed="yes")
    assert not alice_contact.addresses.exists()
    assert alice_contact.opt_outs.get().kind == "forget"


def test_whoever_may_only_look_does_nothing(client, staff, alice_contact) -> None:
    from django.contrib.auth.models import Permission

    staff.user_permissions.set(Permission.objects.filter(codename="view_contact"))
    client.force_login(staff)
    assert found(client) == ["Alice"]
    do(client, "opt_out_of_everything", alice_contact)
    do(client, "forget", alice_contact, confirmed="yes")
    assert best_address(contact_id=alice_contact.pk, kind="msisdn") == ALICE_NUMBER


def test_a_person_is_forgotten_where_records_are_deleted(as_root, alice_contact) -> None:
    page = as_root.get(reverse("admin:contacts_contact_change", args=[alice_contact.pk])).content.decode()
    delete = reverse("admin:contacts_contact_delete", args=[alice_contact.pk])
    assert delete not in page
    assert "This cannot be undone" in as_root.get(delete, follow=True).content.decode()
    people = as_root.get(reverse("admin:contacts_contact_changelist")).content.decode()
    assert "delete_selected" not in people
