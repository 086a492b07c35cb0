"""The dialect's routes. ``/sms/outgoing`` sends and ``/sms/outgoing/`` lists; all others have both forms."""

from __future__ import annotations

from django.urls import path, re_path

from accounts.api.routers import both_slashes
from smsbridge.api.views import (
    Message,
    MessageList,
    Monitoring,
    Nowhere,
    Outgoing,
    OutgoingList,
    Timeline,
)

_KIND = r"(?P<kind>incoming|outgoing|checked|failed|sent)"

urlpatterns = [
    path("sms/outgoing", Outgoing.as_view(), name="gateway-send"),
    path("sms/outgoing/", OutgoingList.as_view(), {"kind": "outgoing"}),
    re_path(rf"^sms/{_KIND}/?\Z", MessageList.as_view(), name="gateway-list"),
    *both_slashes("sms/<str:name>/timeline/", Timeline.as_view(), name="gateway-timeline"),
    re_path(rf"^sms/{_KIND}/(?P<name>[^/]+)/?\Z", Message.as_view()),
    re_path(rf"^sms/{_KIND}/(?P<name>[^/]+)\Z", Message.as_view(), name="gateway-message"),
    *both_slashes("monitoring/", Monitoring.as_view(), name="gateway-monitoring"),
    path("", Nowhere.as_view()),
    path("<path:rest>", Nowhere.as_view()),
]
