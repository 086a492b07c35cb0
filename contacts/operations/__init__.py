"""What can be done with people and their addresses; the only place that writes them.

All arguments are keywords; numbers are in E.164 form already
(``contacts.numbers``); each operation is one transaction.
"""

from contacts.operations.addresses import (
    AddressRecord,
    add_address,
    best_address,
    find_by_address,
    remove_addresses,
    replace_addresses,
    set_default_address,
    usable_addresses,
)
from contacts.operations.failures import record_failures, record_successes
from contacts.operations.groups import add_members, remove_members
from contacts.operations.identities import Source, create_identity, note_detail_keys, update_identity
from contacts.operations.optouts import forget, opt_in, opt_out
from contacts.operations.people import (
    Profile,
    create_contact,
    delete_contact,
    ensure_contact,
    get_or_create_contact,
    prefer_language,
    update_contact,
)

__all__ = [
    "AddressRecord",
    "Profile",
    "Source",
    "add_address",
    "add_members",
    "best_address",
    "create_contact",
    "create_identity",
    "delete_contact",
    "ensure_contact",
    "find_by_address",
    "forget",
    "get_or_create_contact",
    "note_detail_keys",
    "opt_in",
    "opt_out",
    "prefer_language",
    "record_failures",
    "record_successes",
    "remove_addresses",
    "remove_members",
    "replace_addresses",
    "set_default_address",
    "update_contact",
    "update_identity",
    "usable_addresses",
]
