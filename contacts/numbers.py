"""Telephone numbers: parsed once, at the edge, into E.164 (ITU-T E.164: ``+`` and at most 15 digits).

Two strengths of checking, chosen by ``settings.SMS_STRICT_NUMBERS``:

* *possible* (the default): the country code exists and the length fits the
  country's plan. Number plans gain ranges every week and the metadata in an
  installation is as old as its last update, so refusing a range it does not
  know yet would silently lock real people out. It also admits ranges that are
  not assigned, which test and demonstration data use.
* *valid*: the number also lies in a range that the metadata knows.
"""

from __future__ import annotations

import re
from enum import StrEnum
from functools import lru_cache

import phonenumbers
from django.conf import settings
from phonenumbers import NumberParseException, PhoneNumber, PhoneNumberFormat, PhoneNumberType

#: ``[0-9]`` and fullmatch, not ``\d`` and ``$``: those let in Arabic-Indic digits and a last newline.
_DIGITS = re.compile(r"(\+?)([0-9]+)")
MOST_DIGITS = 15
#: What phonenumbers calls the region of codes that belong to no country.
_NO_COUNTRY = "001"


class InvalidNumber(ValueError):
    """The text is no telephone number. ``code`` is stable, ``message`` is for people.

    Codes: ``malformed`` (anything but digits after an optional ``+``),
    ``too_long``, ``not_international`` (no ``+`` and no region to read it
    in), ``unknown_country``, ``impossible`` (wrong length), ``unassigned``
    (strict checking only). Neither holds the number itself, so both may be
    logged.
    """

    def __init__(self, code: str, message: str) -> None:
        super().__init__(message)
        self.code = code
        self.message = message


class NumberKind(StrEnum):
    """What a number costs and reaches, as far as its range tells."""

    MOBILE = "mobile"
    FIXED_LINE = "fixed line"
    #: Countries without separate ranges, e.g. the United States.
    FIXED_LINE_OR_MOBILE = "fixed line or mobile"
    TOLL_FREE = "toll free"
    PREMIUM = "premium rate"
    SHARED_COST = "shared cost"
    VOIP = "voip"
    OTHER = "other"
    UNKNOWN = "unknown"


_KINDS = {
    PhoneNumberType.MOBILE: NumberKind.MOBILE,
    PhoneNumberType.FIXED_LINE: NumberKind.FIXED_LINE,
    PhoneNumberType.FIXED_LINE_OR_MOBILE: NumberKind.FIXED_LINE_OR_MOBILE,
    PhoneNumberType.TOLL_FREE: NumberKind.TOLL_FREE,
    PhoneNumberType.PREMIUM_RATE: NumberKind.PREMIUM,
    PhoneNumberType.SHARED_COST: NumberKind.SHARED_COST,
    PhoneNumberType.VOIP: NumberKind.VOIP,
    PhoneNumberType.UNKNOWN: NumberKind.UNKNOWN,
}


def parse_msisdn(text: str, region: str | None = None) -> str:
    """The number in E.164 form, e.g. ``+27820001001``. Raises InvalidNumber.

    ``text`` holds ASCII digits after an optional ``+`` and nothing else.
    Without ``+`` it is read as somebody in ``region`` (ISO 3166 letters;
    default ``settings.SMS_REGION``) would dial it; with an empty region only
    international numbers are understood.
    """
    region = settings.SMS_REGION if region is None else region
    _check_shape(text, national=bool(region))
    number = _parse(text, region)
    _check_plan(number)
    parsed = phonenumbers.format_number(number, PhoneNumberFormat.E164)
    # National forms gain a country code here, so the length is settled only now.
    if len(parsed) > MOST_DIGITS + 1:
        raise InvalidNumber("too_long", f"A telephone number has at most {MOST_DIGITS} digits.")
    return parsed


def _check_shape(text: str, *, national: bool) -> None:
    match = _DIGITS.fullmatch(text)
    if match is None:
        raise InvalidNumber(
            "malformed", "Write the number as digits only, with + in front of the country code."
        )
    # Two more for an international prefix (00) that a national form may begin with.
    if len(match[2]) > MOST_DIGITS + (0 if match[1] else 2):
        raise InvalidNumber("too_long", f"A telephone number has at most {MOST_DIGITS} digits.")
    if not match[1] and not national:
        raise InvalidNumber("not_international", "Write the number with + and its country code.")


# A number is looked at several times while a request lasts: its form, its kind, its country.
@lru_cache(maxsize=4096)
def _parse(text: str, region: str | None) -> PhoneNumber:
    try:
        return phonenumbers.parse(text, region or None)
    except NumberParseException as error:
        if error.error_type == NumberParseException.INVALID_COUNTRY_CODE:
            raise InvalidNumber("unknown_country", "There is no country with that code.") from None
        raise InvalidNumber("impossible", "That is too short or too long for a telephone number.") from None


def _check_plan(number: PhoneNumber) -> None:
    if not phonenumbers.is_possible_number(number):
        raise InvalidNumber("impossible", "The number has the wrong length for its country.")
    if settings.SMS_STRICT_NUMBERS and not phonenumbers.is_valid_number(number):
        raise InvalidNumber("unassigned", "The number is in no range that its country has assigned.")


def kind_of_number(msisdn: str) -> NumberKind:
    """The kind of an E.164 number; UNKNOWN when its range is not in the metadata."""
    return _KINDS.get(phonenumbers.number_type(_parse(msisdn, None)), NumberKind.OTHER)


def is_of_no_country(msisdn: str) -> bool:
    """Whether an E.164 number belongs to a network of no country: satellites, ships, global services.

    These have country codes of their own (+870, +881, +882, +883, +979 and others, ITU-T E.164.1).
    """
    return phonenumbers.region_code_for_country_code(_parse(msisdn, None).country_code or 0) == _NO_COUNTRY


def country_of_number(msisdn: str) -> str:
    """ISO 3166 letters of the country an E.164 number belongs to; empty when its range is not known.

    Several countries share a code (``+1``): then the range decides.
    """
    return phonenumbers.region_code_for_number(_parse(msisdn, None)) or ""
