"""Whose subscriptions, or which, a change is meant for."""

from __future__ import annotations

from collections.abc import Collection
from dataclasses import dataclass
from uuid import UUID

from contacts.models import Contact
from stagebased.errors import Refused
from stagebased.models import Subscription
from stagebased.operations.content.sets import unknown_key

Stopped = Subscription.Stopped
#: Stops that may end: the subscription is not over.
WAITING = (Stopped.PAUSED, Stopped.OPT_OUT, Stopped.FAILURES)


@dataclass(frozen=True)
class Which:
    """The subscriptions meant: of a person or of a list of ids, those that have not come to their end.

    Paused ones count, and those that an opt-out stopped: when the person comes
    back, they must not go on as if nothing had happened.
    """

    contact_id: UUID | None = None
    subscription_ids: Collection[UUID] = ()

    def locked(self) -> list[Subscription]:
        """Them, locked; those that are running first."""
        wanted = Subscription.objects.filter(completed=False)
        if self.contact_id is not None:
            wanted = wanted.filter(contact=self.contact_id)
        else:
            wanted = wanted.filter(pk__in=self.subscription_ids)
        alive = wanted.filter(active=True) | wanted.filter(stopped__in=WAITING)
        rows = alive.select_for_update(no_key=True, of=("self",)).select_related("messageset", "contact")
        return sorted(rows.order_by("pk"), key=lambda row: not row.active)

    def people(self) -> set[UUID]:
        """Whose they are."""
        if self.contact_id is not None:
            return {self.contact_id}
        named = Subscription.objects.filter(pk__in=self.subscription_ids).order_by()
        return set(named.values_list("contact", flat=True))

    def last_ended(self) -> list[Subscription]:
        """Of a person as a whole the newest subscription, locked, if that has come to its end; else none."""
        if self.contact_id is None:
            return []
        theirs = Subscription.objects.filter(contact=self.contact_id).order_by("-created_at", "-pk")
        rows = theirs.select_for_update(no_key=True, of=("self",)).select_related("messageset", "contact")
        return [newest for newest in rows[:1] if newest.completed]


def meant(*, contact_id: UUID | None = None, subscription_ids: Collection[UUID] = ()) -> Which:
    """These, asked for by somebody from outside. Raises Refused for who or what does not exist."""
    if contact_id is not None:
        if not Contact.objects.filter(pk=contact_id).exists():
            raise Refused({"identity": [unknown_key(contact_id)]})
        return Which(contact_id=contact_id)
    wanted = set(subscription_ids)
    known = Subscription.objects.filter(pk__in=wanted).order_by().values_list("pk", flat=True)
    if missing := wanted - set(known):
        raise Refused({"subscriptions": [unknown_key(key) for key in sorted(missing)[:10]]})
    return Which(subscription_ids=wanted)
