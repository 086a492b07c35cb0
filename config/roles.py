"""What each role may do: rights of the installed apps by pattern.

A pattern is ``app.right`` with stars; one with a minus takes rights away
again. Rights of an app that is added later are given by the same patterns at
the next ``migrate`` (``accounts.roles``).
"""

from __future__ import annotations

_APPS = (
    "contacts",
    "outbox",
    "smsbridge",
    "sendables",
    "stagebased",
    "telephony",
    "hospitality",
    "broadcasts",
)
#: Looks at everything that happens, and changes nothing. Not: accounts, tokens, who may send what by
#: the SMS interface, what people write to each other, the audit log.
VIEWER = [
    *(f"{app}.view_*" for app in _APPS),
    "-sendables.view_bodies",
    "-smsbridge.view_gatewayaccount",
    "-smsbridge.view_gatewayrequest",
    "-smsbridge.view_segmentcount",
]

_CONTENT = ("message", "messageset", "welcome", "draft", "schedule", "binarycontent")
#: Writes what is said and when, and sees what became of it.
EDITOR = [
    *VIEWER,
    *(f"stagebased.*_{model}" for model in _CONTENT),
    "smsbridge.*_keyword",
    "smsbridge.*_keywordanswer",
]

#: Looks after people and their messages: subscriptions, opt-outs, broadcasts, failures, gateways.
OPERATOR = [
    *VIEWER,
    "contacts.*",
    "outbox.*",
    "broadcasts.*",
    "stagebased.*_subscription",
    "stagebased.*_bulkchange",
    "telephony.*",
    "hospitality.*",
    # Whether programs outside heard of it. Registering one sends what happens here away: administrators do.
    "webhooks.view_*",
    "audit.view_*",
]

#: Everything, accounts and tokens included. What makes somebody a superuser stays with superusers.
ADMINISTRATOR = ["*", "-auth.add_*", "-auth.change_*", "-auth.delete_*", "-sendables.view_bodies"]

ROLES = {"Viewer": VIEWER, "Editor": EDITOR, "Operator": OPERATOR, "Administrator": ADMINISTRATOR}
