"""What smsd brought back, and who may send through the SMS interface."""

from smsbridge.models.callers import GatewayAccount, GatewayRequest, SegmentCount
from smsbridge.models.received import (
    CollectorCount,
    ErasureOrder,
    InboundMessage,
    Keyword,
    KeywordAnswer,
    ModemActivity,
    PartReference,
    StatusReport,
    normal_word,
)

__all__ = [
    "CollectorCount",
    "ErasureOrder",
    "GatewayAccount",
    "GatewayRequest",
    "InboundMessage",
    "Keyword",
    "KeywordAnswer",
    "ModemActivity",
    "PartReference",
    "SegmentCount",
    "StatusReport",
    "normal_word",
]
