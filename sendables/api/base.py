"""What all views of the dialect share: they belong to an entity and take everything from its settings."""

from __future__ import annotations

from typing import Any

from rest_framework.authentication import BaseAuthentication
from rest_framework.negotiation import BaseContentNegotiation, DefaultContentNegotiation
from rest_framework.parsers import BaseParser, FormParser, MultiPartParser
from rest_framework.permissions import BasePermission
from rest_framework.renderers import BaseRenderer
from rest_framework.request import Request
from rest_framework.response import Response
from rest_framework.throttling import BaseThrottle
from rest_framework.views import APIView

from accounts.api.parsers import JSONParser
from accounts.models import User
from accounts.permissions import HasScope
from sendables.api.errors import translate
from sendables.entities import Entity, entity
from sendables.operations import SendablesError

#: What an API token must be allowed to do here, unless it may do everything.
SCOPE = "sendables"


class OneRendererNegotiation(DefaultContentNegotiation):
    """DRF's negotiation, which is left out where there is nothing to choose from.

    A project with one renderer answers with that, whatever the caller says it accepts.
    """

    def select_renderer(
        self, request: Request, renderers: Any, format_suffix: str | None = None
    ) -> tuple[BaseRenderer, str]:
        if len(renderers) > 1:
            return super().select_renderer(request, renderers, format_suffix)
        return renderers[0], renderers[0].media_type


class EntityView(APIView):
    """A view of one entity. ``view_name`` says which ``<VIEW>_…`` settings are its own."""

    entity_name = ""
    view_name = ""
    token_scope = SCOPE
    content_negotiation_class: type[BaseContentNegotiation] = OneRendererNegotiation
    parser_classes: list[type[BaseParser]] = [JSONParser, FormParser, MultiPartParser]

    @property
    def kind(self) -> Entity:
        return entity(self.entity_name)

    @property
    def user(self) -> User:
        user: Any = self.request.user
        return user

    @property
    def recipients_field(self) -> str:
        return f"recipient_{self.kind.settings.PARTICIPANT_KEY_NAME}s"

    def get_authenticators(self) -> list[BaseAuthentication]:
        return [each() for each in self.kind.settings.of_view(self.view_name, "AUTHENTICATION")]

    def get_permissions(self) -> list[BasePermission]:
        return [each() for each in getattr(self.kind.settings, f"{self.view_name}_PERMISSIONS")]

    def get_throttles(self) -> list[BaseThrottle]:
        own = getattr(self.kind.settings, f"{self.view_name}_THROTTLES")
        return [*super().get_throttles(), *(each() for each in own)]

    def check_permissions(self, request: Request) -> None:
        super().check_permissions(request)
        # Whatever permissions the settings name: a token never does more than it was made for.
        if not HasScope().has_permission(request, self):
            self.permission_denied(request, message=f"This token's scopes do not include {SCOPE}.")

    def handle_exception(self, exc: Exception) -> Response:
        if isinstance(exc, SendablesError):
            exc = translate(exc, recipients_field=self.recipients_field)
        return super().handle_exception(exc)

    def serializer_context(self) -> dict[str, Any]:
        return {"request": self.request, "view": self, "entity_name": self.entity_name}
