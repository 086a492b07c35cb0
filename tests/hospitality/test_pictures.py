"""Pictures: drawn anew in all sizes, and served so that nothing can run."""

import io

import pytest
from django.core.files.storage import default_storage
from PIL import Image

from hospitality.errors import UnusablePicture
from hospitality.models import Picture
from hospitality.operations.profiles import remove_picture, set_picture
from hospitality.pictures import SIZES


@pytest.fixture(autouse=True)
def media(settings, tmp_path):
    settings.MEDIA_ROOT = tmp_path


def photo(width=900, height=600, kind="JPEG", **more):
    content = io.BytesIO()
    Image.new("RGB", (width, height), "teal").save(content, kind, **more)
    content.seek(0)
    return content


def test_a_picture_is_shown_in_all_sizes(alices, bob):
    set_picture(member=bob.member, upload=photo())
    shape = alices.ask(f"/services/rest/user/{bob.pk}").json()
    assert shape["picture"]["fid"].isdigit()
    for size, most in SIZES.items():
        answer = alices.get(shape[f"profile_image_{size}"])
        image = Image.open(io.BytesIO(b"".join(answer.streaming_content)))
        assert max(image.size) == max(most)
        assert answer["Content-Type"] == "image/jpeg"
        assert answer["X-Content-Type-Options"] == "nosniff"
        assert answer["Content-Disposition"].startswith("attachment")
        assert "sandbox" in answer["Content-Security-Policy"]
    assert b"".join(alices.get(shape["picture"]["url"]).streaming_content)
    box = {"minlat": "0", "maxlat": "60", "minlon": "0", "maxlon": "20"}
    hosts = alices.call("hosts/by_location", box).json()["accounts"]
    assert {each["uid"]: each["picture"] for each in hosts}[str(bob.pk)] == shape["picture"]["fid"]


def test_the_cameras_notes_are_gone(members, bob):
    exif = Image.Exif()
    exif[0x010E] = "taken at home"
    set_picture(member=bob.member, upload=photo(exif=exif))
    with default_storage.open(f"hospitality/{Picture.objects.get().key}/original.jpg") as stored:
        assert b"taken at home" not in stored.read()


@pytest.mark.parametrize(
    "content", [b"", b"no picture", b"<svg onload=alert(1)>", b"\xff\xd8\xff" + b"0" * 50]
)
def test_what_is_no_picture_is_refused(members, bob, content):
    set_picture(member=bob.member, upload=photo())
    with pytest.raises(UnusablePicture):
        set_picture(member=bob.member, upload=io.BytesIO(content))
    assert Picture.objects.count() == 1


def test_a_huge_one_is_refused(members, bob):
    with pytest.raises(UnusablePicture):
        set_picture(member=bob.member, upload=photo(10_000, 6_000, "PNG"))


def test_a_new_one_replaces_the_files_of_the_old(members, bob, django_capture_on_commit_callbacks):
    first = set_picture(member=bob.member, upload=photo())
    with django_capture_on_commit_callbacks(execute=True):
        set_picture(member=bob.member, upload=photo())
    assert not default_storage.exists(f"hospitality/{first.key}/original.jpg")
    with django_capture_on_commit_callbacks(execute=True):
        remove_picture(member=bob.member)
    assert not Picture.objects.exists()


@pytest.mark.parametrize("gone", ["profile", "account"])
def test_files_go_with_the_profile_and_with_the_account(
    members, bob, stranger, gone, django_capture_on_commit_callbacks
):
    path = f"/hospitality/pictures/{set_picture(member=bob.member, upload=photo()).key}/original.jpg"
    assert b"".join(stranger.get(path).streaming_content)
    with django_capture_on_commit_callbacks(execute=True):
        (bob.member if gone == "profile" else bob).delete()
    assert stranger.get(path).status_code == 404


@pytest.mark.parametrize("path", ["0" * 32 + "/original.jpg", "..%2f..%2fsecret_key/original.jpg", "a/b.jpg"])
def test_other_files_are_not_served(stranger, path):
    assert stranger.get(f"/hospitality/pictures/{path}").status_code == 404
