"""STOP, START and being forgotten."""

import pytest
from django.db import connection
from django.test.utils import CaptureQueriesContext

from contacts.models import Address, Contact, OptIn, OptOut
from contacts.operations import add_address, best_address, forget, opt_in, opt_out
from tests.contacts.conftest import ALICE_NUMBER, BOB_NUMBER

ALICES = ("msisdn", ALICE_NUMBER)


def reachable(contact: Contact) -> str | None:
    return best_address(contact_id=contact.pk, kind="msisdn")


def test_stopall_closes_every_address_present_and_future(alice_contact, opted_out) -> None:
    [row] = opt_out(kind="stopall", contact_ids=[alice_contact.pk], source="api", reason="not interested")
    assert reachable(alice_contact) is None
    add_address(contact_id=alice_contact.pk, kind="msisdn", value=BOB_NUMBER, is_default=True)
    assert reachable(alice_contact) is None
    assert (row.in_force, row.reason, row.source) == (True, "not interested", "api")
    [said] = opted_out
    assert (said["contact_ids"], said["programme"], said["address"]) == ([alice_contact.pk], "", "")
    assert said["optout"] == row


def test_stop_closes_one_address_and_leaves_the_others(alice_contact, opted_out) -> None:
    add_address(contact_id=alice_contact.pk, kind="msisdn", value=BOB_NUMBER)
    opt_out(kind="stop", contact_ids=[alice_contact.pk], address=ALICES, source="api")
    assert reachable(alice_contact) == BOB_NUMBER
    assert opted_out[0]["address"] == ALICE_NUMBER


def test_a_stop_of_no_address_in_particular_is_a_mistake_of_the_caller(alice_contact) -> None:
    with pytest.raises(ValueError, match="needs the address"):
        opt_out(kind="stop", contact_ids=[alice_contact.pk], source="api")
    assert not OptOut.objects.exists()


def test_a_number_speaks_for_everybody_who_has_it(alice_contact, bob_contact, opted_out) -> None:
    add_address(contact_id=bob_contact.pk, kind="msisdn", value=ALICE_NUMBER)
    rows = opt_out(kind="stopall", address=ALICES, source="sms")
    assert [row.contact_id for row in rows] == [alice_contact.pk, bob_contact.pk]
    assert reachable(alice_contact) is reachable(bob_contact) is None
    assert opted_out[0]["contact_ids"] == [alice_contact.pk, bob_contact.pk]


def test_the_stop_of_a_stranger_is_kept(db, opted_out) -> None:
    opt_out(kind="stopall", address=ALICES, source="sms")
    stranger = Contact.objects.get(addresses__value=ALICE_NUMBER)
    assert stranger.opted_out_at is not None
    assert opted_out[0]["contact_ids"] == [stranger.pk]


def test_nobody_named_and_nobody_found_changes_nothing(bob_contact, opted_out) -> None:
    assert opt_out(kind="stopall", contact_ids=[Contact().pk], source="api") == []
    assert opt_out(kind="stopall", address=("email", "nobody@example.org"), source="api") == []
    assert not opted_out
    assert not OptOut.objects.exists()


def test_unsubscribing_from_a_programme_leaves_the_person_reachable(alice_contact, opted_out) -> None:
    opt_out(kind="unsubscribe", contact_ids=[alice_contact.pk], programme="prebirth", source="api")
    assert reachable(alice_contact) == ALICE_NUMBER
    assert opted_out[0]["programme"] == "prebirth"


def test_unsubscribing_from_nothing_in_particular_is_only_history(alice_contact, opted_out) -> None:
    opt_out(kind="unsubscribe", contact_ids=[alice_contact.pk], source="api")
    assert alice_contact.opt_outs.count() == 1
    assert not opted_out


def test_a_receiver_that_fails_undoes_the_whole_opt_out(alice_contact) -> None:
    from contacts.signals import contacts_opted_out

    def fail(**said):
        raise RuntimeError("cannot cancel")

    contacts_opted_out.connect(fail)
    try:
        with pytest.raises(RuntimeError):
            opt_out(kind="stopall", contact_ids=[alice_contact.pk], source="api")
    finally:
        contacts_opted_out.disconnect(fail)
    assert reachable(alice_contact) == ALICE_NUMBER
    assert not OptOut.objects.exists()


def test_a_repeated_stop_keeps_the_first_time_and_both_entries(alice_contact) -> None:
    opt_out(kind="stopall", contact_ids=[alice_contact.pk], source="sms")
    first = Contact.objects.get(pk=alice_contact.pk).opted_out_at
    opt_out(kind="stopall", contact_ids=[alice_contact.pk], source="sms")
    assert Contact.objects.get(pk=alice_contact.pk).opted_out_at == first
    assert alice_contact.opt_outs.count() == 2


def test_an_opt_out_of_many_costs_as_much_as_of_one(alice_contact, bob_contact) -> None:
    """With whatever the signals set off, which is not for this test to count."""

    def cost(*people: Contact) -> int:
        with CaptureQueriesContext(connection) as sent:
            opt_out(kind="stopall", contact_ids=[person.pk for person in people], source="api")
        return len(sent)

    assert cost(alice_contact) == cost(alice_contact, bob_contact)


# --- START ------------------------------------------------------------------------------


def test_start_reverses_stop(alice_contact, opted_in) -> None:
    opt_out(kind="stopall", address=ALICES, source="sms")
    [row] = opt_in(address=ALICES, source="sms")
    assert reachable(alice_contact) == ALICE_NUMBER
    assert (row.contact_id, row.address) == (alice_contact.pk, ALICE_NUMBER)
    lifted = alice_contact.opt_outs.get()
    assert (lifted.in_force, lifted.lifted_source) == (False, "sms")
    assert opted_in == [{"contact_ids": [alice_contact.pk], "programme": "", "source": "sms", "user": None}]


def test_start_by_one_number_reopens_all_that_the_person_had_stopped(alice_contact) -> None:
    add_address(contact_id=alice_contact.pk, kind="msisdn", value=BOB_NUMBER)
    opt_out(kind="stop", contact_ids=[alice_contact.pk], address=("msisdn", BOB_NUMBER), source="api")
    opt_out(kind="stopall", address=ALICES, source="sms")
    opt_in(address=ALICES, source="sms")
    assert not Address.objects.filter(opted_out_at__isnull=False).exists()
    assert not OptOut.objects.filter(lifted_at=None).exists()


def test_an_opt_in_of_one_address_leaves_the_others_closed(alice_contact) -> None:
    add_address(contact_id=alice_contact.pk, kind="msisdn", value=BOB_NUMBER, is_default=True)
    opt_out(kind="stopall", contact_ids=[alice_contact.pk], source="api")
    opt_in(contact_ids=[alice_contact.pk], address=ALICES, source="api")
    assert reachable(alice_contact) == ALICE_NUMBER
    assert alice_contact.addresses.get(value=BOB_NUMBER).opted_out_at is not None


def test_an_opt_in_of_one_address_does_not_lift_the_stop_of_another(alice_contact) -> None:
    add_address(contact_id=alice_contact.pk, kind="msisdn", value=BOB_NUMBER)
    for value in (ALICE_NUMBER, BOB_NUMBER):
        opt_out(kind="stop", contact_ids=[alice_contact.pk], address=("msisdn", value), source="api")
    opt_in(contact_ids=[alice_contact.pk], address=ALICES, source="api")
    assert [row.address for row in OptOut.objects.filter(lifted_at=None)] == [BOB_NUMBER]
    assert reachable(alice_contact) == ALICE_NUMBER


def test_an_opt_in_to_one_programme_lifts_that_and_no_more(alice_contact, opted_in) -> None:
    for programme in ("prebirth", "postbirth"):
        opt_out(kind="unsubscribe", contact_ids=[alice_contact.pk], programme=programme, source="api")
    opt_in(contact_ids=[alice_contact.pk], programme="prebirth", source="api")
    assert [row.programme for row in OptOut.objects.filter(lifted_at=None)] == ["postbirth"]
    assert opted_in[0]["programme"] == "prebirth"


def test_a_general_opt_in_does_not_bring_back_a_programme_the_person_left(alice_contact) -> None:
    opt_out(kind="unsubscribe", contact_ids=[alice_contact.pk], programme="prebirth", source="api")
    opt_in(contact_ids=[alice_contact.pk], source="api")
    assert OptOut.objects.get().in_force


def test_the_start_of_a_stranger_makes_nobody(db, opted_in) -> None:
    assert opt_in(address=ALICES, source="sms") == []
    assert not Contact.objects.exists()
    assert not OptIn.objects.exists()
    assert not opted_in


# --- being forgotten --------------------------------------------------------------------


def test_who_is_forgotten_leaves_nothing_that_tells_who_it_was(alice, alice_contact, bob_contact) -> None:
    Contact.objects.filter(pk=alice_contact.pk).update(
        details={"edd": "2027-01-01", "clinic": "Eastside"}, communicate_through=bob_contact, user=alice
    )
    opt_out(kind="stop", contact_ids=[alice_contact.pk], address=ALICES, source="sms", reason="my husband")
    opt_in(contact_ids=[alice_contact.pk], address=ALICES, source="sms", requestor=ALICE_NUMBER)
    forget(contact_id=alice_contact.pk, source="api")
    alice_contact.refresh_from_db()
    assert (alice_contact.name, alice_contact.language, alice_contact.user) == ("", "", None)
    assert alice_contact.details == {"edd": "redacted", "clinic": "redacted"}
    assert alice_contact.communicate_through is None
    assert not alice_contact.addresses.exists()
    traces = list(alice_contact.opt_outs.values_list("address", "reason")) + list(
        alice_contact.opt_ins.values_list("address", "requestor")
    )
    assert set(traces) == {("", "")}


def test_who_is_forgotten_gets_nothing_more_and_others_are_told(alice_contact, opted_out, forgotten) -> None:
    forget(contact_id=alice_contact.pk, source="api")
    assert Contact.objects.get(pk=alice_contact.pk).opted_out_at is not None
    assert opted_out[0]["optout"].kind == "forget"
    assert forgotten == [{"contact_ids": [alice_contact.pk], "addresses": [ALICE_NUMBER], "user_ids": []}]


def test_copies_are_blanked_while_the_addresses_can_still_be_seen(alice_contact) -> None:
    from contacts.signals import contacts_opted_out

    seen = []

    def look(*, contact_ids, **said):
        seen.extend(Address.objects.filter(contact__in=contact_ids).values_list("value", flat=True))

    contacts_opted_out.connect(look)
    try:
        forget(contact_id=alice_contact.pk, source="api")
    finally:
        contacts_opted_out.disconnect(look)
    assert seen == [ALICE_NUMBER]


def test_somebody_forgotten_may_come_back(alice_contact) -> None:
    forget(contact_id=alice_contact.pk, source="api")
    opt_in(contact_ids=[alice_contact.pk], source="api")
    add_address(contact_id=alice_contact.pk, kind="msisdn", value=ALICE_NUMBER)
    assert reachable(alice_contact) == ALICE_NUMBER
