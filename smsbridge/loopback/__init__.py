"""A gateway without a modem: plays smsd and the network on a spool, for the demo and for trying things out.

It reads and writes the same files in the same folders as smsd 3.1.21, so that
everything else cannot tell the difference. Nothing is sent to anybody.
"""

from smsbridge.loopback.network import Behaviour
from smsbridge.loopback.player import Loopback, Occupied

__all__ = ["Behaviour", "Loopback", "Occupied"]
