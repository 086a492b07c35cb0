"""What SENDABLES says of the keyed entities."""

from sendables.entities import FilterType

ENTITIES = {
    "parcel": {
        "SENDABLE_CLASS": "keyed.Parcel",
        "SENDABLE_KEY_TYPE": "rest_framework.serializers.UUIDField",
    },
    "ticket": {
        "SENDABLE_CLASS": "keyed.Ticket",
        "SENDABLE_KEY_NAME": "code",
        "SENDABLE_KEY_TYPE": "rest_framework.serializers.CharField",
        "PARTICIPANT_KEY_NAME": "username",
        "PARTICIPANT_KEY_TYPE": "rest_framework.serializers.CharField",
        "SENT_FIELD_NAMES": ["content", "done"],
        "FILTER_FIELDS_SENDABLES": {
            "content": FilterType.FULLTEXT,
            "done": FilterType.BOOL,
            "code": FilterType.IN,
        },
    },
}
