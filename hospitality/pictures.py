"""Pictures of members: read with suspicion, kept as plain JPEG in a few sizes.

What is stored is never what was uploaded: it is drawn anew, turned upright
and without the camera's notes, which tell where somebody lives.
"""

from __future__ import annotations

import io
from typing import IO

from django.core.files.base import ContentFile
from django.core.files.storage import default_storage
from PIL import Image, ImageOps

from hospitality.errors import UnusablePicture

#: Most pixels of width and height of each size; the names are the interface's.
SIZES = {
    "mobile_profile_photo_std": (180, 180),
    "profile_picture": (200, 200),
    "mobile_photo_456": (456, 456),
    "map_infoWindow": (80, 80),
}
ORIGINAL = (1600, 1600)
ALL_SIZES = {"original": ORIGINAL, **SIZES}
#: More pixels than this are not unpacked: a small file may hold a huge picture.
_MOST_PIXELS = 50_000_000


def drawn(upload: IO[bytes]) -> dict[str, bytes]:
    """The picture as JPEG in every size. UnusablePicture when it is none, or too large."""
    image = _opened(upload)
    sizes = {}
    for name, most in ALL_SIZES.items():
        smaller = image.copy()
        smaller.thumbnail(most)
        content = io.BytesIO()
        smaller.save(content, "JPEG", quality=85, optimize=True)
        sizes[name] = content.getvalue()
    return sizes


def _opened(upload: IO[bytes]) -> Image.Image:
    try:
        with Image.open(upload, formats=("JPEG", "PNG", "GIF", "WEBP")) as image:
            if image.width * image.height > _MOST_PIXELS:
                raise UnusablePicture("The picture has too many pixels.")
            image.load()
            return ImageOps.exif_transpose(image).convert("RGB")
    # Pillow's decoders raise many kinds of errors on files that were made to.
    except (OSError, ValueError, SyntaxError, EOFError, Image.DecompressionBombError):
        raise UnusablePicture("This is no picture (JPEG, PNG, GIF or WebP).") from None


def path(key: str, size: str) -> str:
    return f"hospitality/{key}/{size}.jpg"


def store(key: str, sizes: dict[str, bytes]) -> None:
    for size, content in sizes.items():
        default_storage.save(path(key, size), ContentFile(content))


def remove(key: str) -> None:
    for size in ALL_SIZES:
        default_storage.delete(path(key, size))
