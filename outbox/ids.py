"""Ids of what is made in great numbers: UUIDs of version 7, that is, ordered by the time they were made.

Time order keeps a growing table's indexes compact: new rows go to the end
instead of to random pages. (RFC 9562, section 5.7.)
"""

import os
import time
import uuid
from datetime import datetime


def millisecond_prefix() -> str:
    """The first 12 hexadecimal digits of an id made now."""
    return f"{time.time_ns() // 1_000_000:012x}"


def new_id() -> uuid.UUID:
    value = int(millisecond_prefix() + os.urandom(10).hex(), 16)
    value = value & ~(0xF << 76) | 0x7 << 76
    value = value & ~(0x3 << 62) | 0x2 << 62
    return uuid.UUID(int=value)


def first_id_of(moment: datetime) -> uuid.UUID:
    """Lower than every id made from that moment on, and higher than those made before."""
    return uuid.UUID(int=int(moment.timestamp() * 1000) << 80)


def new_delivery_id() -> uuid.UUID:
    return new_id()
