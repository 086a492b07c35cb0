"""The dialect of messages and notices in the OpenAPI document."""

from sendables.api.schema import conversations, inbox, sending

__all__ = ["conversations", "inbox", "sending"]
