"""What happens to deliveries, declared. Sent after commit; receivers may be called twice."""

from django.dispatch import Signal

#: Arguments: state (outbox.Delivery.State), ids (list[UUID]).
deliveries_changed = Signal()
