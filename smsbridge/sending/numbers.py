"""Numbers as callers write them, and whether a caller may send to them."""

from __future__ import annotations

from dataclasses import dataclass
from enum import StrEnum

from django.conf import settings

from contacts.numbers import (
    InvalidNumber,
    NumberKind,
    country_of_number,
    is_of_no_country,
    kind_of_number,
    parse_msisdn,
)
from smsbridge.sending.rights import Rights


class Answer(StrEnum):
    """What a caller is told of one number. The first three are the original's own words."""

    OK = "Ok"
    INVALID = "Failed: invalid mobile number"
    FORBIDDEN = "Failed: forbidden mobile number"
    COUNTRY = "Failed: country not allowed"
    PREMIUM = "Failed: premium rate number"
    SHARED_COST = "Failed: shared cost number"
    NO_COUNTRY = "Failed: satellite or other network of no country"
    OPTED_OUT = "Failed: recipient opted out"
    QUOTA = "Failed: daily quota used up"
    PREFIX_QUOTA = "Failed: daily quota for this prefix used up"
    SEQUENCE = "Failed: too many consecutive numbers"


_REFUSED_KINDS = {NumberKind.PREMIUM: Answer.PREMIUM, NumberKind.SHARED_COST: Answer.SHARED_COST}


def read_number(text: str) -> str:
    """The E.164 form of a number as callers of this interface write it. Raises InvalidNumber.

    As for smsd, digits without ``+`` begin with a country code; after ``00``
    as well. One ``0`` begins a national number, understood where
    ``SMS_REGION`` is set.
    """
    if text.startswith("00"):
        return parse_msisdn(f"+{text[2:]}", "")
    if text.startswith("0"):
        return parse_msisdn(text)
    return parse_msisdn(text if text.startswith("+") else f"+{text}", "")


@dataclass(frozen=True)
class Judge:
    """Decides for one request where its caller may send.

    ``prefixes`` are those with a quota of their own: somebody meant them.
    """

    countries: frozenset[str] | None
    allowed: tuple[str, ...] | None
    prefixes: tuple[str, ...]

    @classmethod
    def of(cls, rights: Rights) -> Judge:
        listed = rights.whitelist
        return cls(
            None if rights.countries is None else frozenset(rights.countries),
            None if listed is None else tuple(_canonical(entry) for entry in listed),
            (*rights.prefix_quotas, *settings.SMS_PREFIX_QUOTAS),
        )

    def __call__(self, msisdn: str) -> Answer:
        if self.allowed is not None and not any(_matches(entry, msisdn) for entry in self.allowed):
            return Answer.FORBIDDEN
        if self.countries is not None and country_of_number(msisdn) not in self.countries:
            return Answer.COUNTRY
        refused = _REFUSED_KINDS.get(kind_of_number(msisdn))
        if refused is None and is_of_no_country(msisdn) and not self._means(msisdn):
            return Answer.NO_COUNTRY
        return refused or Answer.OK

    def _means(self, msisdn: str) -> bool:
        """Whether a whitelist or a quota names the number or its prefix."""
        return self.allowed is not None or msisdn.startswith(self.prefixes)


def _canonical(entry: str) -> str:
    """An entry of a whitelist with +; one that is no number keeps a form that matches nothing."""
    if entry.endswith("*"):
        return "+" + entry.lstrip("+")
    try:
        return read_number(entry)
    except InvalidNumber:
        return "invalid"


def _matches(entry: str, msisdn: str) -> bool:
    return msisdn.startswith(entry[:-1]) if entry.endswith("*") else msisdn == entry
