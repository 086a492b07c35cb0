"""Which kinds of file are taken in, known by their first bytes and never by their name.

What a caller says about a file (name, content type) is not believed: it is
stored and served as what it is, so that nobody can put a web page behind an
address of this service.
"""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass

#: Bytes of a file's beginning that are enough to know every accepted kind.
HEAD = 64


@dataclass(frozen=True)
class FileKind:
    """How a kind of file is known, named and served."""

    content_type: str
    extension: str
    matches: Callable[[bytes], bool]


def _begins(*starts: bytes) -> Callable[[bytes], bool]:
    return lambda head: head.startswith(starts)


def _riff(form: bytes) -> Callable[[bytes], bool]:
    return lambda head: head[:4] == b"RIFF" and head[8:12] == form


def _is_mp4_audio(head: bytes) -> bool:
    """An ISO base media file by its first box and brand (ISO 14496-12, 4.3)."""
    return head[4:8] == b"ftyp" and head[8:12] in (
        b"M4A ",
        b"M4B ",
        b"isom",
        b"mp42",
        b"3gp4",
        b"3gp5",
        b"3gp6",
    )


def _is_mpeg_audio(head: bytes) -> bool:
    """An ID3 tag, or a frame header of layer II or III whose rates exist (ISO 11172-3, 2.4.1.3).

    Layer I is left out: nobody uses it, and UTF-16 text begins like one of its frames.
    """
    if head.startswith(b"ID3"):
        return True
    if len(head) < 4 or head[0] != 0xFF or head[1] & 0xE0 != 0xE0:
        return False
    version, layer = head[1] >> 3 & 3, head[1] >> 1 & 3
    bit_rate, sampling = head[2] >> 4, head[2] >> 2 & 3
    return version != 1 and layer in (1, 2) and bit_rate not in (0, 15) and sampling != 3


KINDS = (
    FileKind("image/png", "png", _begins(b"\x89PNG\r\n\x1a\n")),
    FileKind("image/jpeg", "jpg", _begins(b"\xff\xd8\xff")),
    FileKind("image/gif", "gif", _begins(b"GIF87a", b"GIF89a")),
    FileKind("image/webp", "webp", _riff(b"WEBP")),
    FileKind("audio/wav", "wav", _riff(b"WAVE")),
    FileKind("audio/ogg", "ogg", _begins(b"OggS")),
    FileKind("audio/flac", "flac", _begins(b"fLaC")),
    FileKind("audio/amr", "amr", _begins(b"#!AMR")),
    FileKind("audio/mp4", "m4a", _is_mp4_audio),
    FileKind("audio/mpeg", "mp3", _is_mpeg_audio),
)


def file_kind(head: bytes) -> FileKind | None:
    """The kind of a file that begins with ``head``; None when it is not one that is taken in."""
    return next((kind for kind in KINDS if kind.matches(head)), None)
