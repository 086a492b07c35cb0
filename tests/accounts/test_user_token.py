"""POST /api/v1/user/token/: staff make accounts and tokens for programs."""

import pytest

from accounts.models import ApiToken, User
from tests.conftest import client_with_token

URL = "/api/v1/user/token/"


def test_staff_make_an_account_and_its_token(as_staff) -> None:
    response = as_staff.post(URL, {"email": "bob@example.org"})
    assert response.status_code == 201
    token = response.json()["token"]
    assert list(response.json()) == ["token"]
    user = User.objects.get(username="bob@example.org")
    assert (user.email, user.has_usable_password(), user.is_staff) == ("bob@example.org", False, False)
    assert ApiToken.objects.for_key(token).get().user == user


def test_the_new_token_is_forty_hexadecimal_digits_and_works(as_staff, anonymous) -> None:
    token = as_staff.post(URL, {"email": "bob@example.org"}).json()["token"]
    assert len(token) == 40
    assert int(token, 16) >= 0
    anonymous.credentials(HTTP_AUTHORIZATION=f"Token {token}")
    assert anonymous.post(URL, {}).status_code == 403


def test_a_known_address_gets_a_further_token_and_the_first_stays_valid(as_staff) -> None:
    first, second = (as_staff.post(URL, {"email": "bob@example.org"}).json()["token"] for _ in range(2))
    assert first != second
    assert all(ApiToken.objects.for_key(key).usable().exists() for key in (first, second))
    assert User.objects.filter(username="bob@example.org").count() == 1


def test_the_account_is_found_by_its_e_mail_when_its_name_is_another(as_staff, alice) -> None:
    token = as_staff.post(URL, {"email": "Alice@example.org"}).json()["token"]
    assert ApiToken.objects.for_key(token).get().user == alice


@pytest.mark.parametrize("url", [URL, URL.rstrip("/")])
def test_both_slash_forms_answer_without_redirect(as_staff, url) -> None:
    assert as_staff.post(url, {"email": "bob@example.org"}).status_code == 201


def test_without_credentials_it_is_401(anonymous) -> None:
    response = anonymous.post(URL, {"email": "bob@example.org"})
    assert (response.status_code, response.headers["WWW-Authenticate"]) == (401, "Token")
    assert response.json() == {"detail": "Authentication credentials were not provided."}


def test_a_wrong_token_is_401(anonymous, db) -> None:
    anonymous.credentials(HTTP_AUTHORIZATION="Token " + "0" * 40)
    response = anonymous.post(URL, {"email": "bob@example.org"})
    assert (response.status_code, response.json()) == (401, {"detail": "Invalid token."})


def test_somebody_who_is_not_staff_gets_403(as_alice) -> None:
    response = as_alice.post(URL, {"email": "bob@example.org"})
    assert response.status_code == 403
    assert response.json() == {"detail": "You do not have permission to perform this action."}
    assert not User.objects.filter(username="bob@example.org").exists()


def test_reading_is_405(as_staff) -> None:
    response = as_staff.get(URL)
    assert (response.status_code, response.json()) == (405, {"detail": 'Method "GET" not allowed.'})


def test_staff_cannot_become_superuser_this_way(as_staff, db) -> None:
    root = User.objects.create_superuser("root", "root@example.org", "root-password")
    assert as_staff.post(URL, {"email": "root@example.org"}).status_code == 403
    assert not root.api_tokens.exists()
    assert client_with_token(root).post(URL, {"email": "root@example.org"}).status_code == 201


def test_a_disabled_account_gets_no_token(as_staff, alice) -> None:
    User.objects.filter(pk=alice.pk).update(is_active=False)
    response = as_staff.post(URL, {"email": alice.email})
    assert (response.status_code, response.json()) == (400, {"email": ["This account is disabled."]})


def test_a_token_limited_to_something_else_may_not_make_tokens(staff) -> None:
    assert client_with_token(staff, "sms").post(URL, {"email": "bob@example.org"}).status_code == 403
    assert client_with_token(staff, "accounts").post(URL, {"email": "bob@example.org"}).status_code == 201


BAD = {
    "nothing": ({}, {"email": ["This field is required."]}),
    "null": ({"email": None}, {"email": ["This field may not be null."]}),
    "blank": ({"email": ""}, {"email": ["This field may not be blank."]}),
    "no address": ({"email": "bob"}, {"email": ["Enter a valid email address."]}),
    "a list": ({"email": ["bob@example.org"]}, {"email": ["Enter a valid email address."]}),
    "NUL": ({"email": "bob\x00@example.org"}, {"email": ["Null characters are not allowed."]}),
    "a lone surrogate": (
        {"email": "bob\ud800@example.org"},
        {"email": ["Lone surrogate characters are not allowed."]},
    ),
    "longer than a name may be": (
        {"email": "b" * 60 + "@" + ("d" * 50 + ".") * 2 + "org"},
        {"email": ["Ensure this field has no more than 150 characters."]},
    ),
    "a JSON list": (
        ["bob@example.org"],
        {"non_field_errors": ["Invalid data. Expected a dictionary, but got list."]},
    ),
}


@pytest.mark.parametrize(("body", "answer"), BAD.values(), ids=BAD.keys())
def test_bad_input_is_400_naming_the_field_and_makes_nobody(as_staff, body, answer) -> None:
    import json

    before = User.objects.count()
    response = as_staff.post(URL, json.dumps(body), content_type="application/json")
    assert (response.status_code, response.json()) == (400, answer)
    assert User.objects.count() == before


def test_a_form_is_understood_too(as_staff) -> None:
    assert as_staff.post(URL, {"email": "bob@example.org"}, format="multipart").status_code == 201
