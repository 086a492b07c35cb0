"""What counts as a recording: RIFF/WAV, PCM of 16 bits, mono, 8000 or 16000 samples a second.

That is what Asterisk's formats ``wav`` and ``wav16`` are. Length and duration
are read from the file, never believed from a caller.
"""

from __future__ import annotations

import sys
import wave
from array import array
from collections.abc import Sequence
from dataclasses import dataclass
from io import BytesIO

from telephony.errors import UnusableRecording

RATES = (8000, 16000)


@dataclass(frozen=True)
class Recording:
    """A checked recording: its bytes, whole seconds and samples a second."""

    content: bytes
    duration: int
    rate: int


def read_recording(content: bytes) -> Recording:
    """Check the bytes. Raises UnusableRecording with the reason."""
    try:
        with wave.open(BytesIO(content)) as file:
            channels, width, rate = file.getnchannels(), file.getsampwidth(), file.getframerate()
            present = len(file.readframes(file.getnframes())) // (channels * width or 1)
    except (wave.Error, EOFError, ValueError, OverflowError, MemoryError):
        raise UnusableRecording("This is not a PCM WAV file.") from None
    if channels != 1 or width != 2 or rate not in RATES:
        raise UnusableRecording("A recording is mono, 16 bits, 8000 or 16000 samples a second.")
    return Recording(content, round(present / rate), rate)


def join(recordings: Sequence[Recording]) -> Recording:
    """One recording that plays the given ones after each other. They must agree on the rate."""
    first = recordings[0]
    if len(recordings) == 1:
        return first
    if any(recording.rate != first.rate for recording in recordings):
        raise UnusableRecording("Recordings of different sample rates cannot be joined.")
    return _written(b"".join(map(_frames, recordings)), first.rate)


def narrow(recording: Recording) -> Recording:
    """The recording at 8000 samples a second, which every Asterisk plays (format ``wav``)."""
    if recording.rate == RATES[0]:
        return recording
    samples = array("h", _frames(recording))
    if sys.byteorder == "big":
        samples.byteswap()
    # Each second sample with half of its neighbours: what 8000 cannot hold would become noise.
    before, after = samples[:1] + samples[1::2], samples[1::2] + samples[-1:]
    half = array("h", ((a + 2 * b + c) // 4 for a, b, c in zip(before, samples[::2], after, strict=False)))
    if sys.byteorder == "big":
        half.byteswap()
    return _written(half.tobytes(), RATES[0])


def _frames(recording: Recording) -> bytes:
    """Its whole samples; a file that was cut short may end within one."""
    with wave.open(BytesIO(recording.content)) as file:
        found = file.readframes(file.getnframes())
    return found[: len(found) // 2 * 2]


def _written(frames: bytes, rate: int) -> Recording:
    whole = BytesIO()
    with wave.open(whole, "wb") as out:
        out.setnchannels(1)
        out.setsampwidth(2)
        out.setframerate(rate)
        out.writeframes(frames)
    return read_recording(whole.getvalue())
