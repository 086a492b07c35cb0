"""Below ``/api/``: accounts and tokens."""

from accounts.api.routers import both_slashes
from accounts.api.views import LoginTokenView, UserTokenView

urlpatterns = [
    *both_slashes("v1/user/token/", UserTokenView.as_view(), name="user-token"),
    *both_slashes("token-auth/", LoginTokenView.as_view(), name="token-auth"),
]
