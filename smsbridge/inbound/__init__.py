"""Messages that people sent: stored once, understood when they are a keyword, answered within limits.

Every message is stored and visible. One that consists of a single keyword is
also acted on: it opts everybody who has that number out or in, and is
answered once. A number that nobody is known by becomes a contact when it says
STOP, so that whoever is registered with it later finds the opt-out.
"""

from smsbridge.inbound.intake import Received, sender_of, take_in

__all__ = ["Received", "sender_of", "take_in"]
