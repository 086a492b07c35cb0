"""The rules of ``usable_addresses`` and of opt-outs as SQL, for statements over many people at once.

Each function returns an expression to be put into a statement of the caller's;
it is correlated with the caller's row of ``contacts_contact``, takes no
parameters and reads the same on PostgreSQL and SQLite. Aliases are SQL names
written in the program, never input.
"""

from __future__ import annotations

#: Whose addresses count: the person's own, or those of whom the person is reached through (one hop).
_HOLDER = "COALESCE({contact}.communicate_through_id, {contact}.id)"

_BEST = """(
    SELECT best.value FROM contacts_address best
    WHERE best.contact_id = {holder} AND best.kind = {kind}
      AND best.opted_out_at IS NULL AND NOT best.inactive
      AND NOT {closed}
    ORDER BY best.is_default DESC, best.created_at, best.id LIMIT 1
)"""

_CLOSED = """({contact}.opted_out_at IS NOT NULL OR (
    {contact}.communicate_through_id IS NOT NULL AND EXISTS (
        SELECT 1 FROM contacts_contact holder
        WHERE holder.id = {contact}.communicate_through_id AND holder.opted_out_at IS NOT NULL
    )
))"""

_ALL_ADDRESSES_CLOSED = """COALESCE((
    SELECT MIN(CASE WHEN owned.opted_out_at IS NULL THEN 0 ELSE 1 END) FROM contacts_address owned
    WHERE owned.contact_id = {holder} AND owned.kind = {kind} AND NOT owned.inactive
), 0) = 1"""


def best_address_sql(contact_alias: str, kind_expr: str) -> str:
    """The value of the best usable address of a kind, or NULL.

    ``contact_alias`` names the caller's ``contacts_contact`` row; ``kind_expr``
    is a column or a quoted literal such as ``'msisdn'``.
    """
    return _fill(_BEST, contact_alias, kind_expr)


def opted_out_sql(contact_alias: str, kind_expr: str) -> str:
    """Whether opting out is why there is no usable address of a kind.

    True when the person (or whom they are reached through) opted out of
    everything, or when each of their active addresses of the kind, and there
    is at least one, is opted out. Never true where ``best_address_sql`` finds one.
    """
    return _fill(f"({_CLOSED} OR {_ALL_ADDRESSES_CLOSED})", contact_alias, kind_expr)


def _fill(template: str, contact: str, kind: str) -> str:
    closed, holder = _CLOSED.format(contact=contact), _HOLDER.format(contact=contact)
    return template.format(contact=contact, kind=kind, holder=holder, closed=closed)
