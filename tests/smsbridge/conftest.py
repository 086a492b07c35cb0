"""A spool of its own for each test, and people with numbers."""

from __future__ import annotations

from importlib import import_module
from pathlib import Path

import pytest
from django.apps import apps
from hypothesis import settings as hypothesis_settings

from contacts.models import Address, Contact
from outbox.models import Gateway
from smsbridge.models import Keyword
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
def keywords(db) -> None:
    """The words that a migration brings in; a test that empties all tables takes them away."""
    if not Keyword.objects.exists():
        import_module("smsbridge.migrations.0003_common_keywords").add(apps, None)


@pytest.fixture
def gateway(spool: Spool, keywords) -> Gateway:
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
