"""The stage-based messaging dialect."""

from django.urls import include, path

from accounts.api.routers import BothSlashesRouter, both_slashes
from stagebased.api.views.attention import AttentionViewSet, FailedTaskViewSet, Timeline, TimelineSheet
from stagebased.api.views.audio import AudioFiles
from stagebased.api.views.behind import BehindSubscriptionViewSet, SendEstimates
from stagebased.api.views.changes import CALLS, ChangeViewSet
from stagebased.api.views.content import (
    BinaryContentViewSet,
    MessageSetLanguages,
    MessageSetViewSet,
    MessageViewSet,
    ScheduleViewSet,
    WelcomeViewSet,
)
from stagebased.api.views.editing import Completeness, Preview, Stage, StageMove, Stages
from stagebased.api.views.helpers import Health, Metrics
from stagebased.api.views.sending import ScheduleSend, SubscriptionResend, SubscriptionSend
from stagebased.api.views.subscriptions import SubscriptionViewSet
from stagebased.api.views.webhook import SubscriptionRequest

app_name = "stagebased"

subscriptions = BothSlashesRouter()
subscriptions.register("subscriptions", SubscriptionViewSet, basename="subscriptions")
router = BothSlashesRouter()
router.register("attention", AttentionViewSet, basename="attention")
router.register("failed-tasks", FailedTaskViewSet, basename="failed-tasks")
router.register("behind-subscriptions", BehindSubscriptionViewSet, basename="behind-subscriptions")
router.register("changes", ChangeViewSet, basename="changes")
router.register("schedule", ScheduleViewSet, basename="schedule")
router.register("messageset", MessageSetViewSet, basename="messageset")
router.register("message", MessageViewSet, basename="message")
router.register("welcome", WelcomeViewSet, basename="welcome")
router.register("binarycontent", BinaryContentViewSet, basename="binarycontent")

core = [
    # First, because most calls are to subscriptions and routes are tried in turn. "request" is no id.
    *both_slashes("subscriptions/request/", SubscriptionRequest.as_view(), name="subscription-request"),
    *both_slashes("subscriptions/<str:pk>/send/", SubscriptionSend.as_view(), name="subscription-send"),
    *both_slashes("subscriptions/<str:pk>/resend/", SubscriptionResend.as_view(), name="subscription-resend"),
    *both_slashes("subscriptions/<str:pk>/timeline/", Timeline.as_view(), name="timeline"),
    *subscriptions.urls,
    path("subscriptions/<str:pk>/timeline.csv", TimelineSheet.as_view(), name="timeline-sheet"),
    *both_slashes("runsendestimate/", SendEstimates.as_view(), name="send-estimates"),
    *both_slashes("sync_audio_files/", AudioFiles.as_view(), name="sync-audio-files"),
    *both_slashes("schedule/<str:pk>/send/", ScheduleSend.as_view(), name="schedule-send"),
    *(
        route
        for name, view in CALLS.items()
        for route in both_slashes(f"changes/{name}/", view.as_view(), name=f"change-{name}")
    ),
    *both_slashes("messageset/<str:pk>/stages/", Stages.as_view(), name="stages"),
    *both_slashes("messageset/<str:pk>/stages/<str:number>/", Stage.as_view(), name="stage"),
    *both_slashes("messageset/<str:pk>/stages/<str:number>/move/", StageMove.as_view(), name="stage-move"),
    *both_slashes("messageset/<str:pk>/completeness/", Completeness.as_view(), name="completeness"),
    *both_slashes("messageset/<str:pk>/preview/", Preview.as_view(), name="preview"),
    *both_slashes("messageset_languages/", MessageSetLanguages.as_view(), name="messageset-languages"),
    *router.urls,
]

urlpatterns = [
    path("v1/", include(core)),
    *both_slashes("health/", Health.as_view(), name="health"),
    *both_slashes("metrics/", Metrics.as_view(), name="metrics"),
]
