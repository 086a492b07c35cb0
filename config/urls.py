"""One include per dialect, and the few pages that belong to none."""

from django.contrib import admin
from django.urls import include, path
from django.views.generic import RedirectView

from config import pages

handler400 = pages.bad_request
handler404 = pages.not_found
handler500 = pages.server_error

urlpatterns = [
    # First, because routes are tried in turn and hubs call these all day.
    path("api/", include("stagebased.api.urls")),
    path("", pages.front, name="front"),
    path("docs/<slug:name>", pages.document, name="document"),
    path("admin", RedirectView.as_view(pattern_name="admin:index")),
    path("admin/", admin.site.urls),
    path("api/", include("accounts.api.urls")),
    path("api/v1/", include("contacts.api.urls")),
    path("api/v1.0/", include("smsbridge.api.urls")),
    path("", include("sendables.urls")),
    path("", include("stagebased.api.root_urls")),
    path("1.0/", include("telephony.api.urls")),
    path("", include("hospitality.api.urls")),
]
