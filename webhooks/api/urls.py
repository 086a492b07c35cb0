"""Below ``/api/v1/webhooks/``."""

from accounts.api.routers import BothSlashesRouter, both_slashes
from webhooks.api.views import EndpointViewSet, EventViewSet, Kinds

app_name = "webhooks"

router = BothSlashesRouter()
router.register("endpoints", EndpointViewSet, basename="endpoint")
router.register("events", EventViewSet, basename="event")

urlpatterns = [*both_slashes("event-types/", Kinds.as_view(), name="kinds"), *router.urls]
