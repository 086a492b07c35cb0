"""Accounts and tokens in the admin site."""

import pytest
from django.contrib.auth.models import Group, Permission
from django.urls import reverse

from accounts.models import ApiToken, User
from accounts.operations import issue_token

TOKENS = reverse("admin:accounts_apitoken_changelist")
NEW_TOKEN = reverse("admin:accounts_apitoken_add")


@pytest.fixture
def root(db) -> User:
    return User.objects.create_superuser("root", "root@example.org", "root-password")


@pytest.fixture
def as_root(client, root):
    client.force_login(root)
    return client


@pytest.fixture
def as_clerk(client, staff):
    """Staff who look after accounts and tokens but are no superuser."""
    staff.user_permissions.set(Permission.objects.filter(content_type__app_label="accounts"))
    client.force_login(staff)
    return client


def test_the_log_in_page_says_where_one_is(client, db) -> None:
    assert "Switchboard" in client.get(reverse("admin:login")).content.decode()


def test_a_new_token_is_shown_once_and_kept_as_a_hash(as_root, alice) -> None:
    form = {
        "user": alice.pk,
        "name": "hub",
        "scopes": "stagebased, sms:read",
        "expires_at_0": "",
        "expires_at_1": "",
    }
    response = as_root.post(NEW_TOKEN, form)
    token = ApiToken.objects.get()
    assert (token.user, token.name, token.scopes) == (alice, "hub", ["sms:read", "stagebased"])
    key = response.context["key"]
    assert key in response.content.decode()
    assert "no-store" in response.headers["Cache-Control"]
    assert ApiToken.objects.for_key(key).get() == token
    detail = as_root.get(reverse("admin:accounts_apitoken_change", args=[token.pk])).content.decode()
    assert key not in detail
    assert token.prefix in detail


@pytest.mark.parametrize("scopes", ["Everything!", "sms, stagedbased:read"])
def test_a_scope_that_is_none_is_refused(as_root, alice, scopes) -> None:
    response = as_root.post(
        NEW_TOKEN, {"user": alice.pk, "scopes": scopes, "expires_at_0": "", "expires_at_1": ""}
    )
    assert "scopes" in response.context["adminform"].form.errors
    assert not ApiToken.objects.exists()


def test_revoking_ends_tokens_at_once(as_root, alice) -> None:
    token, key = issue_token(user=alice)
    as_root.post(TOKENS, {"action": "revoke", "_selected_action": [token.pk]})
    assert not ApiToken.objects.for_key(key).usable().exists()
    assert list(as_root.get(TOKENS, {"in_force": "yes"}).context["cl"].result_list) == []
    assert list(as_root.get(TOKENS, {"in_force": "no"}).context["cl"].result_list) == [token]


def test_a_token_is_neither_changed_nor_deleted(as_root, alice) -> None:
    token, _ = issue_token(user=alice, name="hub")
    as_root.post(
        reverse("admin:accounts_apitoken_change", args=[token.pk]), {"user": alice.pk, "name": "other"}
    )
    assert as_root.post(reverse("admin:accounts_apitoken_delete", args=[token.pk])).status_code == 403
    assert ApiToken.objects.get().name == "hub"


def test_clerks_make_no_tokens_for_superusers(as_clerk, root, alice) -> None:
    form = {"scopes": "", "name": "x", "expires_at_0": "", "expires_at_1": ""}
    as_clerk.post(NEW_TOKEN, form | {"user": root.pk})
    assert not root.api_tokens.exists()
    as_clerk.post(NEW_TOKEN, form | {"user": alice.pk})
    assert alice.api_tokens.count() == 1


def test_clerks_cannot_make_themselves_superusers(as_clerk, staff) -> None:
    url = reverse("admin:accounts_user_change", args=[staff.pk])
    page = as_clerk.get(url)
    assert "is_superuser" not in page.context["adminform"].form.fields
    as_clerk.post(url, {"username": "staff", "is_superuser": "on", "is_active": "on", "is_staff": "on"})
    staff.refresh_from_db()
    assert not staff.is_superuser


def test_clerks_cannot_set_a_superusers_password(as_clerk, root) -> None:
    response = as_clerk.post(
        reverse("admin:auth_user_password_change", args=[root.pk]),
        {"password1": "stolen-password", "password2": "stolen-password", "usable_password": "true"},
    )
    assert response.status_code == 403
    root.refresh_from_db()
    assert root.check_password("root-password")


@pytest.mark.parametrize("name", ["user_changelist", "user_add", "apitoken_changelist", "apitoken_add"])
def test_every_page_opens(as_root, name) -> None:
    assert as_root.get(reverse(f"admin:accounts_{name}")).status_code == 200


def test_a_role_is_deleted_by_its_name_alone(as_root) -> None:
    group = Group.objects.create(name="Night shift")
    group.permissions.set(Permission.objects.all()[:2])
    page = reverse("admin:auth_group_delete", args=[group.pk])
    shown = as_root.get(page).content.decode()
    assert "Night shift" in shown
    assert "Group_permissions object" not in shown
    as_root.post(page, {"post": "yes"})
    assert not Group.objects.filter(pk=group.pk).exists()


def test_an_account_shows_its_tokens(as_root, alice) -> None:
    token, _ = issue_token(user=alice, name="hub")
    page = as_root.get(reverse("admin:accounts_user_change", args=[alice.pk])).content.decode()
    assert token.prefix in page


@pytest.mark.parametrize("name", ["user", "apitoken"])
def test_a_list_costs_the_same_for_one_row_and_for_twenty(
    as_root, alice, name, django_assert_num_queries
) -> None:
    from django.db import connection
    from django.test.utils import CaptureQueriesContext

    url = reverse(f"admin:accounts_{name}_changelist")
    issue_token(user=alice)
    as_root.get(url)
    with CaptureQueriesContext(connection) as few:
        as_root.get(url)
    for n in range(20):
        issue_token(user=User.objects.create_user(f"user{n}"))
    with django_assert_num_queries(len(few)):
        as_root.get(url)


def test_a_list_counts_no_further_than_it_must(as_root, monkeypatch) -> None:
    from accounts.adminbase import BoundedPaginator

    User.objects.bulk_create(User(username=f"user{n}") for n in range(30))
    monkeypatch.setattr(BoundedPaginator, "most", 10)
    assert as_root.get(reverse("admin:accounts_user_changelist")).context["cl"].result_count == 10
