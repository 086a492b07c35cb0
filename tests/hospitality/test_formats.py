"""JSON and XML, forms and other bodies, and the order of checks."""

import json
from http.client import HTTPConnection
from xml.etree import ElementTree

import pytest


@pytest.mark.parametrize(
    ("accept", "media"),
    [
        ("application/json", "application/json"),
        ("application/json, text/javascript, */*;q=0.01", "application/json"),
        ("application/json, */*", "application/json"),
        ("*/*", "text/xml"),
        ("application/xml", "application/xml"),
        ("text/xml", "text/xml"),
        ("text/html,application/xhtml+xml,application/xml;q=0.9,*/*;q=0.8", "application/xml"),
        ("", "text/xml"),
        ("application/json;q=nonsense, text/xml", "text/xml"),
    ],
)
def test_the_answer_is_in_what_is_accepted(stranger, accept, media):
    answer = stranger.call("user/logout", HTTP_ACCEPT=accept)
    assert answer["Content-Type"] == media
    assert answer.status_code == 406
    assert b"User is not logged in." in answer.content


def test_the_first_android_app_names_no_format_and_gets_json(stranger):
    answer = stranger.call("user/logout", HTTP_ACCEPT="", HTTP_USER_AGENT="WSAndroid 1.5.1 sdk")
    assert answer.json() == ["User is not logged in."]


@pytest.mark.parametrize("accept", ["text/html", "text/plain", "image/png;q=1", "application/json;q=0"])
def test_other_formats_are_not_acceptable(stranger, accept):
    assert stranger.call("user/logout", HTTP_ACCEPT=accept).status_code == 406


def test_a_suffix_wins_over_accept(stranger):
    assert stranger.call("user/logout.json", HTTP_ACCEPT="text/xml")["Content-Type"] == "application/json"
    assert stranger.call("user/logout.xml")["Content-Type"] == "text/xml"


def test_xml_of_scalars_objects_and_lists(alices, bobs):
    alices.call("message/send", {"recipients": "bob", "subject": "<Hi> & bye", "body": "x\x0by"})
    assert alices.call("user/logout", HTTP_ACCEPT="*/*").content.decode().split() == [
        "<?xml", 'version="1.0"', 'encoding="utf-8"?>', "<result>1</result>",
    ]  # fmt: skip
    found = ElementTree.fromstring(bobs.call("hosts/by_keyword", {"keyword": "a"}, HTTP_ACCEPT="*/*").content)
    assert found.find("accounts").get("is_array") == "true"
    assert found.findtext("accounts/item/fullname") == "Alice Adams"
    threads = ElementTree.fromstring(bobs.call("message/get", HTTP_ACCEPT="text/xml").content)
    assert threads.get("is_array") == "true"
    assert threads.findtext("item/subject") == "<Hi> & bye"
    key = threads.findtext("item/thread_id")
    one = ElementTree.fromstring(
        bobs.call("message/getThread", {"thread_id": key}, HTTP_ACCEPT="*/*").content
    )
    assert one.findtext("messages/item/body") == "xy"


def test_json_does_not_escape_letters_or_slashes(alices, bob):
    bob.member.comments = "Grüße 🚲 https://example.org/"
    bob.member.save()
    content = alices.ask(f"/services/rest/user/{bob.pk}").content.decode()
    assert "Grüße 🚲 https://example.org/" in content


FORM = "application/x-www-form-urlencoded"
ODD = "has characters that are not allowed."
CREDENTIALS = {"username": "alice", "password": "alice-password"}
XML = "<a><username>alice</username><password>alice-password</password></a>"


@pytest.mark.parametrize(
    ("content_type", "body"),
    [
        ("application/json", json.dumps(CREDENTIALS)),
        ("application/json; charset=utf-8", json.dumps(CREDENTIALS)),
        (FORM, "username=alice&password=alice-password&unknown=1"),
        ("", "username=alice&password=alice-password"),
        ("text/xml", XML),
        ("application/xml", XML),
        (
            "multipart/form-data; boundary=b",
            '--b\r\nContent-Disposition: form-data; name="username"\r\n\r\nalice\r\n'
            '--b\r\nContent-Disposition: form-data; name="password"\r\n\r\nalice-password\r\n--b--\r\n',
        ),
    ],
)
def test_a_login_in_every_encoding(members, stranger, content_type, body):
    answer = stranger.call("user/login", content_type=content_type, body=body)
    assert answer.status_code == 200, answer.content


@pytest.mark.parametrize(
    ("content_type", "body", "status", "text"),
    [
        ("application/json", "{", 400, "Invalid JSON."),
        ("application/json", "[" * 100_000, 400, "Invalid JSON."),
        ("application/json", "[1, 2]", 401, "Missing required argument username"),
        ("application/json", "null", 401, "Missing required argument username"),
        ("application/json", '{"username": ["alice"]}', 401, "Missing required argument username"),
        ("application/json", '{"username": "a\\u0000"}', 400, f"username {ODD}"),
        ("application/json", '{"x": "\\ud800"}', 400, f"x {ODD}"),
        ("application/json", b"\xff\xfe{", 400, "Invalid JSON."),
        (FORM, "username=%00", 400, f"username {ODD}"),
        (FORM, "a=1&" * 1200, 400, "The request has too many fields."),
        ("application/xml", "<a>", 400, "Invalid XML."),
        ("application/xml", '<!DOCTYPE a [<!ENTITY b "c">]><a>&b;</a>', 400, "Invalid XML."),
        ("application/xml", '<!DOCTYPE a [<!ENTITY b "c">]><a>&b;</a>'.encode("utf-16"), 400, "Invalid XML."),
        ("text/csv", "a,b", 406, "Unsupported request content type text/csv"),
        ("text/plain", "username=a", 406, "Unsupported request content type text/plain"),
        ("multipart/form-data", "x", 400, "Invalid form."),
    ],
)  # fmt: skip
def test_bodies_that_cannot_be_read(stranger, content_type, body, status, text):
    answer = stranger.call("user/login", content_type=content_type, body=body)
    assert (answer.status_code, answer.json()) == (status, [text])


def test_a_form_without_a_content_type_through_django_s_own_server(live_server):
    """``runserver`` says text/plain of what says nothing."""
    app = HTTPConnection(live_server.thread.host, live_server.thread.port, timeout=10)
    app.request("POST", "/services/rest/user/login", body=b"username=nobody&password=x")
    answer = app.getresponse()
    assert (answer.status, answer.reason) == (401, "Unauthorized : Wrong username or password.")
    app.close()


def test_a_body_that_is_too_large(stranger, settings):
    settings.DATA_UPLOAD_MAX_MEMORY_SIZE = 100
    assert stranger.call("user/login", {"username": "a" * 200}).status_code == 413


@pytest.mark.parametrize(
    "path", ["user/login/", "user/login.foo", "nothing", "message/nothing", "", "node/abc", "user/1/2"]
)
def test_unknown_routes_are_404_without_a_redirect(stranger, path):
    answer = stranger.call(path)
    assert answer.status_code == 404
    assert answer.reason_phrase.startswith("Not found : ")


def test_a_wrong_method_looks_like_a_wrong_route(stranger, alices):
    assert stranger.get("/services/rest/user/login").status_code == 404
    assert alices.call("user/1").status_code == 404
    assert stranger.delete("/services/rest/message").status_code == 404


def test_a_missing_argument_is_told_before_the_session_and_the_token_are_looked_at(stranger, alices):
    for app in (stranger, alices):
        answer = app.call("message/getThread", HTTP_X_CSRF_TOKEN="wrong")
        assert (answer.status_code, answer.json()) == (401, ["Missing required argument thread_id"])


def test_authorization_headers_are_ignored(alices):
    assert alices.call("message/get", HTTP_AUTHORIZATION="Basic YXBpOmtleQ==").status_code == 200
    assert alices.call("message/get", HTTP_AUTHORIZATION="Basic nonsense").status_code == 200


def test_plain_http_is_refused_without_a_redirect_where_https_is_required(stranger, settings):
    settings.SECURE_SSL_REDIRECT = True
    answer = stranger.call("user/login")
    assert (answer.status_code, answer.json()) == (404, ["Use https."])
    assert stranger.get("/user/1/json").status_code == 404
    assert stranger.call("user/login", secure=True).status_code == 401


def test_a_message_in_the_status_line_stays_one_line(alices):
    answer = alices.call("message/send", {"recipients": "a\r\nX-Bad: 1, ü", "subject": "s", "body": "b"})
    assert answer.status_code == 400
    assert "\n" not in answer.reason_phrase
    assert answer.reason_phrase.isascii()
    assert "X-Bad" not in answer.headers


def test_answers_are_not_kept_by_caches(alices):
    assert alices.call("message/get")["Cache-Control"] == "no-store"
