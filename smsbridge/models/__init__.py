"""What smsd brought back, and who may send through the SMS interface."""

from smsbridge.models.callers import GatewayAccount, GatewayRequest, SegmentCount
from smsbridge.models.received import (
    CollectorCount,
    InboundMessage,
    Keyword,
    PartReference,
    StatusReport,
    normal_word,
)

__all__ = [
    "CollectorCount",
    "GatewayAccount",
    "GatewayRequest",
    "InboundMessage",
    "Keyword",
    "PartReference",
    "SegmentCount",
    "StatusReport",
    "normal_word",
]
