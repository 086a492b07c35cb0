"""Below ``/api/v1/``: broadcasts."""

from accounts.api.routers import both_slashes
from broadcasts.api import views

urlpatterns = [
    *both_slashes("broadcasts/", views.Broadcasts.as_view(), name="broadcasts"),
    *both_slashes("broadcasts/<uuid:pk>/", views.OneBroadcast.as_view(), name="broadcast"),
    *both_slashes("broadcasts/<uuid:pk>/list/", views.UploadList.as_view(), name="broadcast-list"),
    *both_slashes(
        "broadcasts/<uuid:pk>/recipients/", views.Recipients.as_view(), name="broadcast-recipients"
    ),
    *both_slashes("broadcasts/<uuid:pk>/<str:step>/", views.TakeStep.as_view(), name="broadcast-step"),
    *both_slashes("groups/", views.Groups.as_view(), name="groups"),
    *both_slashes("groups/<int:pk>/members/", views.Members.as_view(), name="group-members"),
]
