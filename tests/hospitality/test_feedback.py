"""What members say about each other."""

from datetime import UTC, date, datetime

import pytest
import time_machine
from django.core import mail

from accounts.models import User
from hospitality.models import Feedback, FeedbackMail, Member
from hospitality.operations.mail import ATTEMPTS, mail_feedback
from tests.hospitality.conftest import logged_in

FORM = {
    "node[type]": "trust_referral",
    "node[field_member_i_trust][0][uid][uid]": "bob",
    "node[field_rating][value]": "Positive",
    "node[body]": "A very kind host, and great soup.",
    "node[field_guest_or_host][value]": "Guest",
    "node[field_hosting_date][0][value][year]": "2019",
    "node[field_hosting_date][0][value][month]": "7",
}


def about(app, user, query=""):
    answer = app.get(f"/user/{user.pk}/json_recommendations{query}", HTTP_ACCEPT="*/*")
    assert answer["Content-Type"] == "application/json; charset=utf-8"
    return [each["recommendation"] for each in answer.json()["recommendations"]]


def test_feedback_is_given_and_read_in_both_spellings(alices, eves, alice, bob):
    answer = alices.call("node", FORM)
    body = answer.json()
    assert answer.status_code == 200
    assert body["uri"] == f"http://testserver/services/rest/node/{body['nid']}"
    middle = int(datetime(2019, 7, 15, 12, tzinfo=UTC).timestamp())
    assert about(eves, bob) == [
        {
            "nid": body["nid"], "uid": str(alice.pk), "name": "alice", "fullname": "Alice Adams",
            "uid_1": str(bob.pk), "name_1": "bob", "body": "A very kind host, and great soup.",
            "field_guest_or_host": "Guest", "field_guest_or_host_value": "Guest",
            "field_rating": "Positive", "field_rating_value": "Positive",
            "field_hosting_date": middle, "field_hosting_date_value": middle,
        }
    ]  # fmt: skip
    assert eves.ask(f"/services/rest/node/{body['nid']}").json() == about(eves, bob)[0]
    assert eves.get(f"/services/rest/node/{body['nid']}.xml")["Content-Type"] == "text/xml"
    assert about(eves, bob, "?by=author") == []
    assert about(eves, alice, "?by=author") == about(eves, bob)


NEWER = {
    "type": "trust_referral",
    "field_member_i_trust": {"und": [{"uid": "bob"}]},
    "body": {"und": [{"value": "Kind."}]},
    "field_guest_or_host": {"und": "Host"},
    "field_rating": {"und": "Neutral"},
    "field_hosting_date": {"und": [{"value": {"year": 2018, "month": 2, "day": 15}}]},
}


@pytest.mark.parametrize("wrapped", [True, False])
def test_the_shape_of_the_newer_server_in_json(alices, bob, wrapped):
    body = {"node": NEWER} if wrapped else NEWER
    answer = alices.generic(
        "POST", "/services/rest/node", _json(body), "application/json",
        HTTP_ACCEPT="application/json", HTTP_X_CSRF_TOKEN=alices.token,
    )  # fmt: skip
    assert answer.status_code == 200, answer.content
    made = Feedback.objects.get()
    assert (made.about, made.relation, made.rating) == (bob, "Host", "Neutral")
    assert made.hosting_month == date(2018, 2, 1)


def _json(value):
    import json

    return json.dumps(value)


def test_bracketed_names_as_json_keys(alices):
    answer = alices.call("node", body=_json(FORM), content_type="application/json")
    assert answer.status_code == 200


def test_a_name_with_its_id(alices, bob):
    field = "node[field_member_i_trust][0][uid][uid]"
    assert alices.call("node", FORM | {field: f"Somebody [uid:{bob.pk}]"}).status_code == 200
    assert Feedback.objects.get().about == bob


def test_the_misspelt_rating_means_positive(alices, bob):
    alices.call("node", FORM | {"node[field_rating][value]": "Postive"})
    assert about(alices, bob)[0]["field_rating"] == "Positive"


def test_without_a_date_it_is_this_month(alices):
    fields = {name: value for name, value in FORM.items() if "date" not in name}
    assert alices.call("node", fields).status_code == 200
    assert Feedback.objects.get().hosting_month == datetime.now(UTC).date().replace(day=1)


@pytest.mark.parametrize(
    ("name", "value", "field"),
    [
        ("node[field_member_i_trust][0][uid][uid]", "nobody", "field_member_i_trust][und][0][uid"),
        ("node[field_member_i_trust][0][uid][uid]", "alice", "field_member_i_trust][und][0][uid"),
        ("node[field_member_i_trust][0][uid][uid]", "x [uid:999999]", "field_member_i_trust][und][0][uid"),
        ("node[body]", "  ", "body][und][0][value"),
        ("node[field_rating][value]", "Great", "field_rating][und"),
        ("node[field_rating][value]", "", "field_rating][und"),
        ("node[field_guest_or_host][value]", "Stranger", "field_guest_or_host][und"),
        ("node[field_hosting_date][0][value][month]", "13", "field_hosting_date][und][0][value"),
        ("node[field_hosting_date][0][value][month]", "", "field_hosting_date][und][0][value"),
        ("node[field_hosting_date][0][value][year]", "1066", "field_hosting_date][und][0][value"),
        ("node[field_hosting_date][0][value][year]", "9999", "field_hosting_date][und][0][value"),
        ("node[field_hosting_date][0][value][year]", "x", "field_hosting_date][und][0][value"),
    ],
)
def test_wrong_fields_are_named(alices, name, value, field):
    answer = alices.call("node", FORM | {name: value})
    assert answer.status_code == 406
    assert list(answer.json()["form_errors"]) == [field]
    assert answer.reason_phrase == "Not Acceptable : " + answer.json()["form_errors"][field]
    assert not Feedback.objects.exists()


def test_a_month_may_be_given_once_it_has_begun_anywhere(members, alice):
    def give(year, month):
        date = {"year": year, "month": month}
        fields = {f"node[field_hosting_date][0][value][{name}]": value for name, value in date.items()}
        return app.call("node", FORM | fields)

    with time_machine.travel(datetime(2026, 12, 31, 9, tzinfo=UTC), tick=False):
        app = logged_in(alice)
        assert [give(2026, 12).status_code, give(2027, 1).status_code] == [200, 406]
    with time_machine.travel(datetime(2026, 12, 31, 11, tzinfo=UTC), tick=False):
        assert give(2027, 1).status_code == 200
        for year, month in ((2027, 2), (2028, 1)):
            assert give(year, month).reason_phrase.endswith("The hosting date is in the future.")


def test_all_that_is_wrong_is_told_at_once(alices):
    answer = alices.call("node", {"node[type]": "trust_referral"})
    assert len(answer.json()["form_errors"]) == 4


@pytest.mark.parametrize("how", ["blocked", "not validated"])
def test_hidden_members_get_no_feedback(alices, bob, how):
    if how == "blocked":
        User.objects.filter(pk=bob.pk).update(is_active=False)
    else:
        Member.objects.filter(pk=bob.pk).update(validated=False)
    assert alices.call("node", FORM).status_code == 406


def test_fewest_words(alices, settings):
    settings.HOSPITALITY_FEEDBACK_WORDS = 10
    assert alices.call("node", FORM).status_code == 406
    assert alices.call("node", FORM | {"node[body]": "word " * 10}).status_code == 200


def test_other_kinds_of_nodes(alices, stranger):
    assert alices.call("node", {}).json() == ["Node type is required"]
    answer = alices.call("node", {"node[type]": "page"})
    assert (answer.status_code, answer.json()) == (403, ["Access denied for user alice"])
    assert stranger.call("node", FORM).json() == ["Access denied for user anonymous"]


def test_hidden_feedback_is_gone_everywhere(alices, bob):
    nid = alices.call("node", FORM).json()["nid"]
    counts = {"positive": "1", "neutral": "0", "negative": "0"}
    assert alices.ask(f"/services/rest/user/{bob.pk}").json()["feedback_counts"] == counts
    Feedback.objects.update(published=False)
    assert about(alices, bob) == []
    assert alices.ask(f"/services/rest/node/{nid}").status_code == 404
    assert alices.ask(f"/services/rest/user/{bob.pk}").json()["feedback_counts"]["positive"] == "0"


@pytest.mark.parametrize("uid", ["999999", "x", "9" * 30])
def test_nobodys_feedback_is_empty(alices, uid):
    assert alices.ask(f"/user/{uid}/json_recommendations").json() == {"recommendations": []}


@pytest.mark.parametrize("number", [1, 9])
def test_the_number_of_statements_does_not_grow(alices, bob, number, django_assert_max_num_queries):
    for _ in range(number):
        alices.call("node", FORM)
    with django_assert_max_num_queries(3):
        assert len(about(alices, bob)) == number


# --- e-mails -----------------------------------------------------------------------


def test_positive_feedback_is_mailed_once_to_both(alices):
    alices.call("node", FORM)
    assert (mail_feedback(), mail_feedback()) == (2, 0)
    sent = {letter.to[0]: letter for letter in mail.outbox}
    assert sorted(sent) == ["alice@example.org", "bob@example.org"]
    assert sent["bob@example.org"].subject == "New feedback from Alice Adams"
    assert sent["alice@example.org"].subject == "Your feedback about Bob Brown"
    assert all("A very kind host, and great soup." in letter.body for letter in sent.values())


@pytest.mark.parametrize("rating", ["Neutral", "Negative"])
def test_other_feedback_is_not_mailed(alices, rating):
    alices.call("node", FORM | {"node[field_rating][value]": rating})
    assert mail_feedback() == 0


def test_who_wants_no_mail_gets_none(alices, bob):
    Member.objects.filter(pk=bob.pk).update(email_opt_out=True)
    alices.call("node", FORM)
    mail_feedback()
    assert [letter.to for letter in mail.outbox] == [["alice@example.org"]]


def test_what_was_hidden_meanwhile_is_not_mailed(alices):
    alices.call("node", FORM)
    Feedback.objects.update(published=False)
    assert mail_feedback() == 0
    assert not FeedbackMail.objects.exists()


def test_a_mail_server_that_refuses_is_asked_again_but_not_for_ever(alices, settings):
    settings.EMAIL_BACKEND = "config.mail.NoMail"
    alices.call("node", FORM)
    assert mail_feedback() == 0
    assert set(FeedbackMail.objects.values_list("attempts", flat=True)) == {1}
    FeedbackMail.objects.update(attempts=ATTEMPTS - 1)
    mail_feedback()
    assert not FeedbackMail.objects.exists()


def test_a_name_of_several_lines_is_no_header(alices, alice):
    Member.objects.filter(pk=alice.pk).update(fullname="Alice\r\nBcc: all@example.org")
    alices.call("node", FORM)
    assert mail_feedback() == 2
    assert "New feedback from Alice Bcc: all@example.org" in [letter.subject for letter in mail.outbox]
