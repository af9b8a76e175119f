"""Other accounts of the machine: what the system says of a connection's other end."""

from __future__ import annotations

import os
import socket
import sys
from pathlib import Path

import pytest

from sayback.views.web import peer
from sayback.views.web.peer import is_stranger

NOBODY = 65534
only_linux = pytest.mark.skipif(sys.platform != "linux", reason="only Linux tells")


@pytest.fixture
def listener() -> socket.socket:
    return socket.create_server(("127.0.0.1", 0))


@only_linux
def test_our_own_connection_is_ours(listener: socket.socket) -> None:
    with listener, socket.create_connection(listener.getsockname()) as client:
        assert not is_stranger(client.getsockname(), listener.getsockname())
        ends = tuple(peer._as_listed(end.getsockname()) for end in (client, listener))
        # By both ends: another connection of this machine may have the same port.
        owners = [account for listed, account in peer._listed() if listed == ends]
    assert owners == [os.getuid()]


@only_linux
@pytest.mark.skipif(os.geteuid() != 0, reason="only root can be somebody else")
@pytest.mark.parametrize("family", [socket.AF_INET, socket.AF_INET6], ids=str)
def test_another_accounts_connection_is_a_strangers(
    listener: socket.socket, family: socket.AddressFamily
) -> None:
    host, port = listener.getsockname()
    with listener:
        os.seteuid(NOBODY)
        try:
            client = socket.socket(family)
        except OSError:
            pytest.skip("no addresses of that version here")
        finally:
            os.seteuid(0)
        with client:
            client.connect((f"::ffff:{host}" if family == socket.AF_INET6 else host, port))
            assert is_stranger((host, client.getsockname()[1]), (host, port))


@only_linux
def test_whose_end_is_not_listed_is_a_stranger(
    listener: socket.socket, monkeypatch: pytest.MonkeyPatch, tmp_path: Path
) -> None:
    with listener, socket.create_connection(listener.getsockname()) as client:
        (port,) = client.getsockname()[1:]
        rows = peer.CONNECTIONS[0].read_text().splitlines()
        kept = [row for row in rows if f":{port:04X}" != row.split()[1][-5:]]
        table = tmp_path / "tcp"
        table.write_text("\n".join(kept))
        monkeypatch.setattr(peer, "CONNECTIONS", (table,))
        assert is_stranger(client.getsockname(), listener.getsockname())


def test_where_the_system_does_not_tell_nobody_is_a_stranger(
    listener: socket.socket, monkeypatch: pytest.MonkeyPatch, tmp_path: Path
) -> None:
    monkeypatch.setattr(peer, "CONNECTIONS", (tmp_path / "missing",))
    with listener, socket.create_connection(listener.getsockname()) as client:
        assert not is_stranger(client.getsockname(), listener.getsockname())
