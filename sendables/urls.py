"""Messages at ``messages/``, notices at ``notices/``."""

from sendables.api.urls import entity_urls

urlpatterns = [
    entity_urls("messages/", "message"),
    entity_urls("notices/", "notice"),
]
