"""The service's own figures."""

from __future__ import annotations

from django.db import models
from django.utils.timezone import now

from stagebased.models.content import MessageSet
from stagebased.models.subscriptions import Subscription


class Metric(models.Model):
    """The latest computed value of one of the service's metrics."""

    key = models.CharField(max_length=200, primary_key=True)
    value = models.FloatField()
    computed_at = models.DateTimeField(default=now)

    def __str__(self) -> str:
        return self.key


class StageCount(models.Model):
    """How many running subscriptions stood at a stage of a set when they were last counted."""

    messageset = models.ForeignKey(MessageSet, on_delete=models.CASCADE, related_name="+", db_index=False)
    position = models.IntegerField()
    count = models.PositiveIntegerField()
    counted_at = models.DateTimeField()

    class Meta:
        constraints = [models.UniqueConstraint(fields=["messageset", "position"], name="stage_count_once")]

    def __str__(self) -> str:
        return f"{self.count} at {self.messageset_id}/{self.position}"


class BehindSubscription(models.Model):
    """A subscription that was behind when that was last looked for, and by how much.

    Each look replaces all rows; who is brought up to date leaves.
    """

    subscription = models.OneToOneField(Subscription, on_delete=models.CASCADE, related_name="behind")
    messages_behind = models.PositiveIntegerField()
    current_messageset = models.ForeignKey(
        MessageSet, on_delete=models.CASCADE, related_name="+", db_index=False
    )
    current_sequence_number = models.IntegerField()
    expected_messageset = models.ForeignKey(
        MessageSet, on_delete=models.CASCADE, related_name="+", db_index=False
    )
    expected_sequence_number = models.IntegerField()
    created_at = models.DateTimeField(default=now)

    class Meta:
        ordering = ["-id"]
        permissions = [
            ("can_find_behind_subscriptions", "Can look for subscriptions that are behind, and move them on")
        ]

    def __str__(self) -> str:
        return f"{self.messages_behind} behind"


class SendEstimate(models.Model):
    """How many people of a set are due on a day (UTC), as it was expected then."""

    date = models.DateField()
    messageset = models.ForeignKey(MessageSet, on_delete=models.CASCADE, related_name="estimates")
    subscriptions = models.PositiveIntegerField()
    identities = models.PositiveIntegerField()
    computed_at = models.DateTimeField(default=now)

    class Meta:
        ordering = ["-date", "messageset"]
        constraints = [
            models.UniqueConstraint(fields=["date", "messageset"], name="estimate_once"),
        ]

    def __str__(self) -> str:
        return f"{self.messageset_id} on {self.date}"
