"""What SENDABLES says of the announcements."""

from sendables.entities import FilterType

ENTITIES = {
    "announcement": {
        "SENDABLE_CLASS": "announcements.Announcement",
        "SENT_FIELD_NAMES": ["subject", "priority", "content"],
        "ORDER_RECEIVED": ["-unread", "-sendable__priority", "-sent_on"],
        "FILTER_FIELDS_SENDABLES": {
            "subject": FilterType.CONTAINS,
            "priority": FilterType.EQUALS,
            "sent_on": FilterType.DATETIME,
        },
        "SEND_PERMISSIONS": ["rest_framework.permissions.IsAdminUser"],
        "SCHEDULING": True,
    },
}
