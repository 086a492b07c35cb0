"""Every key of ``SENDABLES[entity]``: its default, what kind of value it takes, what it does.

The documentation's table is checked against this one by a test.
"""

from __future__ import annotations

import enum
from dataclasses import dataclass
from typing import Any


class Kind(enum.Enum):
    """What a value must be; ``entities.checks`` has a rule for each."""

    MODEL = "model, or its app.Name"
    OBJECT = "callable, or its dotted path"
    MAYBE_OBJECT = "callable, its dotted path, or None"
    OBJECTS = "list of callables or dotted paths"
    FLAG = "True or False"
    FLAG_OR_OBJECT = "True, False, or f(request)"
    NAME = "name"
    NAMES = "list of names"
    ORDER = "list of ORM orderings, or a sort key f(object) (slow)"
    COUNT = "whole number above 0"
    DAYS = "whole number"
    MAYBE_COUNT = "whole number above 0, or None"
    RATE = "'number/period', f(user) that returns one, or None"
    FILTERS = "dict of field to FilterType"
    TREATMENTS = "dict of FilterType to 'ignore', 'empty' or 'error'"


class FilterType(enum.Enum):
    """How a query parameter is compared with its field."""

    EQUALS = "equals"
    CONTAINS = "contains"
    DATETIME = "datetime"
    BOOL = "bool"
    IN = "in"
    FULLTEXT = "fulltext"


@dataclass(frozen=True)
class Option:
    default: Any
    kind: Kind
    help: str


#: Views that show lists; each may have its own filter and pagination.
LIST_VIEWS = ("LIST", "LIST_READ", "LIST_UNREAD", "LIST_SENT")
#: All views; each has its own permissions, throttles and authentication.
VIEWS = (
    "SEND", "MARK_AS_READ", "MARK_AS_UNREAD", "MARK_ALL_READ", "DELETE", "DELETE_SENT",
    *LIST_VIEWS, "DETAIL", "DETAIL_SENT", "UNREAD_COUNT", "STREAM", "EXPORT",
    "REPLY", "THREAD", "THREADS", "BLOCK", "UNBLOCK", "LIST_BLOCKED", "LIST_SCHEDULED", "DELETE_SCHEDULED",
)  # fmt: skip

_AUTHENTICATED = ["rest_framework.permissions.IsAuthenticated"]
_ADMINISTRATORS = ["rest_framework.permissions.IsAdminUser"]
_ADMINISTRATORS_VIEWS = ("LIST_SCHEDULED", "DELETE_SCHEDULED")

OPTIONS: dict[str, Option] = {
    # What it is
    "SENDABLE_CLASS": Option(
        None, Kind.MODEL, "The content model; its receipts are its `receipts` relation."
    ),
    "SENDABLE_KEY_NAME": Option(
        "id", Kind.NAME, "Unique field of the content model that is its id in bodies and URLs."
    ),
    "SENDABLE_KEY_TYPE": Option(
        "rest_framework.serializers.IntegerField",
        Kind.OBJECT,
        "Serializer field of that id; decides the URL converter too.",
    ),
    "PARTICIPANT_KEY_NAME": Option(
        "id", Kind.NAME, "Unique field of the user model that people are addressed and shown by."
    ),
    "PARTICIPANT_KEY_TYPE": Option(
        "rest_framework.serializers.IntegerField", Kind.OBJECT, "Serializer field of that key."
    ),
    # Sending
    "SEND_SERIALIZER_CLASS": Option(
        "sendables.api.serializers.SendSerializer", Kind.OBJECT, "Reads the body of a send."
    ),
    "SENT_FIELD_NAMES": Option(
        ["content"], Kind.NAMES, "Fields of the content model that a send carries and every shape shows."
    ),
    "OPTIONAL_FIELD_NAMES": Option(
        [], Kind.NAMES, "Fields that a send may carry and the default shapes do not show."
    ),
    "ALLOW_SEND_TO_SELF": Option(
        False, Kind.FLAG_OR_OBJECT, "Whether senders may name themselves as recipients."
    ),
    "GET_VALID_RECIPIENTS": Option(
        "sendables.api.policies.get_valid_recipients_lenient",
        Kind.OBJECT,
        "f(request, keys, serializer) -> users; `…_strict` refuses unknown keys instead of dropping them.",
    ),
    "RECIPIENT_CHECKS": Option(
        [],
        Kind.OBJECTS,
        "f(entity, sender, users) -> users, applied in turn wherever something is sent from.",
    ),
    "MAX_RECIPIENTS": Option(100_000, Kind.COUNT, "Most recipients one request may list."),
    "INLINE_RECIPIENTS": Option(
        20_000, Kind.COUNT, "A send to more people of a group or to everybody is worked off by the sweep."
    ),
    "MAX_CONTENT_LENGTH": Option(
        None, Kind.MAYBE_COUNT, "Longest content in characters; None: as long as a request may be."
    ),
    "SEND_RATE": Option(None, Kind.RATE, "Most sends of one person, e.g. '60/minute'."),
    "RECIPIENT_RATE": Option(None, Kind.RATE, "Most recipients of one person's sends, e.g. '500/day'."),
    "SCHEDULING": Option(False, Kind.FLAG, "Whether a send may carry publish_at and expires_at."),
    "REPLY_LIMIT": Option(
        100, Kind.COUNT, "In a conversation of more people a reply goes to the writer answered, not to all."
    ),
    "IDEMPOTENCY_HOURS": Option(24, Kind.COUNT, "How long an Idempotency-Key is remembered."),
    "AFTER_SEND_CALLBACKS": Option(
        [],
        Kind.OBJECTS,
        "f(request, fields, recipients), called after the commit of a send or reply to listed people.",
    ),
    "AFTER_SEND_TASKS": Option(
        [],
        Kind.NAMES,
        "Names of Celery tasks that get (entity, key) after commit, for large sends after each bite.",
    ),
    # Selecting
    "GET_VALID_ITEMS": Option(
        "sendables.api.policies.get_valid_items_lenient",
        Kind.OBJECT,
        "f(request, keys, serializer, model, role, **removal) -> rows; `…_strict` refuses unknown keys.",
    ),
    # Shapes
    "LIST_SERIALIZER_CLASS": Option(
        None, Kind.MAYBE_OBJECT, "Serializer of a receipt in lists; None: built in, faster."
    ),
    "DETAIL_SERIALIZER_CLASS": Option(None, Kind.MAYBE_OBJECT, "The same for one receipt."),
    "LIST_SENT_SERIALIZER_CLASS": Option(
        None,
        Kind.MAYBE_OBJECT,
        "Serializer of a content row in the sent list, its receipts prefetched; None: built in.",
    ),
    "DETAIL_SENT_SERIALIZER_CLASS": Option(None, Kind.MAYBE_OBJECT, "The same for one content row."),
    "SENDER_FIELD_TYPE_LIST": Option(
        None, Kind.MAYBE_OBJECT, "Serializer of the sender in lists; None: key and username."
    ),
    "SENDER_FIELD_TYPE_DETAIL": Option(None, Kind.MAYBE_OBJECT, "The same in the detail."),
    "RECIPIENT_FIELD_TYPE_LIST": Option(
        None, Kind.MAYBE_OBJECT, "Serializer of a recipient in sent lists; None: key and username."
    ),
    "RECIPIENT_FIELD_TYPE_DETAIL": Option(None, Kind.MAYBE_OBJECT, "The same in the sent detail."),
    "GET_RECEIVED_PREFETCH_FIELDS": Option(
        "sendables.api.policies.get_received_prefetch_fields",
        Kind.OBJECT,
        "f(content model) -> relations fetched with receipts for serializer classes.",
    ),
    # Lists
    "ORDER_RECEIVED": Option(
        ["-unread", "-sent_on"], Kind.ORDER, "Order of received lists, in terms of the receipt."
    ),
    "ORDER_SENT": Option(["-sent_on"], Kind.ORDER, "Order of the sent list, in terms of the content model."),
    "SORT_RECEIVED_KEY": Option(
        None, Kind.MAYBE_OBJECT, "Python sort key of a receipt instead; loads the whole inbox."
    ),
    "SORT_SENT_KEY": Option(
        None, Kind.MAYBE_OBJECT, "Python sort key of a content row instead; loads the whole list."
    ),
    "FILTER_SENDABLES": Option(
        "sendables.api.filters.filter_sendables",
        Kind.OBJECT,
        "f(request, content rows, settings) -> content rows.",
    ),
    "FILTER_RECIPIENTS": Option(
        "sendables.api.filters.filter_recipients", Kind.OBJECT, "f(request, users, settings) -> users."
    ),
    "FILTER_FIELDS_SENDABLES": Option(
        {
            "content": FilterType.CONTAINS,
            "sent_on": FilterType.DATETIME,
            "sender__id": FilterType.EQUALS,
            "sender__username": FilterType.EQUALS,
        },
        Kind.FILTERS,
        "Query parameters of all lists.",
    ),
    "FILTER_FIELDS_RECIPIENTS": Option(
        {"id": FilterType.EQUALS, "username": FilterType.EQUALS},
        Kind.FILTERS,
        "Parameters recipient_… of the sent list.",
    ),
    "FILTER_INVALID": Option(
        {
            FilterType.EQUALS: "empty",
            FilterType.CONTAINS: "empty",
            FilterType.DATETIME: "ignore",
            FilterType.BOOL: "empty",
            FilterType.IN: "empty",
            FilterType.FULLTEXT: "empty",
        },
        Kind.TREATMENTS,
        "What a filter value that makes no sense does: nothing, no rows, or a 400.",
    ),
    "PAGINATION_CLASS": Option(
        None, Kind.MAYBE_OBJECT, "DRF paginator of all lists; None: arrays, with ?limit=&cursor= and Link."
    ),
    "MAX_UNPAGINATED": Option(1000, Kind.COUNT, "Most items of a list that was asked for without a limit."),
    "MAX_PAGE_SIZE": Option(1000, Kind.COUNT, "Most items of a page."),
    "MAX_SENT_RECIPIENTS": Option(
        100_000, Kind.COUNT, "Most recipients on one page of the sent list (one message at least)."
    ),
    # Keeping
    "DELETE_HANGING_SENDABLES": Option(
        True, Kind.FLAG, "Whether what nobody holds any more is removed from the database."
    ),
    "HANGING_DAYS": Option(0, Kind.DAYS, "How long it is kept before."),
    "RETENTION_DAYS": Option(
        None, Kind.MAYBE_COUNT, "Everything older is removed, held or not; None: never."
    ),
    "COLLECT_BITE": Option(1000, Kind.COUNT, "Most rows removed in one transaction."),
    # Views
    "AUTHENTICATION": Option(
        [
            "rest_framework.authentication.SessionAuthentication",
            "accounts.authentication.BasicAuthentication",
            "accounts.authentication.TokenAuthentication",
        ],
        Kind.OBJECTS,
        "Authenticators of all views. The first decides: a session-like one makes missing credentials a 403.",
    ),
}
for _view in VIEWS:
    OPTIONS[f"{_view}_PERMISSIONS"] = Option(
        _ADMINISTRATORS if _view in _ADMINISTRATORS_VIEWS else _AUTHENTICATED, Kind.OBJECTS, "All must pass."
    )
    OPTIONS[f"{_view}_THROTTLES"] = Option([], Kind.OBJECTS, "DRF throttles.")
    OPTIONS[f"{_view}_AUTHENTICATION"] = Option([], Kind.OBJECTS, "Authenticators; empty: AUTHENTICATION.")
for _view in LIST_VIEWS:
    OPTIONS[f"{_view}_FILTER_SENDABLES"] = Option(None, Kind.MAYBE_OBJECT, "Instead of FILTER_SENDABLES.")
    OPTIONS[f"{_view}_PAGINATION_CLASS"] = Option(None, Kind.MAYBE_OBJECT, "Instead of PAGINATION_CLASS.")

#: What the two entities that are there from the start have instead of the defaults.
BUILT_IN: dict[str, dict[str, Any]] = {
    "message": {"SENDABLE_CLASS": "sendables.Message", "OPTIONAL_FIELD_NAMES": ["subject"]},
    "notice": {
        "SENDABLE_CLASS": "sendables.Notice",
        "SEND_PERMISSIONS": _ADMINISTRATORS,
        "SCHEDULING": True,
    },
}
