"""What happens to people, declared.

The two opt-out signals are sent *inside* the transaction that records the
fact, so that what is queued for the person is cancelled in the same commit:
no hand-over may start after an opt-out is committed. Receivers therefore only
write to the database.
"""

from django.dispatch import Signal

#: Arguments: contact_ids (list[UUID]), programme (str: a message set's short name, or "" for
#: everything), optout (contacts.OptOut of the first contact).
contacts_opted_out = Signal()

#: Arguments: contact_ids (list[UUID]), programme (str).
contacts_opted_in = Signal()
