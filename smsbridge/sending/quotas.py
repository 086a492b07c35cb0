"""How many SMS parts may still go out today: for an account, and to prefixes."""

from __future__ import annotations

from datetime import date
from typing import NamedTuple

from django.conf import settings
from django.db.models import F

from smsbridge.models import SegmentCount
from smsbridge.sending.numbers import Answer
from smsbridge.sending.rights import Rights


class _Quota(NamedTuple):
    scope: str
    prefix: str
    most: int


class Quotas:
    """The quotas of one request, read once and locked; what was taken is written once.

    Rows that everybody shares are locked in the order of their names, so that
    no two requests wait for each other.
    """

    def __init__(self, rights: Rights, *, day: date) -> None:
        self._day = day
        self._quotas = _quotas(rights)
        self._used = self._locked()
        self._taken = dict.fromkeys(self._used, 0)

    def _locked(self) -> dict[str, int]:
        scopes = sorted({quota.scope for quota in self._quotas})
        if not scopes:
            return {}
        rows = [SegmentCount(day=self._day, scope=scope) for scope in scopes]
        SegmentCount.objects.bulk_create(rows, ignore_conflicts=True)
        found = SegmentCount.objects.select_for_update().filter(day=self._day, scope__in=scopes)
        return dict(found.order_by("scope").values_list("scope", "segments"))

    def take(self, msisdn: str, segments: int) -> Answer:
        """OK, with the parts taken from every quota the number falls under; or which is used up."""
        meant = [quota for quota in self._quotas if msisdn.startswith(quota.prefix)]
        for quota in meant:
            if self._used[quota.scope] + self._taken[quota.scope] + segments > quota.most:
                return Answer.PREFIX_QUOTA if quota.prefix else Answer.QUOTA
        for quota in meant:
            self._taken[quota.scope] += segments
        return Answer.OK

    def give_back(self, msisdn: str, segments: int) -> None:
        """Nothing was sent there after all."""
        for quota in self._quotas:
            if msisdn.startswith(quota.prefix):
                self._taken[quota.scope] -= segments

    def store(self) -> None:
        """One statement for each quota that was touched; there are few."""
        for scope, segments in self._taken.items():
            if segments:
                row = SegmentCount.objects.filter(day=self._day, scope=scope)
                row.update(segments=F("segments") + segments)


def _quotas(rights: Rights) -> list[_Quota]:
    own = str(rights.user.pk)
    found = [_Quota(own, "", rights.daily_segments)] if rights.daily_segments is not None else []
    found += [_Quota(f"{own}{prefix}", prefix, most) for prefix, most in rights.prefix_quotas.items()]
    return found + [_Quota(prefix, prefix, most) for prefix, most in settings.SMS_PREFIX_QUOTAS.items()]
