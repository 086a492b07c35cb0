"""The text of an SMS: which alphabet it needs and into how many parts it falls.

Two alphabets (3GPP TS 23.038): the GSM 7-bit default alphabet with its
extension table, whose characters take two septets, and UCS-2, in practice
UTF-16 with surrogate pairs. One message holds 160 septets or 70 code units;
a part of a longer one 153 or 67, because its header takes the rest
(3GPP TS 23.040, 9.2.3.24.1).
"""

from smsbridge.spool.alphabet.plain import Culprit, culprits, plain, transliterate
from smsbridge.spool.alphabet.segments import (
    MOST_PARTS,
    Encoding,
    Segmentation,
    measure,
    parts_needed,
    refuse_unsendable,
    segment,
    trimmed,
)
from smsbridge.spool.alphabet.tables import (
    DEFAULT_TABLE,
    ESCAPE,
    EXTENSION_TABLE,
    decode_gsm,
    encode_gsm,
    is_gsm,
    septets,
)

__all__ = [
    "DEFAULT_TABLE",
    "ESCAPE",
    "EXTENSION_TABLE",
    "MOST_PARTS",
    "Culprit",
    "Encoding",
    "Segmentation",
    "culprits",
    "decode_gsm",
    "encode_gsm",
    "is_gsm",
    "measure",
    "parts_needed",
    "plain",
    "refuse_unsendable",
    "segment",
    "septets",
    "transliterate",
    "trimmed",
]
