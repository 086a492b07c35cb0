"""WSGI entry point: ``gunicorn config.wsgi:application``."""

import os

from django.core.wsgi import get_wsgi_application

from config import charsets, garbage
from config.limits import limit_statements

os.environ.setdefault("DJANGO_SETTINGS_MODULE", "config.settings")

application = charsets.wsgi(get_wsgi_application())
limit_statements()
garbage.settle()
