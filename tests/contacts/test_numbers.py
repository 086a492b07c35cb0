"""Telephone numbers are parsed once, strictly, into E.164."""

import pytest

from contacts.numbers import InvalidNumber, NumberKind, country_of_number, kind_of_number, parse_msisdn

UNDERSTOOD = {
    "international": ("+27820001001", "", "+27820001001"),
    "national, as dialled in the region": ("0820001001", "ZA", "+27820001001"),
    "with the international prefix": ("0027820001001", "ZA", "+27820001001"),
    "international without plus, in its region": ("27820001001", "ZA", "+27820001001"),
    "of another country than the region": ("+4915112345678", "ZA", "+4915112345678"),
    "a superfluous trunk zero": ("+270820001001", "", "+27820001001"),
}

REFUSED = {
    "empty": ("", "", "malformed"),
    "a plus alone": ("+", "", "malformed"),
    "letters": ("+27820001OO1", "", "malformed"),
    "spaces": ("+27 82 000 1001", "", "malformed"),
    "a trailing newline": ("+27820001001\n", "", "malformed"),
    "Arabic-Indic digits": ("+٢٧٨٢٠٠٠١٠٠١", "", "malformed"),
    "full-width digits": ("+２７820001001", "", "malformed"),
    "two pluses": ("++27820001001", "", "malformed"),
    "NUL": ("+2782\x000001001", "", "malformed"),
    "sixteen digits": ("+1234567890123456", "", "too_long"),
    "a hundred thousand digits": ("+" + "1" * 100_000, "", "too_long"),
    "national without a region": ("0820001001", "", "not_international"),
    "no such country": ("+999123456", "", "unknown_country"),
    "too short for its country": ("+2782", "", "impossible"),
    "too long for its country": ("+2782000100100", "", "impossible"),
    "a short code": ("82", "ZA", "impossible"),
}


@pytest.mark.parametrize(("text", "region", "number"), UNDERSTOOD.values(), ids=UNDERSTOOD.keys())
def test_a_number_becomes_e164(text: str, region: str, number: str) -> None:
    assert parse_msisdn(text, region) == number


@pytest.mark.parametrize(("text", "region", "code"), REFUSED.values(), ids=REFUSED.keys())
def test_what_is_no_number_is_refused_with_its_reason(text: str, region: str, code: str) -> None:
    with pytest.raises(InvalidNumber) as refusal:
        parse_msisdn(text, region)
    assert refusal.value.code == code


def test_the_refusal_may_be_logged_because_it_holds_no_number() -> None:
    with pytest.raises(InvalidNumber) as refusal:
        parse_msisdn("+27829", "")
    assert "829" not in str(refusal.value)


def test_the_region_comes_from_the_settings(settings) -> None:
    settings.SMS_REGION = "ZA"
    assert parse_msisdn("0820001001") == "+27820001001"
    settings.SMS_REGION = ""
    with pytest.raises(InvalidNumber):
        parse_msisdn("0820001001")


def test_a_range_nobody_knows_passes_unless_checking_is_strict(settings) -> None:
    unassigned = "+15550001234"
    assert parse_msisdn(unassigned, "") == unassigned
    settings.SMS_STRICT_NUMBERS = True
    with pytest.raises(InvalidNumber) as refusal:
        parse_msisdn(unassigned, "")
    assert refusal.value.code == "unassigned"


KINDS = {
    "a South African mobile": ("+27820001001", NumberKind.MOBILE, "ZA"),
    "a German premium line": ("+499001234567", NumberKind.PREMIUM, "DE"),
    "a German shared cost line": ("+491801234567", NumberKind.SHARED_COST, "DE"),
    "toll free": ("+18002345678", NumberKind.TOLL_FREE, "US"),
    "a range nobody knows": ("+15550001234", NumberKind.UNKNOWN, ""),
}


@pytest.mark.parametrize(("number", "kind", "country"), KINDS.values(), ids=KINDS.keys())
def test_a_number_tells_its_kind_and_country(number: str, kind: NumberKind, country: str) -> None:
    assert (kind_of_number(number), country_of_number(number)) == (kind, country)
