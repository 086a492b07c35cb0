"""A spool of its own for each test, and people with numbers."""

from __future__ import annotations

from pathlib import Path

import pytest
from hypothesis import settings as hypothesis_settings

from contacts.models import Address, Contact
from outbox.models import Gateway
from smsbridge.spool.folders import Spool
from tests.smsbridge.smsd_files import PlayedSmsd

# A busy machine is slow now and then; that is no fault of the code.
hypothesis_settings.register_profile("unhurried", deadline=None)
hypothesis_settings.load_profile("unhurried")


@pytest.fixture
def spool(tmp_path: Path, settings) -> Spool:
    """The spool of the gateway named sms, with all folders."""
    settings.SMS_GATEWAYS = {"sms": tmp_path / "spool"}
    spool = Spool(tmp_path / "spool", sync=False)
    spool.create()
    return spool


@pytest.fixture
def gateway(spool: Spool, db) -> Gateway:
    return Gateway.objects.get_or_create(name="sms", defaults={"channel": "sms"})[0]


@pytest.fixture
def smsd(spool: Spool) -> PlayedSmsd:
    """Puts files into the spool as smsd does."""
    return PlayedSmsd(spool)


def person(number: str, language: str = "") -> Contact:
    contact = Contact.objects.create(language=language)
    Address.objects.create(contact=contact, value=number, is_default=True)
    return contact


@pytest.fixture
def mary(db) -> Contact:
    """A person with the number +27820001001."""
    return person("+27820001001")
