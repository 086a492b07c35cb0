"""The admin's pages of the network."""

import pytest
from django.core.files.uploadedfile import SimpleUploadedFile
from django.forms.models import model_to_dict

from accounts.models import User
from hospitality.models import Feedback, Member, Picture, Report
from sendables.models import Message
from tests.hospitality.test_pictures import media, photo  # noqa: F401 - the fixture is used by its name


@pytest.fixture
def admin(client, db):
    client.force_login(User.objects.create_superuser("root", "root@example.org", "root-password"))
    return client


def fields(member, **changed):
    values = {name: value for name, value in model_to_dict(member).items() if value not in (None, False)}
    return values | changed


def test_a_profile_is_changed_and_given_a_picture(admin, members, bob):
    upload = SimpleUploadedFile("bob.jpg", photo().read())
    page = f"/admin/hospitality/member/{bob.pk}/change/"
    answer = admin.post(page, fields(bob.member, city="Köln", notcurrentlyavailable="on", new_picture=upload))
    assert answer.status_code == 302, answer.context["errors"]
    member = Member.objects.get(pk=bob.pk)
    assert (member.city, member.city_key) == ("Köln", "koln")
    assert member.set_unavailable_timestamp is not None
    assert Picture.objects.get().member == member


@pytest.mark.parametrize(
    "changed", [{"new_picture": "bad"}, {"longitude": ""}, {"latitude": "91"}, {"maxcyclists": "6"}]
)
def test_what_makes_no_sense_is_refused(admin, members, bob, changed):
    if "new_picture" in changed:
        changed = {"new_picture": SimpleUploadedFile("bob.jpg", b"no picture")}
    answer = admin.post(f"/admin/hospitality/member/{bob.pk}/change/", fields(bob.member, **changed))
    assert answer.status_code == 200
    assert answer.context["errors"]
    assert not Picture.objects.exists()


def test_lists_open_and_actions_work(admin, members, alice, bob):
    given = Feedback.objects.create(
        author=alice, about=bob, body="b", relation="Host", rating="Negative", hosting_month="2020-01-01"
    )
    message = Message.objects.create(content="secret words", sender=alice)
    report = Report.objects.create(reporter=bob, message=message)
    for name in ("member", "feedback", "report"):
        assert admin.get(f"/admin/hospitality/{name}/").status_code == 200
    admin.post("/admin/hospitality/feedback/", {"action": "hide", "_selected_action": [given.pk]})
    admin.post("/admin/hospitality/report/", {"action": "settle", "_selected_action": [report.pk]})
    given.refresh_from_db()
    report.refresh_from_db()
    assert not given.published
    assert report.settled_at is not None
    page = admin.get(f"/admin/hospitality/report/{report.pk}/change/")
    assert "secret words" not in page.content.decode()
