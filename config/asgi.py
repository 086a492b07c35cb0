"""ASGI entry point, for the live streams: ``uvicorn config.asgi:application``."""

import os

from django.core.asgi import get_asgi_application

from config.limits import limit_statements
from sendables.push.asgi import few_threads_for_streams

os.environ.setdefault("DJANGO_SETTINGS_MODULE", "config.settings")

application = few_threads_for_streams(get_asgi_application())
limit_statements()
