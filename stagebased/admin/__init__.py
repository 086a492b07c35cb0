"""Programmes in the admin site."""

from stagebased.admin import bulk, content, records, subscriptions  # noqa: F401 - importing them registers the pages
