"""Statements compiled once give what the queryset gives."""

from __future__ import annotations

from datetime import timedelta
from uuid import UUID, uuid4

import pytest
from django.db import IntegrityError, connection, transaction
from django.utils.timezone import now

from accounts.prepared import Parameter, Prepared, PreparedInsert
from contacts.models import Address, Contact

pytestmark = pytest.mark.django_db
PERSON = UUID("8646b7bc-b511-4965-a90b-e1145e398703")
COLUMNS = ("pk", "details", "created_at", "opted_out_at", "user__is_active", "name")


def known_before() -> Prepared:
    return Prepared(
        lambda: Contact.objects.filter(
            pk=Parameter("key", Contact._meta.pk),
            created_at__lt=Parameter("moment", Contact._meta.get_field("created_at")),
            language="eng_ZA",
        ).values_list(*COLUMNS)
    )


def test_rows_have_the_types_of_their_fields(alice) -> None:
    Contact.objects.create(pk=PERSON, details={"due": [1, None]}, language="eng_ZA", user=alice)
    statement = known_before()

    for _ in range(2):
        rows = statement.rows(key=PERSON, moment=now() + timedelta(hours=1))
        assert rows == list(Contact.objects.values_list(*COLUMNS))


def test_values_differ_from_call_to_call() -> None:
    Contact.objects.create(pk=PERSON, language="eng_ZA")
    statement = known_before()

    assert len(statement.rows(key=PERSON, moment=now())) == 1
    assert statement.rows(key=uuid4(), moment=now()) == []
    assert statement.rows(key=PERSON, moment=now() - timedelta(hours=1)) == []


def test_the_queryset_is_made_once(django_assert_num_queries) -> None:
    made = []

    def build():
        made.append(1)
        return Contact.objects.filter(pk=Parameter("key", Contact._meta.pk)).values_list("pk")

    statement = Prepared(build)
    with django_assert_num_queries(3):
        for _ in range(3):
            statement.rows(key=PERSON)
    assert made == [1]


def test_a_value_is_never_text_of_the_statement() -> None:
    Address.objects.create(contact=Contact.objects.create(), value="+27820001001")
    statement = Prepared(
        lambda: Address.objects.filter(value=Parameter("value", Address._meta.get_field("value")))
    )

    assert statement.rows(value="' OR '1'='1") == []
    assert statement.rows(value="%s") == []
    [row] = statement.rows(value="+27820001001")
    assert len(row) == len(Address._meta.concrete_fields)


def test_a_missing_value_is_an_error_of_the_program() -> None:
    with pytest.raises(KeyError):
        known_before().rows(key=PERSON)
    assert connection.is_usable()


# --- Inserting ---------------------------------------------------------------------------


def test_a_row_is_inserted_with_its_times_and_types() -> None:
    insert = PreparedInsert(Contact)
    people = [Contact(language="eng_ZA", details={"due": "2026-12-24"}), Contact(name="Thandi")]
    for person in people:
        insert(person)

    for person in people:
        stored = Contact.objects.get(pk=person.pk)
        assert [getattr(stored, field.attname) for field in Contact._meta.concrete_fields] == [
            getattr(person, field.attname) for field in Contact._meta.concrete_fields
        ]
    assert people[0].updated_at < people[1].updated_at
    people[0].name = "Zanele"
    people[0].save()
    assert Contact.objects.count() == 2


def test_a_row_that_is_there_already() -> None:
    Contact.objects.create(pk=PERSON, name="Thandi")

    PreparedInsert(Contact, ignore_conflicts=True)(Contact(pk=PERSON, name="Eve"))
    assert Contact.objects.get().name == "Thandi"
    with pytest.raises(IntegrityError), transaction.atomic():
        PreparedInsert(Contact)(Contact(pk=PERSON))


def test_the_database_counts_up_its_own_keys() -> None:
    insert = PreparedInsert(Address)
    person = Contact.objects.create()
    for value in ("+27820001001", "+27820001002"):
        insert(Address(contact=person, value=value))

    assert Address.objects.values("pk").distinct().count() == 2
