"""Around the admin site's pages: the sidebar, in the order in which people look, and what all pages load."""

from __future__ import annotations

from typing import Any

from django.apps import apps
from django.contrib import admin
from django.http import HttpRequest
from django.templatetags.static import static
from django.urls import NoReverseMatch, reverse
from django.utils.text import capfirst

#: Heading → what stands below it: a model, its symbol, and what it is called here.
GROUPS: dict[str, list[tuple[str, str, str]]] = {
    "People": [
        ("contacts.Contact", "person", "Contacts"),
        ("contacts.Group", "groups", "Groups"),
        ("contacts.OptOut", "do_not_disturb_on", "Opt-outs"),
        ("stagebased.Subscription", "event_repeat", "Subscriptions"),
        ("stagebased.BulkChange", "checklist", "Bulk changes"),
        ("sheets.Import", "upload_file", "Imports"),
    ],
    "Programmes": [
        ("stagebased.MessageSet", "library_books", "Message sets"),
        ("stagebased.Message", "chat", "Messages"),
        ("stagebased.Schedule", "schedule", "Schedules"),
        ("stagebased.BinaryContent", "audio_file", "Files"),
    ],
    "Sending": [
        ("broadcasts.Broadcast", "campaign", "Broadcasts"),
        ("outbox.Delivery", "outbox", "Deliveries"),
        ("outbox.Failure", "error", "Failures"),
        ("smsbridge.InboundMessage", "inbox", "Received"),
        ("smsbridge.Keyword", "key_vertical", "Keywords"),
        ("outbox.Gateway", "cell_tower", "Gateways"),
    ],
    "In-app": [
        ("sendables.Notice", "notifications", "Notices"),
        ("sendables.Message", "forum", "Messages"),
    ],
    "Telephony": [
        ("telephony.TelephonyUser", "call", "Telephone users"),
        ("telephony.Voicemail", "voicemail", "Mailboxes"),
    ],
    "Hospitality": [
        ("hospitality.Member", "cottage", "Members"),
        ("hospitality.Feedback", "reviews", "Feedback"),
        ("hospitality.Report", "flag", "Reports"),
    ],
    "Administration": [
        ("accounts.User", "manage_accounts", "Accounts"),
        ("auth.Group", "badge", "Roles"),
        ("accounts.ApiToken", "vpn_key", "API tokens"),
        ("webhooks.Endpoint", "webhook", "Webhooks"),
        ("webhooks.Event", "send_and_archive", "Webhook events"),
        ("smsbridge.GatewayAccount", "sim_card", "SMS interface"),
        ("audit.Entry", "history", "Audit log"),
    ],
}
_NAMED = {label.lower() for items in GROUPS.values() for label, _, _ in items}


def sidebar(request: HttpRequest) -> list[dict[str, Any]]:
    """Only what the person may look at; what has no place of its own stands under "Records"."""
    found = [{"items": [_item("Dashboard", "dashboard", reverse("admin:index"))]}]
    for heading, items in GROUPS.items():
        links = [link for label, symbol, name in items if (link := _link(request, label, symbol, name))]
        found += [_group(heading, links)] if links else []
    rest = [link for label in _others() if (link := _link(request, label, "table_rows", ""))]
    return found + ([_group("Records", sorted(rest, key=lambda link: link["title"]))] if rest else [])


def _group(heading: str, links: list[dict[str, Any]]) -> dict[str, Any]:
    return {"title": heading, "separator": True, "collapsible": heading not in _OPEN, "items": links}


#: Groups that stand open; the others open at a click, so that the sidebar fits a screen.
_OPEN = ("People", "Programmes", "Sending")


def _item(title: str, symbol: str, link: str) -> dict[str, Any]:
    return {"title": title, "icon": symbol, "link": link}


def _others() -> list[str]:
    return [model._meta.label for model in admin.site._registry if model._meta.label_lower not in _NAMED]


def _link(request: HttpRequest, label: str, symbol: str, name: str) -> dict[str, Any] | None:
    try:
        model = apps.get_model(label)
    except LookupError:
        return None
    page = admin.site._registry.get(model)
    if page is None or not page.has_view_permission(request):
        return None
    meta = model._meta
    try:
        link = reverse(f"admin:{meta.app_label}_{meta.model_name}_changelist")
    except NoReverseMatch:
        return None
    return _item(name or capfirst(str(meta.verbose_name_plural)), symbol, link)


def account_links(request: HttpRequest) -> list[dict[str, Any]]:
    """What stands in the menu of one's own account."""
    return [
        {"title": "Change password", "link": reverse("admin:password_change")},
        {"title": "Second factor", "link": reverse("admin:second_factor")},
    ]


def sees_history(request: HttpRequest) -> bool:
    """A record's History is its part of the audit log: the button is there for those who may look at that."""
    return admin.site._registry[apps.get_model("audit.Entry")].has_view_permission(request)


def style(request: HttpRequest) -> str:
    """What every page looks like where the theme does not suit us."""
    return static("accounts/admin.css")


def labels(request: HttpRequest) -> str:
    """Names of fields that the theme leaves without one."""
    return static("accounts/labels.js")
