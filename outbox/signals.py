"""What happens to deliveries, declared."""

from django.dispatch import Signal

# What is handed over within the request that wished for it (``outbox.express``) enters *claimed* first,
# everything else *queued*.

#: Inside the transaction that moves them, for what must be written with it; an error undoes it all.
#: Arguments: state (outbox.Delivery.State), ids (list[UUID]).
deliveries_entered = Signal()

#: After commit, for hints: a process that dies in between never sends it. The same arguments.
deliveries_changed = Signal()
