"""The SMS channel with a bug that one message meets."""

from __future__ import annotations

import os
import signal
import time
from collections.abc import Sequence

from django.conf import settings

from outbox.channels import HandOver, Outgoing
from outbox.models import Gateway
from smsbridge.channel import SmsChannel


class PoisonedChannel(SmsChannel):
    def hand_over(self, gateway: Gateway, deliveries: Sequence[Outgoing]) -> HandOver:
        if any(one.text == "poison" for one in deliveries):
            match settings.POISON:
                case "kills":
                    os.kill(os.getpid(), signal.SIGKILL)
                case "hangs":
                    time.sleep(3600)
                case _:
                    raise RuntimeError("a bug")
        return super().hand_over(gateway, deliveries)
