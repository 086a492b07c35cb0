"""One include per dialect, and the few pages that belong to none."""

from django.conf import settings
from django.contrib import admin
from django.urls import include, path
from django.views.generic import RedirectView

from config import api_pages, documents, pages
from config.metrics import metrics

handler400 = pages.bad_request
handler403 = pages.forbidden
handler404 = pages.not_found
handler500 = pages.server_error

urlpatterns = [
    # First, because routes are tried in turn and hubs call these all day.
    path("api/", include("stagebased.api.urls")),
    path("", pages.front, name="front"),
    path("docs/", documents.document, name="documents"),
    path("docs/<slug:name>", documents.document, name="document"),
    path("docs/<path:path>", documents.file, name="document-file"),
    path("api/schema/", api_pages.openapi, name="openapi"),
    path("api/docs/", api_pages.docs, name="api-docs"),
    path(settings.ADMIN_PATH, RedirectView.as_view(pattern_name="admin:index")),
    path(f"{settings.ADMIN_PATH}/", admin.site.urls),
    path("api/", include("accounts.api.urls")),
    path("api/v1/", include("contacts.api.urls")),
    path("api/v1/webhooks/", include("webhooks.api.urls")),
    path("api/v1/", include("broadcasts.api.urls")),
    path("api/v1.0/", include("smsbridge.api.urls")),
    path("", include("sendables.urls")),
    path("metrics", metrics, name="prometheus"),
    path("", include("stagebased.api.root_urls")),
    path("1.0/", include("telephony.api.urls")),
    path("", include("hospitality.api.urls")),
]
