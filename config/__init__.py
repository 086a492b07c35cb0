"""The composition root: settings, URLs, Celery. It imports the apps; no app imports it."""

from config.celery import app as celery_app

__all__ = ["celery_app"]
