"""The dialect in the OpenAPI document."""

from stagebased.api.schema import attention, changes, content, editing, fields, service, subscriptions

__all__ = ["attention", "changes", "content", "editing", "fields", "service", "subscriptions"]
