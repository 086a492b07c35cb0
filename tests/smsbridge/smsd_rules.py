"""smsd's own way of reading an outgoing file, told again from its documentation and behaviour.

Knows nothing of the code under test: lines as C's fgets gives them, header
names compared with their case at the start of a line, the last of several
counting, the body as the rest of the bytes.
"""

from __future__ import annotations

from tests.smsd import gsm

LINE_BUFFER = 1000
#: Every header that makes smsd 3.1.21 do something.
HEADERS = (
    "To", "To_TOA", "From", "SMSC", "Flash", "Class", "DCS_hex", "Provider", "Queue", "Binary", "Report",
    "Autosplit", "Validity", "Voicecall", "Hex", "Replace", "Alphabet", "UDH-DATA", "UDH-DUMP", "UDH",
    "Include", "Macro", "System_message", "Smsd_debug", "Priority", "Ping", "Reject_duplicates", "Reply_path",
    "Message_reference", "Retries", "Language", "Language_ext", "Text_is_pdu",
)  # fmt: skip


def read(raw: bytes) -> tuple[dict[str, str], bytes]:
    """The headers that mean something to smsd, and the body."""
    found: dict[str, str] = {}
    rest = raw.removeprefix(b"\xef\xbb\xbf")
    while rest:
        line, rest = _line(rest)
        if not line.strip(bytes(range(33))):
            return found, rest
        for name in HEADERS:
            if line.startswith(name.encode() + b":"):
                found[name] = (
                    line[len(name) + 1 :].split(b"\x00")[0].strip(bytes(range(33))).decode("latin-1")
                )
                break
    return found, b""


def _line(rest: bytes) -> tuple[bytes, bytes]:
    end = rest.find(b"\n") + 1 or len(rest)
    end = min(end, LINE_BUFFER - 1)
    return rest[:end], rest[end:]


def number(to: str) -> str:
    """The number smsd dials for a value of To."""
    to = to[2:] if to.startswith("00") else to.rpartition("+")[2]
    digits = to[1:] if to.startswith("s") else to
    kept = ""
    for character in digits:
        if character not in " -":
            if character not in "*#0123456789":
                break
            kept += character
    return ("s" if to.startswith("s") else "") + kept


def text(headers: dict[str, str], body: bytes) -> str:
    """The text smsd sends, for the alphabets we use."""
    if headers["Alphabet"].lower().startswith("ucs"):
        return body.decode("utf-16-be")
    if headers["Alphabet"].lower() == "gsm":
        return gsm.text_of(body)
    # By way of Latin-9, whose euro has the place of Latin-1's currency sign.
    text = body.decode("utf-8").replace("¤", "€")
    # Where smsd converts UTF-8 it stops at the first character above U+FFFF.
    return "".join(text).split(next((c for c in text if c > "\uffff"), "\0"))[0].rstrip(" \t\r\n") or text
