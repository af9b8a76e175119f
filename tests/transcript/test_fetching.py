from __future__ import annotations

import socket
import threading
import time
from collections.abc import Iterator
from http.server import BaseHTTPRequestHandler, HTTPServer

import pytest

from sayback.errors import TranscriptionError
from sayback.transcript.engines import ENGINES, load
from sayback.transcript.fetching import require_network


@pytest.fixture
def no_network(monkeypatch: pytest.MonkeyPatch) -> None:
    """Every request goes to a proxy that takes the connection and never answers."""
    for name in ("http_proxy", "https_proxy", "HTTP_PROXY", "HTTPS_PROXY"):
        monkeypatch.setenv(name, "http://127.0.0.1:9")
    for name in ("no_proxy", "NO_PROXY"):
        monkeypatch.delenv(name, raising=False)


@pytest.fixture
def mute_server() -> Iterator[str]:
    """The address of a server that accepts connections and says nothing."""
    with socket.create_server(("127.0.0.1", 0)) as server:
        yield f"http://127.0.0.1:{server.getsockname()[1]}"


class NotFound(BaseHTTPRequestHandler):
    def do_HEAD(self) -> None:
        self.send_error(404)

    def log_message(self, *_: object) -> None:
        pass


@pytest.fixture
def answering_server() -> Iterator[str]:
    with HTTPServer(("127.0.0.1", 0), NotFound) as server:
        thread = threading.Thread(target=server.serve_forever)
        thread.start()
        yield f"http://127.0.0.1:{server.server_port}"
        server.shutdown()
        thread.join()


def test_any_answer_is_a_network(answering_server: str) -> None:
    require_network("small", answering_server)


def test_no_answer_is_none_within_seconds(mute_server: str) -> None:
    start_s = time.monotonic()
    with pytest.raises(TranscriptionError, match=r"^small: no such model on this machine and no"):
        require_network("small", mute_server)
    assert time.monotonic() - start_s < 10


@pytest.mark.usefixtures("no_network")
@pytest.mark.parametrize("engine", ENGINES)
def test_a_model_that_must_be_fetched_without_network(engine: str) -> None:
    load("faster-whisper", "tiny.en", "cpu")  # the imports are not what is measured
    start_s = time.monotonic()
    with pytest.raises(
        TranscriptionError,
        match=r"no network to fetch it; .* give --model base or tiny\.en or a path$",
    ):
        load(engine, "small", "cpu")
    assert time.monotonic() - start_s < 20


@pytest.mark.parametrize("engine", ENGINES)
def test_an_unknown_name_is_answered_with_the_known_ones(engine: str) -> None:
    with pytest.raises(TranscriptionError, match=r"^humongous: no such model; .*large.*tiny"):
        load(engine, "humongous", "cpu")
