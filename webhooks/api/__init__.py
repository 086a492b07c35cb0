"""``/api/v1/webhooks/``: registering endpoints and looking after their events."""
