"""Recordings and the ranges of them that a browser asks for."""

from __future__ import annotations

import asyncio
from pathlib import Path

import pytest
from starlette.types import Message

from sayback.views.web.files import PIECE_BYTES, contents

SIZE = 1000


@pytest.fixture
def file(tmp_path: Path) -> Path:
    path = tmp_path / "audio.wav"
    path.write_bytes(bytes(number % 251 for number in range(SIZE)))
    return path


def sent(
    file: Path, asked: str = "", *, meanwhile: bytes | None = None
) -> tuple[int, bytes, dict[str, str]]:
    """Status, content and headers; between them the file may come to hold something else."""
    answer, messages = contents(file, asked), list[Message]()
    if meanwhile is not None:
        file.write_bytes(meanwhile)

    async def receive() -> Message:
        await asyncio.sleep(30)
        return {"type": "http.disconnect"}

    async def send(message: Message) -> None:
        messages.append(message)

    asyncio.run(answer({"type": "http", "method": "GET", "headers": []}, receive, send))
    headers = {name.decode(): value.decode() for name, value in messages[0]["headers"]}
    return messages[0]["status"], b"".join(each["body"] for each in messages[1:]), headers


@pytest.mark.parametrize(
    ("asked", "begin", "end"),
    [("bytes=0-", 0, 1000), ("bytes=10-19", 10, 20), ("bytes=990-5000", 990, 1000),
     ("bytes=-10", 990, 1000), ("bytes=-5000", 0, 1000), ("bytes=0-0", 0, 1)],
)  # fmt: skip
def test_a_range_is_sent(file: Path, asked: str, begin: int, end: int) -> None:
    status, content, headers = sent(file, asked)
    assert (status, content) == (206, file.read_bytes()[begin:end])
    assert headers["content-range"] == f"bytes {begin}-{end - 1}/{SIZE}"
    assert headers["content-length"] == str(end - begin)


@pytest.mark.parametrize(
    "asked",
    ["", "bytes", "bytes=-", "bytes=a-b", "bytes=0-1,5-6", "lines=1-2", "bytes=" + "9" * 99],
)
def test_what_is_no_single_range_gets_the_whole(file: Path, asked: str) -> None:
    status, content, headers = sent(file, asked)
    assert (status, content) == (200, file.read_bytes())
    assert headers["accept-ranges"] == "bytes"


@pytest.mark.parametrize("asked", ["bytes=1000-", "bytes=5-4", "bytes=-0"])
def test_a_range_that_is_not_there_is_refused(file: Path, asked: str) -> None:
    status, _, headers = sent(file, asked)
    assert (status, headers["content-range"]) == (416, f"bytes */{SIZE}")


@pytest.mark.parametrize("becomes", [b"", b"x" * 5 * PIECE_BYTES])
def test_a_file_that_changes_while_it_is_sent_keeps_its_promised_length(
    file: Path, becomes: bytes
) -> None:
    file.write_bytes(b"y" * 3 * PIECE_BYTES)
    status, content, headers = sent(file, meanwhile=becomes)
    assert status == 200
    assert len(content) == int(headers["content-length"]) == 3 * PIECE_BYTES
