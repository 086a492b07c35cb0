"""The stage-based messaging dialect."""

from django.urls import include, path

from accounts.api.routers import BothSlashesRouter, both_slashes
from stagebased.api.views.content import (
    BinaryContentViewSet,
    MessageSetLanguages,
    MessageSetViewSet,
    MessageViewSet,
    ScheduleViewSet,
)
from stagebased.api.views.helpers import Health, Metrics
from stagebased.api.views.sending import ScheduleSend, SubscriptionResend, SubscriptionSend
from stagebased.api.views.subscriptions import SubscriptionViewSet
from stagebased.api.views.webhook import SubscriptionRequest

app_name = "stagebased"

router = BothSlashesRouter()
# First, because most calls are to them and routes are tried in turn.
router.register("subscriptions", SubscriptionViewSet, basename="subscriptions")
router.register("schedule", ScheduleViewSet, basename="schedule")
router.register("messageset", MessageSetViewSet, basename="messageset")
router.register("message", MessageViewSet, basename="message")
router.register("binarycontent", BinaryContentViewSet, basename="binarycontent")

core = [
    # Before the router, which would read "request" as an id.
    *both_slashes("subscriptions/request/", SubscriptionRequest.as_view(), name="subscription-request"),
    *both_slashes("subscriptions/<str:pk>/send/", SubscriptionSend.as_view(), name="subscription-send"),
    *both_slashes("subscriptions/<str:pk>/resend/", SubscriptionResend.as_view(), name="subscription-resend"),
    *both_slashes("schedule/<str:pk>/send/", ScheduleSend.as_view(), name="schedule-send"),
    *both_slashes("messageset_languages/", MessageSetLanguages.as_view(), name="messageset-languages"),
    *router.urls,
]

urlpatterns = [
    path("v1/", include(core)),
    *both_slashes("health/", Health.as_view(), name="health"),
    *both_slashes("metrics/", Metrics.as_view(), name="metrics"),
]
