"""The dialect's routes. Each has both slash forms; ids that are no number are a plain 404."""

from __future__ import annotations

from typing import Any

from django.urls import URLPattern, path
from rest_framework.exceptions import NotFound

from telephony.api import messages, users, voicemails
from telephony.api.protocol import TelephonyView


class Nowhere(TelephonyView):
    """Any other path below ``/1.0/``: 404 with an empty body, whatever is accepted."""

    permission_classes = []

    def initial(self, request: Any, *args: Any, **kwargs: Any) -> None:
        raise NotFound


def _both(route: str, view: type[TelephonyView], name: str) -> list[URLPattern]:
    # Reversing gives the form that is registered last: the one without the slash.
    return [path(f"{route}/", view.as_view(), name=name), path(route, view.as_view(), name=name)]


urlpatterns = [
    *_both("users", users.UserList, "telephony-users"),
    *_both("users/import", users.UserImport, "telephony-user-import"),
    *_both("users/export", users.UserExport, "telephony-user-export"),
    *_both("users/<str:key>", users.UserDetail, "telephony-user"),
    *_both("users/<str:key>/contact", users.UserContact, "telephony-user-contact"),
    *_both("voicemails", voicemails.VoicemailList, "telephony-voicemails"),
    *_both("voicemails/<str:key>", voicemails.VoicemailDetail, "telephony-voicemail"),
    *_both("voicemails/<str:key>/messages", messages.MessageList, "telephony-messages"),
    *_both("voicemails/<str:key>/messages/<uuid:message_key>", messages.MessageDetail, "telephony-message"),
    *_both(
        "voicemails/<str:key>/messages/<uuid:message_key>/recording",
        messages.MessageRecording,
        "telephony-recording",
    ),
    path("", Nowhere.as_view()),
    path("<path:rest>", Nowhere.as_view()),
]
