"""Who a sendable goes to, as querysets of users: sending stays one statement however many they are."""

from __future__ import annotations

from collections.abc import Iterable
from typing import Any

from django.contrib.auth import get_user_model
from django.db.models import Exists, F, OuterRef, Q, QuerySet

from accounts.models import User
from sendables.entities import Entity
from sendables.models import Block
from sendables.sql import Among, storable


def users() -> QuerySet[User]:
    return get_user_model()._default_manager.all()


def named(keys: Iterable[Any], *, key_name: str = "id") -> QuerySet[User]:
    """The accounts with these keys; unknown ones, and what no key can be, are nobody."""
    field = get_user_model()._meta.get_field("id" if key_name == "pk" else key_name)
    return users().filter(Among(F(key_name), storable(field, keys)))


def everybody() -> QuerySet[User]:
    """Every active account."""
    return users().filter(is_active=True)


def members(groups: Iterable[str]) -> QuerySet[User]:
    """Active members of any of the groups, by name; each once."""
    return everybody().filter(groups__name__in=list(groups)).distinct()


def allowed(
    kind: Entity, sender: User | None, people: QuerySet[User], *, allow_self: bool = False
) -> QuerySet[User]:
    """Those of ``people`` whom ``sender`` may send to.

    Leaves out the sender (unless ``allow_self``), for entities from a person
    everybody who blocked the sender or whom the sender blocked, and then
    whoever the entity's RECIPIENT_CHECKS leave out.
    """
    if sender is not None and not allow_self:
        people = people.exclude(pk=sender.pk)
    if sender is not None and kind.has_sender:
        people = people.exclude(Exists(between(sender)))
    for check in kind.settings.RECIPIENT_CHECKS:
        people = check(kind, sender, people)
    return people


def between(sender: User) -> QuerySet[Block]:
    """Blocks, in either direction, between ``sender`` and the user of the outer query."""
    return Block.objects.filter(
        Q(blocker=OuterRef("pk"), blocked=sender) | Q(blocker=sender, blocked=OuterRef("pk"))
    )


def active_only(kind: Entity, sender: User | None, people: QuerySet[User]) -> QuerySet[User]:
    """A recipient check: accounts that may log in."""
    return people.filter(is_active=True)


def same_group(kind: Entity, sender: User | None, people: QuerySet[User]) -> QuerySet[User]:
    """A recipient check: those who share a group with the sender (one tenant's people, say)."""
    if sender is None:
        return people
    return people.filter(groups__in=sender.groups.all()).distinct()
