"""The service's own figures."""

from __future__ import annotations

from django.db import models
from django.utils.timezone import now


class Metric(models.Model):
    """The latest computed value of one of the service's metrics."""

    key = models.CharField(max_length=200, primary_key=True)
    value = models.FloatField()
    computed_at = models.DateTimeField(default=now)

    def __str__(self) -> str:
        return self.key
