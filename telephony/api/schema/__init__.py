"""The telephony dialect in the OpenAPI document."""

from telephony.api.schema import messages, users, voicemails

__all__ = ["messages", "users", "voicemails"]
