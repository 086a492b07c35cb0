"""What all JSON dialects share: the parser's limits, the shape of errors, pages, both slash forms."""

import json

import pytest
from django.core.exceptions import TooManyFieldsSent
from django.core.exceptions import ValidationError as ModelValidationError
from django.http import Http404
from django.test import RequestFactory
from django.urls import path, reverse
from rest_framework import serializers, viewsets
from rest_framework.request import Request
from rest_framework.response import Response
from rest_framework.views import APIView

from accounts.api import errors, pagination, routers
from accounts.models import User


class Echo(APIView):
    authentication_classes = []
    permission_classes = []

    def post(self, request):
        return Response(request.data)


class People(viewsets.ReadOnlyModelViewSet):
    authentication_classes = []
    permission_classes = []
    queryset = User.objects.order_by("pk")
    serializer_class = type(
        "Person",
        (serializers.ModelSerializer,),
        {"Meta": type("Meta", (), {"model": User, "fields": ["username"]})},
    )


router = routers.BothSlashesRouter()
router.register("people", People, basename="people")
urlpatterns = [
    *router.urls,
    *routers.both_slashes("v1/echo/", Echo.as_view(), name="echo"),
    path("x", Echo.as_view()),
]


def send(body: bytes | str, content_type: str = "application/json") -> Response:
    body = body.encode("utf-8", "surrogatepass") if isinstance(body, str) else body
    return Echo.as_view()(RequestFactory().generic("POST", "/", body, content_type))


# --- the parser ------------------------------------------------------------------------


def test_a_json_document_comes_through() -> None:
    document = {"a": [1, 2.5, None, True, {"b": "ünïcode 😀"}]}
    assert send(json.dumps(document)).data == document


BAD_BODIES = {
    "no JSON": (b"{", "detail"),
    "NaN": (b'{"a": NaN}', "detail"),
    "not UTF-8": (b'{"a": "\xff"}', "detail"),
    "a number of a million digits": (b'{"a": ' + b"9" * 1_000_000 + b"}", "detail"),
    "a hundred thousand brackets": (b"[" * 100_000 + b"]" * 100_000, "detail"),
    "sixty-five levels": (b"[" * 65 + b"]" * 65, "detail"),
    "NUL in a value": (b'{"a": "x\\u0000"}', "a"),
    "NUL in a key": (b'{"a\\u0000": 1}', "non_field_errors"),
    "NUL deep inside": (b'{"metadata": {"x": ["y", {"z": "\\u0000"}]}}', "metadata"),
    "NUL in a key deep inside": (b'{"metadata": {"x": {"\\u0000": 1}}}', "metadata"),
    "a lone surrogate": (b'{"a": "\\ud800"}', "a"),
    "a lone surrogate in a key": (b'{"\\udfff": 1}', "non_field_errors"),
    "NUL in a list": (b'["\\u0000"]', ""),
}


@pytest.mark.parametrize(("body", "field"), BAD_BODIES.values(), ids=BAD_BODIES.keys())
def test_what_cannot_be_read_or_stored_is_400_naming_the_field(body, field) -> None:
    response = send(body)
    assert response.status_code == 400
    assert list(response.data) == [field]


def test_sixty_levels_are_fine() -> None:
    assert send(b'{"a": ' + b"[" * 60 + b"]" * 60 + b"}").status_code == 200


def test_a_surrogate_pair_is_an_ordinary_character() -> None:
    assert send(b'{"a": "\\ud83d\\ude00"}').data == {"a": "😀"}


@pytest.mark.parametrize("charset", ["utf-16-le-nonsense", "zlib", "base64", "utf-7"])
def test_an_odd_charset_is_no_server_error(charset) -> None:
    assert send(b'{"a": 1}', f"application/json; charset={charset}").status_code in (200, 400)


def test_a_body_over_the_limit_is_413(settings) -> None:
    settings.DATA_UPLOAD_MAX_MEMORY_SIZE = 1024
    assert send(b'{"a": "' + b"x" * 1015 + b'"}').status_code == 200
    response = send(b'{"a": "' + b"x" * 1020 + b'"}')
    assert (response.status_code, response.data) == (413, {"detail": "The request body is too large."})


# --- errors -----------------------------------------------------------------------------


class Raising(APIView):
    authentication_classes = []
    permission_classes = []
    error: Exception = Exception()

    def get(self, request):
        raise self.error


ERRORS = {
    "nothing there, in Django's words": (Http404("No User matches."), 404, {"detail": "Not found."}),
    "a bare list": (serializers.ValidationError(["No."]), 400, {"non_field_errors": ["No."]}),
    "a model's refusal": (ModelValidationError({"lang": ["No."]}), 400, {"lang": ["No."]}),
    "a model's refusal of the whole": (ModelValidationError("No."), 400, {"non_field_errors": ["No."]}),
    "a conflict": (errors.Conflict(), 409, {"detail": "The record is in use."}),
    "too many fields": (TooManyFieldsSent("1001"), 400, {"detail": "Bad request."}),
    "a refusal by name": (errors.refuse("lang", "No."), 400, {"lang": ["No."]}),
}  # fmt: skip


@pytest.mark.parametrize(("error", "status", "body"), ERRORS.values(), ids=ERRORS.keys())
def test_errors_are_objects(error, status, body) -> None:
    response = Raising.as_view(error=error)(RequestFactory().get("/"))
    assert (response.status_code, response.data) == (status, body)


def test_a_mistake_of_ours_is_not_hidden() -> None:
    with pytest.raises(ZeroDivisionError):
        Raising.as_view(error=ZeroDivisionError())(RequestFactory().get("/"))


# --- both slash forms --------------------------------------------------------------------


@pytest.mark.urls(__name__)
def test_routes_answer_with_and_without_the_last_slash(client, alice) -> None:
    for url in ("/people", "/people/", f"/people/{alice.pk}", f"/people/{alice.pk}/"):
        assert client.get(url).status_code == 200
    for url in ("/v1/echo", "/v1/echo/"):
        assert client.post(url, {"a": 1}, content_type="application/json").json() == {"a": 1}


@pytest.mark.urls(__name__)
def test_a_name_gives_the_form_with_the_slash() -> None:
    assert reverse("people-list") == "/people/"
    assert reverse("people-detail", args=[7]) == "/people/7/"
    assert reverse("echo") == "/v1/echo/"


@pytest.mark.urls(__name__)
@pytest.mark.parametrize("odd", ["%0a", "%00", "%20", "é", "%D9%A3"])
def test_an_id_is_ascii_and_nothing_follows_it(client, alice, odd) -> None:
    assert client.get(f"/people/{alice.pk}{odd}").status_code == 404


# --- pages -------------------------------------------------------------------------------


@pytest.fixture
def twenty_five(db) -> None:
    User.objects.bulk_create(User(username=f"user{n:02}") for n in range(25))


def page(query: str = "", url: str = "/people/") -> dict:
    request = RequestFactory().get(
        url + query, SERVER_NAME="sbm.example.org", SERVER_PORT="8443", secure=True
    )
    return People.as_view({"get": "list"})(request).data


def test_the_first_page_tells_the_way_on(twenty_five, settings) -> None:
    settings.ALLOWED_HOSTS = ["sbm.example.org"]
    first = page("?limit=10&colour=red&q=a%26b")
    assert (first["count"], first["previous"], len(first["results"])) == (25, None, 10)
    assert first["next"] == "https://sbm.example.org:8443/people/?colour=red&limit=10&offset=10&q=a%26b"


def test_following_next_reaches_everybody_once_and_previous_leads_back(twenty_five, settings) -> None:
    settings.ALLOWED_HOSTS = ["sbm.example.org"]
    seen, found = [], page("?limit=10")
    while True:
        seen += [row["username"] for row in found["results"]]
        if found["next"] is None:
            break
        found = page(found["next"].removeprefix("https://sbm.example.org:8443/people/"))
    assert seen == [f"user{n:02}" for n in range(25)]
    assert found["previous"].endswith("?limit=10&offset=10")


def test_next_begins_with_the_endpoint_and_its_slash_whichever_form_was_asked(twenty_five, settings) -> None:
    settings.ALLOWED_HOSTS = ["sbm.example.org"]
    assert page("?limit=1", url="/people")["next"].startswith("https://sbm.example.org:8443/people/?")


PAGE_SIZES = {
    "none asked": ("", 7),
    "asked": ("?limit=3", 3),
    "more than allowed": ("?limit=1000", 9),
    "zero": ("?limit=0", 7),
    "negative": ("?limit=-1", 7),
    "a word": ("?limit=ten", 7),
    "Arabic digits": ("?limit=٣", 7),
    "beyond 64 bits": ("?limit=99999999999999999999", 9),
    "empty": ("?limit=", 7),
    "NUL": ("?limit=%00", 7),
}


@pytest.mark.parametrize(("query", "size"), PAGE_SIZES.values(), ids=PAGE_SIZES.keys())
def test_a_limit_that_makes_no_sense_counts_as_not_given(twenty_five, settings, query, size) -> None:
    settings.API_PAGE_SIZE, settings.API_MAX_PAGE_SIZE = 7, 9
    settings.ALLOWED_HOSTS = ["sbm.example.org"]
    assert len(page(query)["results"]) == size


@pytest.mark.parametrize("offset", ["-1", "x", ""])
def test_an_offset_that_makes_no_sense_counts_as_not_given(twenty_five, settings, offset) -> None:
    settings.ALLOWED_HOSTS = ["sbm.example.org"]
    assert page(f"?limit=2&offset={offset}")["results"][0]["username"] == "user00"


@pytest.mark.parametrize("offset", ["999999999999999999", "9" * 23, "9" * 5000])
def test_a_page_beyond_the_end_is_empty_and_leads_back(twenty_five, settings, offset) -> None:
    settings.ALLOWED_HOSTS = ["sbm.example.org"]
    found = page(f"?limit=10&offset={offset}")
    assert (found["count"], found["results"], found["next"]) == (25, [], None)
    assert found["previous"] is not None


def test_a_page_costs_two_queries(twenty_five, settings, django_assert_num_queries) -> None:
    settings.ALLOWED_HOSTS = ["sbm.example.org"]
    for limit in (1, 20):
        with django_assert_num_queries(2):
            page(f"?limit={limit}")


def test_a_plain_list_can_be_paged_too() -> None:
    pages = pagination.EnvelopePagination()
    request = Request(RequestFactory().get("/?limit=2&offset=1"))
    assert pages.paginate_queryset([1, 2, 3, 4], request) == [2, 3]
