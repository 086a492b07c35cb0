"""The embedded broker's messages appear whole."""

from __future__ import annotations

from collections.abc import Iterator
from pathlib import Path
from queue import Empty

import pytest
from kombu import Connection

from config.broker import Channel, Transport


@pytest.fixture
def channel(tmp_path: Path) -> Iterator[Channel]:
    folders = {name: str(tmp_path) for name in ("data_folder_in", "data_folder_out", "control_folder")}
    with Connection(transport=Transport, transport_options=folders) as connection:
        yield connection.default_channel


def test_what_is_put_is_got_once_and_in_order(channel: Channel, tmp_path: Path):
    for word in ("first", "second", "third"):
        channel._put("gateway.sms", {"body": word})
        channel._put("other", {"body": "not this"})
    assert sorted(channel._get("gateway.sms")["body"] for _ in range(3)) == ["first", "second", "third"]
    with pytest.raises(Empty):
        channel._get("gateway.sms")
    assert channel._size("other") == 3


def test_nobody_sees_a_message_that_is_being_written(channel: Channel, tmp_path: Path, monkeypatch):
    seen = []
    written = Path.write_text

    def look(path: Path, *args: object, **options: object) -> int:
        path.touch()
        with pytest.raises(Empty):
            channel._get("hints")
        seen.append(path)
        return written(path, *args, **options)

    monkeypatch.setattr(Path, "write_text", look)
    channel._put("hints", {"body": "plan"})
    assert len(seen) == 1
    assert channel._get("hints") == {"body": "plan"}


@pytest.mark.parametrize("content", [b"", b"{", b"\xff"], ids=["empty", "half", "no text"])
def test_a_file_that_is_no_message_is_passed_over(channel: Channel, tmp_path: Path, content: bytes):
    (tmp_path / "1_x.hints.msg").write_bytes(content)
    with pytest.raises(Empty):
        channel._get("hints")
    channel._put("hints", {"body": "plan"})
    assert channel._get("hints") == {"body": "plan"}
