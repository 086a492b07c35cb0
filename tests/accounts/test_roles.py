"""What each role may do, page by page."""

from __future__ import annotations

from collections.abc import Iterable, Iterator
from typing import Any

import pytest
from django.contrib import admin
from django.contrib.auth.models import Group, Permission
from django.db.models import Model
from django.urls import URLResolver, reverse

from accounts import roles
from accounts.models import Role, User
from broadcasts.models import Broadcast
from contacts.models import Contact
from outbox.models import Resend
from sheets.models import Import
from stagebased.models import BulkChange, MessageSet, Schedule
from tests.world import World

pytestmark = pytest.mark.django_db
NAMES = ["Viewer", "Editor", "Operator", "Administrator"]
_LOOKS, _NOTHING = {"view"}, set[str]()
_READS_ALL = [_LOOKS] * 4
_ADDS = {"view", "add"}
_MENDS = {"view", "change"}
_TIDIES = {"view", "change", "delete"}
_WRITES = {"view", "add", "change", "delete"}
#: Each list of the admin site and what each role may do there, in the order of NAMES.
MATRIX: dict[str, list[set[str]]] = {
    "accounts.user": [_NOTHING, _NOTHING, _NOTHING, _WRITES],
    "accounts.apitoken": [_NOTHING, _NOTHING, _NOTHING, _ADDS],
    "auth.group": [_NOTHING, _NOTHING, _NOTHING, _LOOKS],
    "audit.entry": [_NOTHING, _NOTHING, _LOOKS, _LOOKS],
    "sheets.import": [_NOTHING, _LOOKS, _LOOKS, _LOOKS],
    "contacts.contact": [_LOOKS, _LOOKS, _WRITES, _WRITES],
    "contacts.group": [_LOOKS, _LOOKS, _WRITES, _WRITES],
    "contacts.address": _READS_ALL,
    "contacts.optout": _READS_ALL,
    "outbox.delivery": _READS_ALL,
    "outbox.gateway": [_LOOKS, _LOOKS, _MENDS, _MENDS],
    "outbox.deliverycount": _READS_ALL,
    "outbox.failure": _READS_ALL,
    "outbox.resend": _READS_ALL,
    "smsbridge.inboundmessage": _READS_ALL,
    "smsbridge.keyword": [_LOOKS, _WRITES, _LOOKS, _WRITES],
    "smsbridge.statusreport": _READS_ALL,
    "smsbridge.partreference": _READS_ALL,
    "smsbridge.collectorcount": _READS_ALL,
    "smsbridge.gatewayaccount": [_NOTHING, _NOTHING, _NOTHING, _WRITES],
    "smsbridge.segmentcount": [_NOTHING, _NOTHING, _NOTHING, _LOOKS],
    "sendables.message": _READS_ALL,
    "sendables.notice": _READS_ALL,
    "sendables.messagereceipt": _READS_ALL,
    "sendables.noticereceipt": _READS_ALL,
    "sendables.posting": _READS_ALL,
    "sendables.block": _READS_ALL,
    "stagebased.bulkchange": _READS_ALL,
    "stagebased.schedule": [_LOOKS, _WRITES, _LOOKS, _WRITES],
    "stagebased.messageset": [_LOOKS, _WRITES, _LOOKS, _WRITES],
    "stagebased.message": [_LOOKS, _WRITES, _LOOKS, _WRITES],
    "stagebased.binarycontent": [_LOOKS, _WRITES, _LOOKS, _WRITES],
    "stagebased.dueslot": _READS_ALL,
    "stagebased.metric": _READS_ALL,
    "stagebased.subscription": [_LOOKS, _LOOKS, _WRITES, _WRITES],
    "telephony.telephonyuser": [_LOOKS, _LOOKS, _WRITES, _WRITES],
    "telephony.voicemail": [_LOOKS, _LOOKS, _WRITES, _WRITES],
    "telephony.voicemailmessage": _READS_ALL,
    "hospitality.member": [_LOOKS, _LOOKS, _WRITES, _WRITES],
    "hospitality.feedback": [_LOOKS, _LOOKS, _TIDIES, _TIDIES],
    "hospitality.report": [_LOOKS, _LOOKS, _TIDIES, _TIDIES],
    "webhooks.endpoint": [_NOTHING, _NOTHING, _LOOKS, _WRITES],
    "webhooks.event": [_NOTHING, _NOTHING, _LOOKS, _LOOKS],
    "broadcasts.broadcast": [_LOOKS, _LOOKS, _WRITES, _WRITES],
    "broadcasts.recipient": _READS_ALL,
}
_ALL, _EDITORS, _OPERATORS = set(NAMES), {"Editor", "Administrator"}, {"Operator", "Administrator"}
#: Each further page of the admin site: how it is asked, and for whom it opens.
FURTHER: dict[str, tuple[str, set[str]]] = {
    "index": ("get", _ALL),
    "panels": ("get", _ALL),
    "second_factor": ("get", _ALL),
    "password_change": ("get", _ALL),
    "password_change_done": ("get", _ALL),
    "jsi18n": ("get", _ALL),
    "search": ("get", _ALL),
    "auth_user_password_change": ("get", {"Administrator"}),
    "sheets_bring": ("get", _OPERATORS),
    "sheets_example": ("get", _OPERATORS),
    "sheets_confirm": ("post", _OPERATORS),
    "sheets_discard": ("post", _OPERATORS),
    "sheets_faults": ("get", _OPERATORS),
    "contacts_contact_export_list": ("get", _OPERATORS),
    "contacts_contact_export": ("get", _OPERATORS),
    "contacts_contact_forget_one": ("get", _OPERATORS),
    "outbox_failure_resend": ("get", _OPERATORS),
    "outbox_resend_progress": ("get", _ALL),
    "outbox_resend_stop": ("post", _OPERATORS),
    "stagebased_bulkchange_progress": ("get", _ALL),
    "stagebased_count": ("post", _ALL),
    "stagebased_messageset_content": ("get", _ALL),
    "stagebased_messageset_phone": ("get", _ALL),
    "stagebased_messageset_calendar": ("get", _ALL),
    "stagebased_messageset_times": ("get", _ALL),
    "stagebased_messageset_goto": ("get", _ALL),
    "stagebased_messageset_export": ("get", _ALL),
    "stagebased_messageset_write": ("post", _EDITORS),
    "stagebased_messageset_forget": ("post", _EDITORS),
    "stagebased_messageset_stage": ("post", _EDITORS),
    "stagebased_messageset_copy_language": ("post", _EDITORS),
    "stagebased_messageset_publish": ("post", _EDITORS),
    "stagebased_messageset_discard": ("post", _EDITORS),
    "stagebased_messageset_activate": ("post", _EDITORS),
    "stagebased_messageset_trial": ("post", _EDITORS),
    "stagebased_messageset_clone": ("post", _EDITORS),
    "broadcasts_broadcast_stand": ("get", _ALL),
    "broadcasts_broadcast_step": ("post", _OPERATORS),
}
#: Open to people who have not logged in, or without a page of their own.
OUTSIDE = {"login", "logout", "autocomplete", "view_on_site", "app_list"}
_STANDARD = ("changelist", "add", "change", "delete", "history")


def pages() -> Iterator[tuple[type[Model], str]]:
    for model in admin.site._registry:
        yield model, model._meta.label_lower


def address(model: type[Model], which: str, *arguments: Any) -> str:
    return reverse(f"admin:{model._meta.app_label}_{model._meta.model_name}_{which}", args=arguments)


def may(role: str, label: str) -> set[str]:
    return MATRIX[label][NAMES.index(role)]


def routes(patterns: Iterable[Any]) -> Iterator[str]:
    """The names of all pages."""
    for pattern in patterns:
        if isinstance(pattern, URLResolver):
            yield from routes(pattern.url_patterns)
        elif pattern.name:
            yield pattern.name


@pytest.fixture
def as_role(client, staff):
    def enter(name: str):
        staff.groups.set([Group.objects.get(name=name)])
        client.force_login(staff)
        return client

    return enter


@pytest.fixture
def places(alice) -> dict[str, list[Any]]:
    """What the further pages are about, by name of the page."""
    schedule = Schedule.objects.create(minute="0", hour="8")
    programme = MessageSet.objects.create(short_name="pregnancy", default_schedule=schedule, channel="sms")
    job = Import.objects.create(kind="people", file_name="people.csv", size=1)
    contact = Contact.objects.create()
    bulk = BulkChange.objects.create(kind="pause")
    broadcast, resend = Broadcast.objects.create(name="Closed"), Resend.objects.create()
    found: dict[str, list[Any]] = {name: [programme.pk] for name in FURTHER if "messageset_" in name}
    found |= {name: [job.pk] for name in ("sheets_confirm", "sheets_discard", "sheets_faults")}
    found |= {name: [contact.pk] for name in ("contacts_contact_export", "contacts_contact_forget_one")}
    return found | {
        "auth_user_password_change": [alice.pk],
        "sheets_bring": ["people"],
        "sheets_example": ["people"],
        "contacts_contact_export_list": ["csv"],
        "outbox_resend_progress": [resend.pk],
        "outbox_resend_stop": [resend.pk],
        "stagebased_bulkchange_progress": [bulk.pk],
        "stagebased_messageset_goto": [programme.pk, 1],
        "stagebased_messageset_export": [programme.pk, "csv"],
        "broadcasts_broadcast_stand": [broadcast.pk],
        "broadcasts_broadcast_step": [broadcast.pk, "prepare"],
    }


def test_no_page_is_without_a_rule():
    assert {label for _, label in pages()} == set(MATRIX)
    standard = {f"{label.replace('.', '_')}_{which}" for _, label in pages() for which in _STANDARD}
    assert set(routes(admin.site.get_urls())) - standard == set(FURTHER) | OUTSIDE


@pytest.mark.parametrize("role", NAMES)
def test_each_role_does_what_is_its_own_and_nothing_else(as_role, staff, rf, role):
    as_role(role)
    request = rf.get("/admin/")
    request.user = User.objects.get(pk=staff.pk)
    for model, label in pages():
        rights = admin.site._registry[model].get_model_perms(request)
        assert {right for right, given in rights.items() if given} == may(role, label), label


@pytest.mark.parametrize("role", NAMES)
def test_each_list_opens_for_those_whom_it_concerns_and_for_nobody_else(as_role, role):
    browser = as_role(role)
    for model, label in pages():
        expected = 200 if may(role, label) else 403
        assert browser.get(address(model, "changelist")).status_code == expected, label


@pytest.mark.parametrize("role", NAMES)
def test_each_record_opens_for_those_whom_it_concerns_and_for_nobody_else(as_role, role):
    browser, world, refused = as_role(role), World(), {}
    for model, label in pages():
        world.fill(model, 2)
        status = browser.get(address(model, "change", world.first(model).pk)).status_code
        expected = {200, 302} if may(role, label) else {403}
        refused |= {} if status in expected else {label: status}
    # Of imports an editor sees those of texts; this one is of people.
    assert refused == ({"sheets.import": 403} if role == "Editor" else {})


def test_every_action_says_whose_it_is():
    for model, label in pages():
        for function, name, _ in admin.site._registry[model]._get_base_actions():
            assert getattr(function, "allowed_permissions", None), (label, name)


def test_who_only_looks_is_offered_no_action(as_role, staff, rf):
    as_role("Viewer")
    request = rf.get("/admin/")
    request.user = User.objects.get(pk=staff.pk)
    offered = {label: set(admin.site._registry[model].get_actions(request)) for model, label in pages()}
    assert {label: names for label, names in offered.items() if names} == {}


@pytest.mark.parametrize("role", NAMES)
def test_each_further_page_opens_for_those_whom_it_concerns(as_role, role, places):
    browser = as_role(role)
    for name, (method, roles_let_in) in FURTHER.items():
        page = reverse(f"admin:{name}", args=places.get(name, []))
        status = getattr(browser, method)(page).status_code
        assert status not in (404, 500), name
        assert (status == 403) is (role not in roles_let_in), name


@pytest.mark.parametrize("role", NAMES)
def test_the_sidebar_leads_only_where_one_may_go(as_role, role):
    groups = as_role(role).get(reverse("admin:index")).context["sidebar_navigation"]
    links = {item["link"] for group in groups for item in group["items"]}
    lists = {address(model, "changelist") for model, label in pages() if may(role, label)}
    assert links == lists | {reverse("admin:index")}


@pytest.mark.parametrize(("role", "may"), [("Viewer", False), ("Editor", False), ("Operator", True)])
def test_only_operators_forget_people_and_stop_gateways(as_role, staff, role, may):
    as_role(role)
    for right in ("contacts.delete_contact", "outbox.change_gateway", "outbox.change_delivery"):
        assert staff.has_perm(right) is may, right


def test_nobody_below_superuser_changes_a_role(as_role):
    browser, group = as_role("Administrator"), Group.objects.get(name="Viewer")
    page = reverse("admin:auth_group_change", args=[group.pk])
    assert browser.get(page).status_code == 200
    assert browser.post(page, {"name": "Viewer"}).status_code == 403


# --- how roles get their rights --------------------------------------------------------


def test_the_last_fitting_pattern_decides():
    patterns = ["outbox.*", "-outbox.delete_*", "outbox.delete_gateway"]
    assert roles.matches("outbox.change_delivery", patterns)
    assert not roles.matches("outbox.delete_delivery", patterns)
    assert roles.matches("outbox.delete_gateway", patterns)
    assert not roles.matches("contacts.view_contact", patterns)


def test_a_right_that_was_taken_from_a_role_is_not_given_again():
    group = Group.objects.get(name="Viewer")
    right = Permission.objects.get(codename="view_contact")
    group.permissions.remove(right)
    roles.offer(using="default")
    assert right not in group.permissions.all()


def test_a_right_that_is_new_reaches_the_roles():
    role = Role.objects.get(name="Viewer")
    right = Permission.objects.get(codename="view_contact")
    role.group.permissions.remove(right)
    role.offered.remove("contacts.view_contact")
    role.save()
    roles.offer(using="default")
    assert right in role.group.permissions.all()


def test_a_role_that_was_removed_stays_away():
    Group.objects.get(name="Viewer").delete()
    roles.offer(using="default")
    assert not Group.objects.filter(name="Viewer").exists()


# --- giving roles ----------------------------------------------------------------------


def change_account(browser, user: User, **values):
    page = reverse("admin:accounts_user_change", args=[user.pk])
    form = {"username": user.username, "is_active": "on", "api_tokens-TOTAL_FORMS": 0}
    form |= {"api_tokens-INITIAL_FORMS": 0, "last_login_0": "", "last_login_1": ""}
    form |= {"date_joined_0": "2026-01-01", "date_joined_1": "00:00:00"}
    return browser.post(page, form | values)


def test_an_administrator_gives_roles(as_role, alice):
    browser = as_role("Administrator")
    operator = Group.objects.get(name="Operator")
    assert change_account(browser, alice, is_staff="on", groups=[operator.pk]).status_code == 302
    assert list(alice.groups.all()) == [operator]


def test_nobody_gives_a_role_that_may_more_than_they_do(client, staff, alice):
    staff.user_permissions.set(Permission.objects.filter(content_type__app_label="accounts"))
    client.force_login(staff)
    change_account(client, alice, groups=[Group.objects.get(name="Operator").pk])
    assert not alice.groups.exists()


def test_nobody_sets_the_password_of_somebody_who_may_more(client, staff, alice):
    staff.user_permissions.set(Permission.objects.filter(content_type__app_label="accounts"))
    alice.groups.add(Group.objects.get(name="Operator"))
    client.force_login(staff)
    page = reverse("admin:auth_user_password_change", args=[alice.pk])
    body = {"password1": "stolen-password", "password2": "stolen-password", "usable_password": "true"}
    assert client.post(page, body).status_code == 403


def test_nobody_makes_a_token_of_somebody_who_may_more(client, staff, alice):
    staff.user_permissions.set(Permission.objects.filter(content_type__app_label="accounts"))
    alice.groups.add(Group.objects.get(name="Operator"))
    client.force_login(staff)
    form = {"user": alice.pk, "name": "x", "scopes": "", "expires_at_0": "", "expires_at_1": ""}
    assert (
        "user" in client.post(reverse("admin:accounts_apitoken_add"), form).context["adminform"].form.errors
    )
    assert not alice.api_tokens.exists()
