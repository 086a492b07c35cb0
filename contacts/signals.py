"""What happens to people, declared.

All are sent *inside* the transaction that records the fact, so that what is
queued for the person is cancelled in the same commit: no hand-over may start
after an opt-out is committed. Receivers therefore only write to the database,
and one that raises undoes the whole.
"""

from django.dispatch import Signal

#: Arguments: contact_ids (list[UUID]), programme (str: a message set's short name, or "" for
#: everything), optout (contacts.OptOut of the first contact; its ``kind`` says which of the four
#: it was), address (str: "" unless only this one address was stopped. Then only what is queued to
#: this address ends; the people may still be reached at others).
contacts_opted_out = Signal()

#: Arguments: contact_ids (list[UUID]), programme (str), source (str: where it was heard), user
#: (accounts.User or None: who wrote it down).
contacts_opted_in = Signal()

#: People want to be written to in another language. Arguments: contact_ids (list[UUID]), language
#: (str), user (accounts.User or None: who said so).
contacts_language_changed = Signal()

#: People can be reached anew: an address was added or taken into use again. Arguments: contact_ids
#: (list[UUID]).
contacts_readdressed = Signal()

#: Follows contacts_opted_out for people who asked to be forgotten; copies of their addresses, names
#: and texts are to be blanked. Arguments: contact_ids (list[UUID]), addresses (list[str]: those that
#: were theirs alone), user_ids (list[int]: their accounts, which are blanked afterwards).
contacts_forgotten = Signal()
