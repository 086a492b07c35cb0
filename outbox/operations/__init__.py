"""What can be done with deliveries. The only writer of their table, beside the dispatcher.

- ``queue``, ``queue_many``: wish for a delivery, once per occasion.
- ``record_sent``, ``record_delivered``, ``record_failed``: what a channel learnt of their fate.
- ``cancel``, ``cancel_due``, ``expire_due``: stop what has not gone out yet.
- ``blank``: erase what was said to people who asked to be forgotten.
- ``remove``: delete what has come to its end.
- ``send_again``: repeat what ended short of delivery.

States only move forward; each operation takes a set and costs a fixed number
of statements.
"""

from outbox.operations.fates import (
    Failure,
    blank,
    cancel,
    cancel_due,
    cancel_for_opt_out,
    expire_due,
    record_delivered,
    record_failed,
    record_sent,
    remove,
)
from outbox.operations.queueing import NewDelivery, Refused, queue, queue_many, send_again

__all__ = [
    "Failure",
    "NewDelivery",
    "Refused",
    "blank",
    "cancel",
    "cancel_due",
    "cancel_for_opt_out",
    "expire_due",
    "queue",
    "queue_many",
    "record_delivered",
    "record_failed",
    "record_sent",
    "remove",
    "send_again",
]
