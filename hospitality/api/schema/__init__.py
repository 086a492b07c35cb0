"""The hospitality network's dialect in the OpenAPI document."""

from hospitality.api.schema import account, messages, search

__all__ = ["account", "messages", "search"]
