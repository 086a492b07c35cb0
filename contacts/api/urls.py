"""Below ``/api/v1/``: people, as the identity store served them."""

from accounts.api.routers import BothSlashesRouter, both_slashes
from contacts.api import views

router = BothSlashesRouter()
router.register("identities", views.IdentityViewSet, basename="identity")

urlpatterns = [
    *both_slashes("identities/search/", views.IdentitySearch.as_view(), name="identity-search"),
    *both_slashes("identities/message_count/", views.MessageCount.as_view(), name="identity-message-count"),
    *both_slashes(
        "identities/<uuid:pk>/addresses/<str:kind>/",
        views.IdentityAddresses.as_view(),
        name="identity-addresses",
    ),
    *router.urls,
    *both_slashes("optout/", views.OptOuts.as_view(), name="optout"),
    *both_slashes("optin/", views.OptIns.as_view(), name="optin"),
    *both_slashes("optouts/search/", views.OptOutSearch.as_view(), name="optout-search"),
    *both_slashes("detailkeys/", views.DetailKeys.as_view(), name="detailkeys"),
]
