"""A real smsd with a fake modem, as the installation's gateway."""

from __future__ import annotations

from collections.abc import Callable, Iterator
from contextlib import ExitStack

import pytest

from outbox.models import Gateway
from smsbridge.spool.folders import Spool
from tests.smsbridge.conftest import keywords
from tests.smsd.daemon import Smsd
from tests.smsd.fakemodem import FakeModem

__all__ = ["keywords"]


@pytest.fixture
def modem() -> Iterator[FakeModem]:
    modem = FakeModem()
    yield modem
    modem.close()


@pytest.fixture
def start_smsd(settings) -> Iterator[Callable[..., Smsd]]:
    """Start a daemon with modems by name; its spool becomes that of the gateway named sms."""
    with ExitStack() as stack:

        def start(modems: dict[str, FakeModem], **given) -> Smsd:
            daemon = Smsd(modems, **given)
            stack.callback(daemon.remove)
            settings.SMS_GATEWAYS = {"sms": daemon.spool}
            Spool(daemon.spool).create()
            daemon.start()
            return daemon

        yield start


@pytest.fixture
def smsd(start_smsd: Callable[..., Smsd], modem: FakeModem) -> Smsd:
    """One daemon with one modem."""
    return start_smsd({"GSM1": modem})


@pytest.fixture
def gateway(smsd: Smsd, keywords) -> Gateway:
    return Gateway.objects.get_or_create(name="sms", defaults={"channel": "sms"})[0]
