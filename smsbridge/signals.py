"""What comes in, declared. Sent inside the transaction that stores it."""

from django.dispatch import Signal

#: Received messages and calls that are new. Arguments: ids (list[UUID]).
messages_received = Signal()
