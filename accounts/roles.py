"""Roles: groups that are there from the start, and who may give them.

``settings.ROLES`` says by patterns which rights a role has. After each
``migrate`` every role is given those of its rights that it has never been
offered before. So a new app's rights reach the roles by themselves, and what
somebody took from a role's group stays away.
"""

from __future__ import annotations

from collections.abc import Iterable
from fnmatch import fnmatchcase
from typing import Any

from django.apps import apps as installed
from django.conf import settings
from django.contrib.auth.models import Group
from django.db import transaction
from django.db.models import QuerySet
from django.db.models.signals import post_migrate

from accounts.models import User


def matches(right: str, patterns: Iterable[str]) -> bool:
    """Whether ``app.codename`` is among what the patterns give; the last one that fits decides."""
    given = False
    for pattern in patterns:
        if fnmatchcase(right, pattern.removeprefix("-")):
            given = not pattern.startswith("-")
    return given


def offer(*, using: str, apps: Any = installed, **kwargs: Any) -> None:
    """Receiver of ``post_migrate``: give each role the rights that are new to it."""
    try:
        role_model = apps.get_model("accounts", "Role")
    except LookupError:
        return  # migrated back to before there were any
    permissions = apps.get_model("auth", "Permission").objects.using(using)
    rights = {
        f"{app}.{codename}": key
        for key, app, codename in permissions.values_list("pk", "content_type__app_label", "codename")
    }
    with transaction.atomic(using=using):
        for role in role_model.objects.using(using).select_related("group").order_by("pk"):
            patterns = settings.ROLES.get(role.name, ())
            new = [r for r in rights if r not in role.offered and matches(r, patterns)]
            if new:
                role.group.permissions.add(*(rights[right] for right in new))
                role.offered = sorted({*role.offered, *new})
                role.save(update_fields=["offered"])


def connect() -> None:
    """Once for all apps: Django makes an app's rights when its turn comes, so the last app's turn it is."""
    with_models = [app for app in installed.get_app_configs() if app.models_module is not None]
    post_migrate.connect(offer, sender=with_models[-1], dispatch_uid="accounts.roles")


def may_touch(actor: Any, user: User | None) -> bool:
    """Whether one may change an account: setting somebody's password is becoming them.

    So nobody changes an account that may do what they may not themselves.
    """
    if user is None or actor.is_superuser or actor.pk == user.pk:
        return True
    return not user.is_superuser and user.get_all_permissions() <= actor.get_all_permissions()


def grantable(actor: Any) -> QuerySet[Group]:
    """The groups one may put others into: those that give nothing one does not have oneself."""
    groups = Group.objects.order_by("name")
    if actor.is_superuser:
        return groups
    own = actor.get_all_permissions()
    beyond = {
        group
        for group, app, codename in Group.permissions.through.objects.values_list(
            "group", "permission__content_type__app_label", "permission__codename"
        )
        if f"{app}.{codename}" not in own
    }
    return groups.exclude(pk__in=beyond)
