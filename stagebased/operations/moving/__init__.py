"""Moving a Seed Stage-based Messaging installation in, from its database.

``Content`` brings schedules, files, message sets and messages in, and
``Subscriptions`` who is on them and where. Numbers and identities stay what
they were, because hubs keep them. What is here already is left as it is, so
that a second run changes nothing. Of each batch the statements are as many
for 500 records as for five.

The tables are those of its version 0.13 (``contentstore_…``,
``subscriptions_subscription``); older versions have fewer columns.
"""

from stagebased.operations.moving.content import Content, Moved
from stagebased.operations.moving.subscriptions import SUBSCRIPTIONS, Subscriptions

__all__ = ["SUBSCRIPTIONS", "Content", "Moved", "Subscriptions"]
