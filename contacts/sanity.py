"""Rules about people."""

from __future__ import annotations

from django.db.models import Exists, F, OuterRef

from accounts.sanity import Finding, among, register
from contacts.models import Address, Contact, OptOut

_IN_FORCE = OptOut.objects.filter(lifted_at=None).order_by()
_OF_EVERYTHING = _IN_FORCE.filter(kind__in=[OptOut.Kind.STOPALL, OptOut.Kind.FORGET])
#: As ``contacts.numbers.parse_msisdn`` writes them.
_MSISDN = r"^\+[1-9][0-9]{6,14}$"


def _stopped_without_a_word() -> Finding:
    said = _OF_EVERYTHING.filter(contact=OuterRef("pk"))
    return among(Contact.objects.filter(~Exists(said), opted_out_at__isnull=False))


def _words_without_effect() -> Finding:
    return among(_OF_EVERYTHING.filter(contact__opted_out_at=None))


def _stops_without_effect() -> Finding:
    open_still = Address.objects.filter(
        contact=OuterRef("contact"),
        kind=OuterRef("address_kind"),
        value=OuterRef("address"),
        opted_out_at=None,
    )
    stops = _IN_FORCE.filter(kind=OptOut.Kind.STOP, contact__opted_out_at=None)
    return among(stops.filter(Exists(open_still)))


def _remembered() -> Finding:
    forgotten = Exists(_IN_FORCE.filter(contact=OuterRef("contact"), kind=OptOut.Kind.FORGET))
    return among(Address.objects.filter(forgotten))


register(
    "contacts.opted_out",
    "People count as opted out, and no word of theirs is on record.",
    _stopped_without_a_word,
)
register("contacts.stopall", "People opted out of everything and would be written to.", _words_without_effect)
register("contacts.stop", "Addresses were opted out and would be written to.", _stops_without_effect)
register("contacts.forgotten", "Addresses are kept of people who asked to be forgotten.", _remembered)
register(
    "contacts.msisdn",
    "Numbers are not in E.164 form: nothing can be sent to them.",
    lambda: among(Address.objects.filter(kind=Address.Kind.MSISDN).exclude(value__regex=_MSISDN)),
)
register(
    "contacts.communicate_through",
    "People are reached through themselves.",
    lambda: among(Contact.objects.filter(communicate_through=F("pk"))),
)
