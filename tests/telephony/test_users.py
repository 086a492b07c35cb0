from __future__ import annotations

import json

import pytest
from django.db import connection
from django.test.utils import CaptureQueriesContext

from contacts.models import Address, Contact
from contacts.operations import get_or_create_contact
from telephony import operations
from telephony.models import TelephonyUser, Voicemail
from telephony.recordings import read_recording
from tests.telephony.conftest import JSON, recording

pytestmark = pytest.mark.django_db

PROPERTIES = {
    "id", "firstname", "lastname", "callerid", "username", "password", "enableclient", "musiconhold",
    "outcallerid", "mobilephonenumber", "userfield", "timezone", "language", "description", "cti_profile_id",
    "voicemailid", "agentid", "entityid", "email",
}  # fmt: skip


def post(pbx, **body):
    return pbx.generic("POST", "/1.0/users/", json.dumps(body), content_type=JSON)


def put(pbx, key, body, **headers):
    return pbx.generic("PUT", f"/1.0/users/{key}", json.dumps(body), content_type=JSON, **headers)


def test_a_user_is_created_and_read_back(pbx):
    made = post(pbx, firstname="Jean", lastname="Dupond", username="1234", password="7895", enableclient=1)
    assert made.status_code == 201
    key = made.json()["id"]
    assert made["Location"] == f"http://testserver/1.0/users/{key}"
    found = pbx.get(f"/1.0/users/{key}").json()
    assert found.keys() >= PROPERTIES
    assert (found["password"], found["enableclient"], found["callerid"]) == ("7895", 1, "Jean Dupond")
    assert pbx.get("/1.0/users/").json()["items"] == [found]


def test_a_put_changes_only_what_is_sent(pbx):
    key = post(pbx, firstname="Jean", lastname="Dupond", userfield="kept").json()["id"]
    answer = put(pbx, key, {"id": str(key), "email": "jean@example.org"})
    assert (answer.status_code, answer.content) == (200, b"")
    assert answer["Location"] == f"http://testserver/1.0/users/{key}"
    found = pbx.get(f"/1.0/users/{key}").json()
    assert (found["email"], found["userfield"], found["firstname"]) == ("jean@example.org", "kept", "Jean")


def test_an_empty_put_changes_nothing(pbx):
    key = post(pbx, firstname="Jean").json()["id"]
    before = pbx.get(f"/1.0/users/{key}").json()
    assert put(pbx, key, {}).status_code == 200
    assert pbx.get(f"/1.0/users/{key}").json() == before


def test_the_caller_id_follows_a_name_it_was_made_from(pbx):
    key = post(pbx, firstname="Jean", lastname="Dupond").json()["id"]
    put(pbx, key, {"lastname": "Martin"})
    assert pbx.get(f"/1.0/users/{key}").json()["callerid"] == "Jean Martin"
    put(pbx, key, {"callerid": "Front desk"})
    put(pbx, key, {"firstname": "Anne"})
    assert pbx.get(f"/1.0/users/{key}").json()["callerid"] == "Front desk"


BAD = {
    "unknown property": ({"firstname": "J", "nickname": "x", "shoe": 1}, "nickname, shoe"),
    "firstname missing": ({"lastname": "D"}, "firstname"),
    "firstname empty": ({"firstname": ""}, "firstname"),
    "too long": ({"firstname": "x" * 129}, "firstname"),
    "list for a text": ({"firstname": ["J"]}, "firstname"),
    "boolean for a text": ({"firstname": "J", "username": True}, "username"),
    "flag out of range": ({"firstname": "J", "enableclient": 2}, "enableclient"),
    "flag as a float": ({"firstname": "J", "enableclient": 0.5}, "enableclient"),
    "negative id": ({"firstname": "J", "agentid": -1}, "agentid"),
    "id beyond 64 bits": ({"firstname": "J", "entityid": 2**64}, "entityid"),
    "mailbox that is not there": ({"firstname": "J", "voicemailid": 999}, "voicemailid"),
    "several": ({"voicemailid": 999, "firstname": "", "shoe": 1}, "voicemailid, firstname, shoe"),
}


@pytest.mark.parametrize(("body", "names"), BAD.values(), ids=BAD.keys())
def test_unusable_properties_are_named_and_nothing_is_stored(pbx, body, names):
    answer = post(pbx, **body)
    assert answer.status_code == 400
    assert answer.json()[0] == f"Incorrect parameters sent: {names}"
    assert not TelephonyUser.objects.exists()


def test_a_put_cannot_renumber_a_user(pbx):
    key = post(pbx, firstname="Jean").json()["id"]
    answer = put(pbx, key, {"id": key + 1, "firstname": "Anne"})
    assert answer.json() == ["Incorrect parameters sent: id"]
    assert TelephonyUser.objects.get().firstname == "Jean"


def test_both_spellings_of_the_cti_profile_are_understood(pbx):
    key = post(pbx, firstname="Jean", ctiprofileid=4).json()["id"]
    assert pbx.get(f"/1.0/users/{key}").json()["cti_profile_id"] == 4


def test_null_empties_a_text_and_unlinks_a_mailbox(pbx):
    box = Voicemail.objects.create(mailbox="12")
    key = post(pbx, firstname="Jean", voicemailid=box.pk, description="x").json()["id"]
    put(pbx, key, {"description": None, "voicemailid": None})
    found = pbx.get(f"/1.0/users/{key}").json()
    assert (found["description"], found["voicemailid"]) == ("", None)


def test_deleting_a_user_keeps_the_mailbox_unless_asked(pbx):
    box = Voicemail.objects.create(mailbox="12")
    first, second = (post(pbx, firstname="J", voicemailid=box.pk).json()["id"] for _ in range(2))
    answer = pbx.delete(f"/1.0/users/{first}")
    assert (answer.status_code, answer.content) == (200, b"")
    assert Voicemail.objects.exists()
    assert pbx.delete(f"/1.0/users/{second}?deleteVoicemail").status_code == 200
    assert not Voicemail.objects.exists()


def test_a_mailbox_may_keep_its_user(pbx, settings):
    settings.TELEPHONY_MAILBOX_KEEPS_USER = True
    box = Voicemail.objects.create(mailbox="12")
    with_box, without = (post(pbx, firstname="J", voicemailid=key).json()["id"] for key in (box.pk, None))
    refused = pbx.delete(f"/1.0/users/{with_box}")
    assert (refused.status_code, len(refused.json())) == (412, 1)
    assert pbx.delete(f"/1.0/users/{without}").status_code == 200
    assert pbx.delete(f"/1.0/users/{with_box}?deleteVoicemail").status_code == 200
    assert not TelephonyUser.objects.exists()


def test_a_mailbox_deleted_with_its_user_takes_recordings_and_address_along(
    pbx, django_capture_on_commit_callbacks
):
    box = Voicemail.objects.create(mailbox="12")
    key = post(pbx, firstname="Jean", mobilephonenumber="+27820001001", voicemailid=box.pk).json()["id"]
    operations.link_contact(user_id=key)
    message = operations.store_message(voicemail_id=box.pk, recording=read_recording(recording()))
    assert message.recording.storage.exists(message.recording.name)
    with django_capture_on_commit_callbacks(execute=True):
        assert pbx.delete(f"/1.0/users/{key}?deleteVoicemail").status_code == 200
    assert not message.recording.storage.exists(message.recording.name)
    assert not Address.objects.filter(kind="mailbox").exists()


def test_a_password_is_encrypted_in_the_database_and_survives_a_new_key(pbx, settings):
    key = post(pbx, firstname="Jean", password="open sesame").json()["id"]
    with connection.cursor() as cursor:
        cursor.execute("SELECT password FROM telephony_telephonyuser")
        assert "sesame" not in cursor.fetchone()[0]
    settings.SECRET_KEY_FALLBACKS = [settings.SECRET_KEY]
    settings.SECRET_KEY = "another secret key, forty characters long"
    assert TelephonyUser.objects.get(pk=key).password == "open sesame"


def test_rotating_the_keys_makes_the_old_one_superfluous(pbx, settings):
    from cryptography.fernet import Fernet
    from django.core.management import call_command

    old, new = Fernet.generate_key().decode(), Fernet.generate_key().decode()
    settings.FIELD_ENCRYPTION_KEYS = [old]
    post(pbx, firstname="Jean", password="open sesame")
    settings.FIELD_ENCRYPTION_KEYS = [new, old]
    call_command("rotate_field_keys")
    settings.FIELD_ENCRYPTION_KEYS = [new]
    assert TelephonyUser.objects.get().password == "open sesame"


def test_passwords_can_be_kept_from_callers(pbx, settings):
    settings.TELEPHONY_SHOW_PASSWORDS = False
    made = post(pbx, firstname="Jean", password="open sesame")
    box = pbx.generic("POST", "/1.0/voicemails/", b'{"mailbox": "12", "password": "7895"}', content_type=JSON)
    answers = [made, box] + [
        pbx.get(f"/1.0/{path}")
        for path in (
            "users",
            f"users/{made.json()['id']}",
            "users?_search=J",
            "voicemails",
            "voicemails?_search=1",
        )
    ]
    for answer in answers:
        found = answer.json()
        assert [one["password"] for one in found.get("items", [found])] == [""]
    # A change that is not shown is noticed all the same.
    tag = answers[3]["ETag"]
    assert put(pbx, made.json()["id"], {"password": "new"}).status_code == 200
    assert put(pbx, made.json()["id"], {"password": "late"}, HTTP_IF_MATCH=tag).status_code == 412
    assert TelephonyUser.objects.get().password == "new"


def test_a_change_may_depend_on_nobody_else_having_changed_the_user(pbx):
    key = post(pbx, firstname="Jean").json()["id"]
    tag = pbx.get(f"/1.0/users/{key}")["ETag"]
    assert put(pbx, key, {"firstname": "Anne"}, HTTP_IF_MATCH=tag).status_code == 200
    late = put(pbx, key, {"firstname": "Paul"}, HTTP_IF_MATCH=tag)
    assert late.status_code == 412
    assert isinstance(late.json(), list)
    assert pbx.delete(f"/1.0/users/{key}", HTTP_IF_MATCH=tag).status_code == 412
    assert TelephonyUser.objects.get().firstname == "Anne"


def test_users_are_found_and_ordered(pbx):
    for first, last in (("Jean", "Dupond"), ("Anne", "Martin"), ("Alice", "Dupont")):
        post(pbx, firstname=first, lastname=last)
    found = pbx.get("/1.0/users/?_search=DUPON&_order=firstname&_direction=desc").json()
    assert [item["firstname"] for item in found["items"]] == ["Jean", "Alice"]
    assert found["total"] == 2


@pytest.mark.parametrize(
    "query",
    [
        "", "_page=1&_pagesize=3", "_page=9&_pagesize=3", "_order=lastname&_direction=desc&_pagesize=4",
        "_offset=2", "_offset=2&_limit=3", "_limit=0", "_order=voicemailid", "_page=99999999999&_pagesize=9",
    ],
)  # fmt: skip
def test_a_list_is_the_same_searched_for_what_all_have(pbx, query):
    box = Voicemail.objects.create(mailbox="12")
    for number in range(7):
        post(pbx, firstname="Jean", lastname=f"L{number % 3}", password=f"p{number}", enableclient=number % 2)
    TelephonyUser.objects.filter(lastname="L1").update(voicemail=box)
    every, searched = (pbx.get(f"/1.0/users/?{query}{more}").json() for more in ("", "&_search=Jean"))
    assert every == searched
    assert every["total"] == 7


def test_a_list_costs_the_same_for_one_user_and_for_fifty(pbx):
    def queries() -> int:
        with CaptureQueriesContext(
            connection,
        ) as caught:
            pbx.get("/1.0/users/")
        return len(caught)

    post(pbx, firstname="J")
    queries()
    one = queries()
    TelephonyUser.objects.bulk_create(TelephonyUser(firstname="x", password="1") for _ in range(49))
    assert queries() == one


def test_a_user_is_linked_to_the_contact_with_that_number(pbx):
    contact, _ = get_or_create_contact(msisdn="+27820001001")
    box = Voicemail.objects.create(mailbox="12")
    key = post(pbx, firstname="Jean", mobilephonenumber="+27820001001", voicemailid=box.pk).json()["id"]
    answer = pbx.generic("PUT", f"/1.0/users/{key}/contact", b"{}", content_type=JSON)
    assert answer.json() == {"identity": str(contact.pk)}
    assert Address.objects.filter(contact=contact, kind="mailbox", value="12").exists()
    pbx.delete(f"/1.0/users/{key}/contact")
    assert Contact.objects.filter(pk=contact.pk).exists()
    assert not Address.objects.filter(kind="mailbox").exists()


def test_a_user_who_turns_out_to_be_somebody_else_takes_the_mailbox_along(pbx):
    first, second = (get_or_create_contact(msisdn=f"+2782000100{n}")[0] for n in (1, 2))
    box = Voicemail.objects.create(mailbox="12")
    key = post(pbx, firstname="Jean", voicemailid=box.pk).json()["id"]
    for contact in (first, second):
        operations.link_contact(user_id=key, contact_id=contact.pk)
    assert list(Address.objects.filter(kind="mailbox").values_list("contact", "value")) == [(second.pk, "12")]


def test_deleting_a_linked_user_keeps_the_contact(pbx):
    key = post(pbx, firstname="Jean", email="jean@example.org").json()["id"]
    operations.link_contact(user_id=key)
    pbx.delete(f"/1.0/users/{key}")
    assert Contact.objects.count() == 1


@pytest.mark.parametrize("body", [{"identity": "x"}, {"identity": 5}, {"person": "x"}])
def test_a_link_to_nonsense_is_refused(pbx, body):
    key = post(pbx, firstname="Jean").json()["id"]
    answer = pbx.generic("PUT", f"/1.0/users/{key}/contact", json.dumps(body), content_type=JSON)
    assert answer.status_code == 400


def test_a_user_without_number_and_mail_cannot_be_linked_by_them(pbx):
    key = post(pbx, firstname="Jean").json()["id"]
    answer = pbx.generic("PUT", f"/1.0/users/{key}/contact", b"{}", content_type=JSON)
    assert answer.json() == ["Incorrect parameters sent: mobilephonenumber, email"]


def upload(pbx, table: str, query: str = ""):
    return pbx.generic("POST", f"/1.0/users/import{query}", table.encode(), content_type="text/csv")


def test_a_table_is_imported_whole_or_not_at_all(pbx):
    bad = upload(pbx, "firstname,mobilephonenumber,enableclient\nJean,+33611111111,1\n,,7\n")
    assert bad.status_code == 400
    assert [(error["row"], error["column"]) for error in bad.json()["errors"]] == [
        (3, "enableclient"),
        (3, "firstname"),
    ]
    assert not TelephonyUser.objects.exists()
    good = upload(pbx, "firstname,mobilephonenumber\nJean,+33611111111\nAnne,\n")
    assert (good.status_code, len(good.json()["created"])) == (201, 2)


def test_errors_of_a_table_are_told_by_the_rows_that_a_spreadsheet_shows(pbx):
    answer = upload(pbx, 'firstname,enableclient,voicemailid\n"Jean\nLuc",7,\n\nAnne,1,99\n')
    assert [(error["row"], error["column"]) for error in answer.json()["errors"]] == [
        (2, "enableclient"), (4, "voicemailid"),
    ]  # fmt: skip


def test_a_table_costs_the_same_for_one_mailbox_and_for_many(pbx):
    boxes = Voicemail.objects.bulk_create(Voicemail(mailbox=str(number)) for number in range(20))

    def queries(keys: list[int]) -> int:
        table = "firstname,voicemailid\n" + "".join(f"Jean,{key}\n" for key in keys)
        with CaptureQueriesContext(connection) as caught:
            assert upload(pbx, table).status_code == 201
        return len(caught)

    queries([boxes[0].pk])
    assert queries([boxes[0].pk]) == queries([box.pk for box in boxes])


def test_a_dry_run_writes_nothing(pbx):
    answer = upload(pbx, "firstname\nJean\n", "?_dry_run=1")
    assert (answer.status_code, answer.json()) == (200, {"rows": 1, "created": [], "errors": []})
    assert not TelephonyUser.objects.exists()


@pytest.mark.parametrize("table", ["firstname\n\x00\n", "firstname\nJean,too,many\n", "shoe\n5\n"])
def test_a_strange_table_is_refused_row_by_row(pbx, table):
    answer = upload(pbx, table)
    assert answer.status_code == 400
    assert not TelephonyUser.objects.exists()


def test_an_export_can_be_imported_and_holds_no_formula_and_no_password(pbx):
    post(pbx, firstname="=1+1", lastname="Dupond", callerid="'-", password="open sesame")
    table = b"".join(pbx.get("/1.0/users/export").streaming_content).decode()
    assert "'=1+1" in table
    assert "sesame" not in table
    TelephonyUser.objects.all().delete()
    assert upload(pbx, table).status_code == 201
    user = TelephonyUser.objects.get()
    assert (user.firstname, user.callerid) == ("=1+1", "'-")
