"""User objects: what is in them, for whom, and of what type."""

import pytest
from django.forms.models import model_to_dict

from accounts.models import User
from hospitality.models import Member, Picture
from hospitality.selectors.members import account

KEYS = [
    "uid",
    "name",
    "theme",
    "signature_format",
    "created",
    "access",
    "login",
    "status",
    "timezone",
    "language",
    "picture",
    "fullname",
    "notcurrentlyavailable",
    "fax_number",
    "mobilephone",
    "workphone",
    "homephone",
    "preferred_notice",
    "maxcyclists",
    "storage",
    "motel",
    "campground",
    "bikeshop",
    "comments",
    "shower",
    "kitchenuse",
    "lawnspace",
    "sag",
    "bed",
    "laundry",
    "food",
    "languagesspoken",
    "URL",
    "becomeavailable",
    "set_unavailable_timestamp",
    "set_available_timestamp",
    "last_unavailability_pester",
    "hide_donation_status",
    "email_opt_out",
    "street",
    "additional",
    "city",
    "province",
    "postal_code",
    "country",
    "latitude",
    "longitude",
    "source",
    "comment_notify_settings",
    "profile_image_mobile_profile_photo_std",
    "profile_image_profile_picture",
    "profile_image_mobile_photo_456",
    "profile_image_map_infoWindow",
]
NOT_TEXTS = {"picture", "comment_notify_settings", "feedback_counts"}


def user(app, uid):
    return app.ask(f"/services/rest/user/{uid}")


def test_all_promised_keys_are_there_and_are_texts(alices, bob):
    shape = user(alices, bob.pk).json()
    assert set(KEYS) <= set(shape)
    assert {name for name, value in shape.items() if not isinstance(value, str)} == NOT_TEXTS
    assert shape["picture"] is None
    assert set(shape["comment_notify_settings"]) == {"uid", "node_notify", "comment_notify"}
    assert (shape["latitude"], shape["maxcyclists"], shape["bed"]) == ("48.100000", "1", "0")


def test_nothing_private_is_in_it(alices, bob):
    content = user(alices, bob.pk).content.decode()
    assert "bob@example.org" not in content
    assert bob.password not in content
    assert not {"mail", "pass", "roles", "init"} & set(user(alices, bob.pk).json())


def test_the_address_of_somebody_away_is_for_themselves_only(alices, bobs, bob):
    Member.objects.filter(pk=bob.pk).update(
        notcurrentlyavailable=True, street="Hauptstr. 1", postal_code="80331", mobilephone="0170"
    )
    seen = user(alices, bob.pk).json()
    assert (seen["street"], seen["postal_code"], seen["city"]) == ("", "", "München")
    assert seen["mobilephone"] == "0170"
    found = alices.call("hosts/by_keyword", {"keyword": "bob"}).json()["accounts"][str(bob.pk)]
    assert found["street"] == ""
    assert "Hauptstr" not in alices.ask(f"/user/{bob.pk}/json").content.decode()
    assert user(bobs, bob.pk).json()["street"] == "Hauptstr. 1"


def test_the_exact_place_of_somebody_away_is_not_told(alices, bob):
    Member.objects.filter(pk=bob.pk).update(
        notcurrentlyavailable=True, latitude=48.137154, longitude=11.576124
    )
    seen = user(alices, bob.pk).json()
    assert (seen["latitude"], seen["longitude"]) == ("48.100000", "11.600000")


@pytest.mark.parametrize("uid", ["0", "999999", "abc", "99999999999999999999", "-1", "%00", "1'"])
def test_an_unknown_user_is_told_even_to_strangers(members, stranger, uid):
    answer = user(stranger, uid)
    assert answer.status_code == 404
    assert answer.json()[0].startswith("There is no user with ID ")


def test_an_unknown_id_is_repeated_without_its_markup(stranger):
    assert user(stranger, "<b>").json() == ["There is no user with ID &lt;b&gt;."]


def test_nobody_is_without_a_name(alices, bobs, bob):
    Member.objects.filter(pk=bob.pk).update(fullname="")
    bobs.call("message/send", {"recipients": "alice", "subject": "s", "body": "b"})
    assert user(alices, bob.pk).json()["fullname"] == "bob"
    assert alices.ask(f"/user/{bob.pk}/json").json()["users"][0]["user"]["fullname"] == "bob"
    box = {"minlat": "48", "maxlat": "49", "minlon": "11", "maxlon": "12"}
    assert alices.call("hosts/by_location", box).json()["accounts"][0]["fullname"] == "bob"
    people = alices.call("message/get").json()[0]["participants"]
    assert [each["fullname"] for each in people] == ["Alice Adams", "bob"]


def test_accounts_that_are_no_members_are_unknown(alices, staff):
    assert user(alices, staff.pk).status_code == 404


def test_strangers_see_nobody(members, stranger, bob):
    for path in (
        f"/services/rest/user/{bob.pk}",
        f"/user/{bob.pk}/json",
        f"/user/{bob.pk}/json_recommendations",
    ):
        answer = stranger.ask(path)
        assert (answer.status_code, answer.json()) == (403, ["Access denied for user anonymous"])


@pytest.mark.parametrize("hide", ["blocked", "not validated"])
def test_hidden_members_are_not_shown_to_others(alices, bob, hide):
    if hide == "blocked":
        User.objects.filter(pk=bob.pk).update(is_active=False)
    else:
        Member.objects.filter(pk=bob.pk).update(validated=False)
    answer = user(alices, bob.pk)
    assert (answer.status_code, answer.json()) == (403, ["Access denied for user alice"])
    assert alices.ask(f"/user/{bob.pk}/json").status_code == 403


def test_the_old_page_of_a_member(alices, bob):
    answer = alices.get(f"/user/{bob.pk}/json", HTTP_ACCEPT="*/*")
    assert answer["Content-Type"] == "application/json; charset=utf-8"
    inner = answer.json()["users"][0]["user"]
    assert (inner["name"], inner["fullname"], inner["picture"]) == ("bob", "Bob Brown", "")
    assert all(isinstance(value, str) for value in inner.values())


def test_a_profile_costs_a_fixed_number_of_statements(alices, bob, django_assert_max_num_queries):
    with django_assert_max_num_queries(5):
        user(alices, bob.pk)


def test_an_account_is_read_whole_in_one_statement(members, bob, staff, django_assert_num_queries):
    Picture.objects.create(member=bob.member, key="a" * 32, filesize=5)
    stored = User.objects.select_related("member__picture").get(pk=bob.pk)
    with django_assert_num_queries(1):
        found = account(bob.pk)
        assert (found.member.user, found.member.picture.member_id) == (found, bob.pk)
    for mine, theirs in (
        (found, stored),
        (found.member, stored.member),
        (found.member.picture, stored.member.picture),
    ):
        assert model_to_dict(mine) == model_to_dict(theirs)
    with django_assert_num_queries(1):
        assert not hasattr(account(staff.pk), "member")
    assert account(999_999) is None


def test_a_profile_without_a_picture_needs_no_second_look(members, alice, django_assert_num_queries):
    with django_assert_num_queries(1):
        assert not hasattr(account(alice.pk).member, "picture")
