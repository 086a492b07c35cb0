"""Members of the network, and apps that they use."""

from __future__ import annotations

from urllib.parse import urlencode

import pytest
from django.core.cache import cache
from django.test import Client

from accounts.models import User
from hospitality.models import Member


@pytest.fixture(autouse=True)
def nothing_remembered():
    """Passwords and failures of other tests."""
    cache.clear()


def member(user: User, **values) -> Member:
    values.setdefault("fullname", user.username.title())
    return Member.objects.create(user=user, **values)


@pytest.fixture
def host(db):
    """``host("Ann", 52.5, 13.4, city="Berlin")``: an available host at a place."""

    def make(name: str, latitude=None, longitude=None, **values) -> Member:
        user = User.objects.create_user(name.lower(), f"{name.lower()}@example.org")
        return member(user, fullname=name, latitude=latitude, longitude=longitude, **values)

    return make


class App(Client):
    """An app of the network: POSTs forms, asks for JSON, keeps its cookies and its CSRF token."""

    def __init__(self, user: User | None = None, **defaults) -> None:
        super().__init__(**defaults)
        self.user, self.token = user, ""

    def ask(self, path: str, **extra):
        return self.get(path, HTTP_ACCEPT="application/json", **extra)

    def call(self, route: str, fields: dict | None = None, **extra):
        """POST a form to a service."""
        extra.setdefault("HTTP_ACCEPT", "application/json")
        if self.token:
            extra.setdefault("HTTP_X_CSRF_TOKEN", self.token)
        body = extra.pop("body", urlencode(fields or {}))
        content_type = extra.pop("content_type", "application/x-www-form-urlencoded")
        return self.generic("POST", f"/services/rest/{route}", body, content_type=content_type, **extra)

    def log_in(self, name: str = "", password: str = "", **extra):
        name = name or self.user.username
        answer = self.call(
            "user/login", {"username": name, "password": password or f"{name}-password"}, **extra
        )
        if answer.status_code == 200:
            self.token = answer.json()["token"]
        return answer


@pytest.fixture
def members(alice, bob, eve) -> None:
    """All three are members."""
    member(alice, fullname="Alice Adams", latitude=52.5, longitude=13.4, city="Berlin", country="de")
    member(bob, fullname="Bob Brown", latitude=48.1, longitude=11.6, city="München", country="de")
    member(eve, fullname="Eve Evans")


def logged_in(user: User) -> App:
    app = App(user)
    assert app.log_in().status_code == 200
    return app


@pytest.fixture
def alices(members, alice) -> App:
    return logged_in(alice)


@pytest.fixture
def bobs(members, bob) -> App:
    return logged_in(bob)


@pytest.fixture
def eves(members, eve) -> App:
    return logged_in(eve)


@pytest.fixture
def stranger(db) -> App:
    return App()
