"""Members of the network, and apps that they use."""

from __future__ import annotations

import pytest

from accounts.models import User
from hospitality.models import Member


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
