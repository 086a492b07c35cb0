"""The network's apps, each with its own encoding and habits, from log-in to log-out."""

import json
from urllib.parse import urlencode

import pytest
from django.test import Client

from tests.hospitality.conftest import logged_in

LOGIN = {"username": "alice", "password": "alice-password"}
BOX = {
    "minlat": "40.0", "maxlat": "60.0", "minlon": "0.0", "maxlon": "20.0",
    "centerlat": "50.0", "centerlon": "10.0", "limit": "800",
}  # fmt: skip
FORM = "application/x-www-form-urlencoded"


@pytest.fixture
def letter(members, bob) -> str:
    """Bob wrote to Alice; the conversation's id."""
    fields = {"recipients": "alice", "subject": "Hi", "body": "Hello"}
    return logged_in(bob).call("message/send", fields)["X-Thread-Id"]


class Phone:
    """Sends exactly what it is told: no cookie jar, no header of its own."""

    def __init__(self, **always) -> None:
        self.always = always

    def post(self, route, fields=None, content_type=FORM, **headers):
        body = json.dumps(fields) if content_type.endswith("json") else urlencode(fields or {})
        return Client().generic(
            "POST", f"/services/rest/{route}", body, content_type, **self.always, **headers
        )

    def get(self, path, **headers):
        return Client().get(path, **self.always, **headers)


def test_the_newer_android_app(letter, bob):
    """Cookie and token from the body, an API key on every call, the token fetched as JSON."""
    phone = Phone(
        HTTP_ACCEPT="application/json",
        HTTP_USER_AGENT="WarmshowersApp",
        HTTP_AUTHORIZATION="Basic a2V5OmtleQ==",
    )
    found = phone.post("user/login", LOGIN).json()
    assert "SSESS" in found["session_name"]
    cookie = {"HTTP_COOKIE": f"{found['session_name']}={found['sessid']}"}
    token = phone.get("/services/session/token", **cookie).content.decode()
    both = cookie | {"HTTP_X_CSRF_TOKEN": token}
    hosts = phone.post("hosts/by_location", BOX, **both).json()["accounts"]
    assert [float(each["distance"]) >= 0 and int(each["picture"]) for each in hosts] == [0, 0]
    assert isinstance(phone.post("hosts/by_keyword", {"keyword": "zzz"}, **both).json()["accounts"], dict)
    (thread,) = phone.post("message/get", None, **both).json()
    assert (thread["thread_id"], thread["is_new"]) == (letter, "1")
    assert phone.post(
        "message/send", {"recipients": "bob", "subject": "S", "body": "<p>B</p>"}, **both
    ).json() == [True]
    stale = phone.post("message/get", None, **cookie, HTTP_X_CSRF_TOKEN="old")
    assert (stale.status_code, stale.content) == (401, b'["CSRF validation failed"]')
    phone.post("user/logout", None, **both)
    assert phone.post("message/get", None, **both).content == b'["Access denied for user anonymous"]'
    assert phone.get(f"/services/rest/user/{bob.pk}", **both).content.startswith(
        b'["Access denied for user anonymous'
    )


def test_the_first_android_app(letter):
    """No Accept header; token, log-out, log-in with that token, token again; reads reason phrases."""
    app = Client(HTTP_USER_AGENT="WSAndroid 1.5.1 Nexus")

    def post(route, fields=None, **headers):
        return app.generic("POST", f"/services/rest/{route}", urlencode(fields or {}), FORM, **headers)

    early = app.get("/services/session/token").content.decode()
    assert post("user/logout", HTTP_X_CSRF_TOKEN=early).status_code == 406
    assert post("user/login", LOGIN, HTTP_X_CSRF_TOKEN=early).json()["user"]["name"] == "alice"
    refused = post("message/unreadCount", HTTP_X_CSRF_TOKEN=early)
    assert refused.reason_phrase == "Unauthorized : CSRF validation failed"
    token = {"HTTP_X_CSRF_TOKEN": app.get("/services/session/token").content.decode()}
    assert int(post("message/unreadCount", **token).json()[0]) == 1
    assert post("hosts/by_location", BOX, **token).json()["status"]["status"] == "complete"
    assert post("hosts/by_keyword", {"keyword": "bob"}, **token).json()["status"]["delivered"] == 1
    post("user/logout", **token)
    gone = post("message/unreadCount", **token)
    assert gone.reason_phrase == ": Access denied for user anonymous"


def test_the_iphone_app(letter, alice, bob):
    """A cookie jar, the token of the log-in on every later call, GET too; pages instead of offsets."""
    app = Client(HTTP_ACCEPT="application/json")

    def post(route, fields=None, **headers):
        return app.generic("POST", f"/services/rest/{route}", urlencode(fields or {}), FORM, **headers)

    token = {"HTTP_X_CSRF_TOKEN": post("user/login", LOGIN).json()["token"]}
    host = app.get(f"/services/rest/user/{bob.pk}", **token).json()
    assert all(
        host[name] is not None for name in ("comments", "bed", "motel", "homephone", "street", "login")
    )
    assert post("hosts/by_keyword", {"keyword": "b", "limit": "50", "page": "0"}, **token).status_code == 200
    (thread,) = post("message/get", **token).json()
    others = [each["name"] for each in thread["participants"] if each["uid"] != str(alice.pk)]
    assert others == ["bob"]
    assert post("message/getThread", {"thread_id": thread["thread_id"]}, **token).json()["messages"][0]["mid"]
    assert app.get(f"/user/{bob.pk}/json_recommendations", **token)["Content-Type"].startswith(
        "application/json"
    )


def test_the_windows_app(letter, bob):
    """Forms without a Content-Type; text/plain for the token."""
    app = Client(HTTP_ACCEPT="application/json")

    def post(route, fields=None, **headers):
        return app.generic("POST", f"/services/rest/{route}", urlencode(fields or {}), "", **headers)

    assert post("user/login", LOGIN).status_code == 200
    token = {
        "HTTP_X_CSRF_TOKEN": app.get("/services/session/token", HTTP_ACCEPT="text/plain").content.decode()
    }
    given = post(
        "node",
        {
            "node[type]": "trust_referral", "node[field_member_i_trust][0][uid][uid]": "bob",
            "node[field_rating][value]": "Postive", "node[body]": "ten words " * 5,
            "node[field_guest_or_host][value]": "Met Traveling",
            "node[field_hosting_date][0][value][year]": "2020",
            "node[field_hosting_date][0][value][month]": "1",
        },
        **token,
    )  # fmt: skip
    assert int(given.json()["nid"])
    (row,) = app.get(f"/user/{bob.pk}/json_recommendations").json()["recommendations"]
    assert isinstance(row["recommendation"]["field_hosting_date_value"], int)
    read = post("message/getThread", {"thread_id": letter}, **token).json()
    assert read["pmtid"] == int(letter)
    assert sum(int(each["is_new"]) for each in read["messages"]) == 1


def test_the_swift_app(letter, alice):
    """JSON bodies with numbers and booleans; element 0 must be a boolean."""
    app = Client(HTTP_ACCEPT="application/json")

    def post(route, fields=None, **headers):
        body = json.dumps(fields) if fields is not None else ""
        return app.generic("POST", f"/services/rest/{route}", body, "application/json", **headers)

    token = {"HTTP_X_CSRF_TOKEN": post("user/login", LOGIN).json()["token"]}
    assert post("user/login", LOGIN).status_code == 406
    numbers = {name: float(value) for name, value in BOX.items()} | {"limit": 100}
    assert post("hosts/by_location", numbers, **token).json()["status"]["delivered"] == 2
    assert (
        post("message/markThreadRead", {"thread_id": int(letter), "status": False}, **token).json()[0] is True
    )
    assert post("message/unreadCount", **token).json() == ["0"]
    post("message/markThreadRead", {"thread_id": int(letter), "status": True}, **token)
    assert post("message/unreadCount", **token).json() == ["1"]
    assert post("user/logout", **token).json()[0] is True
