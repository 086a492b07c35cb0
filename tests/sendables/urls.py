"""The project's URLs and those of the entities that the tests build from outside."""

from django.urls import include, path

from sendables.api.urls import entity_urls, sendables_path

urlpatterns = [
    entity_urls("announcements/", "announcement"),
    sendables_path("parcels/", "parcel"),
    path("desk/", include([entity_urls("tickets/", "ticket")])),
    path("", include("config.urls")),
]
