"""The dialect's routes. None takes a slash at its end: a redirect would lose a POST's body."""

from typing import Any

from django.urls import path, re_path

from hospitality.api import account, feedback, hosts, messages, users
from hospitality.api.pictures import picture
from hospitality.api.service import NoRoute

_SUFFIX = r"(?:\.(?P<suffix>json|xml))?$"
_SERVICES: dict[str, Any] = {
    "user/token": account.UserToken,
    "user/login": account.Login,
    "user/logout": account.Logout,
    "hosts/by_location": hosts.ByLocation,
    "hosts/by_keyword": hosts.ByKeyword,
    "node": feedback.CreateNode,
    "message": messages.Messages,
    "message/send": messages.Send,
    "message/reply": messages.Reply,
    "message/unreadCount": messages.UnreadCount,
    "message/get": messages.Threads,
    "message/getThread": messages.GetThread,
    "message/markThreadRead": messages.MarkThreadRead,
    "message/deleteThread": messages.DeleteThread,
    "message/archiveThread": messages.ArchiveThread,
    "message/report": messages.ReportMessage,
    "user/block": messages.BlockMember,
    r"message/(?P<key>[0-9]+)": messages.OneThread,
    r"user/(?P<uid>[^/]+?)": users.UserObject,
}

urlpatterns = [
    path("services/session/token", account.session_token),
    *(
        re_path(rf"^services/rest/{route}{_SUFFIX}", service.as_view())
        for route, service in _SERVICES.items()
    ),
    re_path(
        rf"^services/rest/node/(?P<nid>[0-9]{{1,19}}){_SUFFIX}",
        feedback.Node.as_view(),
        name="hospitality-node",
    ),
    re_path(r"^services/rest/.*$", NoRoute.as_view()),
    re_path(r"^user/(?P<uid>[^/]+)/json$", users.UserPage.as_view()),
    re_path(r"^user/(?P<uid>[^/]+)/json_recommendations$", users.Recommendations.as_view()),
    path("hospitality/pictures/<str:key>/<str:size>.jpg", picture, name="hospitality-picture"),
]
