"""What an account may do: its own row, and for what that leaves empty the settings."""

from __future__ import annotations

from dataclasses import dataclass

from django.conf import settings

from accounts.models import User
from accounts.prepared import Parameter, Prepared, records
from smsbridge.models import GatewayAccount


@dataclass(frozen=True)
class Rights:
    """What a caller may. ``whitelist`` and ``countries`` None: anywhere; empty: nowhere."""

    user: User
    account: GatewayAccount | None
    #: An administrator of this interface by settings or by the account's row.
    is_named: bool

    @property
    def is_admin(self) -> bool:
        """Whether everybody's messages are shown."""
        return self.is_named or self.user.is_staff or self.user.is_superuser

    def may_delete(self, kind: str) -> bool:
        """Whether messages of that kind may be deleted: by staff as far as their role goes."""
        right = "smsbridge.delete_inboundmessage" if kind == "incoming" else "outbox.delete_delivery"
        return self.is_named or (self.is_admin and self.user.has_perm(right))

    @property
    def may_use(self) -> bool:
        own = self.account.may_use if self.account is not None else None
        return own if own is not None else self.is_admin or settings.SMS_API_ACCESS == "all"

    @property
    def may_read_incoming(self) -> bool:
        return self.is_admin or self.user.has_perm("smsbridge.view_inboundmessage")

    @property
    def may_override_opt_out(self) -> bool:
        own = self.account is not None and self.account.may_override_opt_out
        return settings.SMS_API_OVERRIDE_OPT_OUT and own

    @property
    def whitelist(self) -> list[str] | None:
        if self.account is not None and self.account.whitelist is not None:
            return self.account.whitelist
        listed = settings.SMS_USER_WHITELIST.get(self.user.get_username())
        return None if listed is None else [entry for entry in listed.split("|") if entry]

    @property
    def countries(self) -> list[str] | None:
        if self.account is not None and self.account.countries is not None:
            return self.account.countries
        return settings.SMS_COUNTRIES or None

    @property
    def queue(self) -> str:
        return (self.account.queue if self.account is not None else "") or settings.SMS_DEFAULT_QUEUE

    @property
    def daily_segments(self) -> int | None:
        """Parts in a day; None: no limit, which is the setting's 0. An account's own 0 is none at all."""
        if self.account is not None and self.account.daily_segments is not None:
            return self.account.daily_segments
        return settings.SMS_DAILY_SEGMENTS or None

    @property
    def prefix_quotas(self) -> dict[str, int]:
        return self.account.prefix_quotas if self.account is not None else {}

    @property
    def list_limit(self) -> int:
        """Ids in one list; 0: no limit."""
        own = self.account.list_limit if self.account is not None else None
        return settings.SMS_LIST_LIMIT if own is None else own

    @property
    def sequence_limit(self) -> int:
        own = self.account.sequence_limit if self.account is not None else None
        return settings.SMS_SEQUENCE_LIMIT if own is None else own


def rights_of(user: User) -> Rights:
    """What the account may now. One query."""
    return _rights(user, GatewayAccount.objects.filter(user=user).first())


def locked_rights_of(user: User) -> Rights:
    """The same, having locked the account's row, made where it is missing, until the transaction ends."""
    account = _locked(user)
    if account is None:
        GatewayAccount.objects.bulk_create([GatewayAccount(user=user)], ignore_conflicts=True)
        account = _locked(user)
    return _rights(user, account)


def _locked(user: User) -> GatewayAccount | None:
    for row in _LOCKED.rows(user=user.pk):
        [account] = records(row, GatewayAccount)
        return account
    return None


#: Runs with every message.
_LOCKED = Prepared(
    lambda: GatewayAccount.objects.select_for_update().filter(user=Parameter("user", User._meta.pk))
)


def _rights(user: User, account: GatewayAccount | None) -> Rights:
    listed = user.get_username() in settings.SMS_ADMIN_ACCOUNTS
    return Rights(user, account, listed or (account is not None and account.is_admin))
