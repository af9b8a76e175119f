"""Whose connection it is: every account of a machine can reach what listens on its loopback."""

from __future__ import annotations

import os
import socket
import sys
from pathlib import Path

CONNECTIONS = Path("/proc/net/tcp")
"""Linux's table of all connections, with the account of each end on this machine."""
_HERE, _THERE, _ACCOUNT = 1, 2, 7
"""Columns of the table."""
Address = tuple[str, int]


def is_stranger(peer: Address, here: Address) -> bool:
    """Whether the end `peer` of a connection to `here` is another account's, and not root's.

    Only Linux tells; elsewhere nobody is taken for a stranger.
    """
    account = owner(peer, here)
    return account is not None and account not in (0, os.getuid())


def owner(peer: Address, here: Address) -> int | None:
    """The number of the account that connected from `peer` to `here`; None where nobody tells."""
    try:
        rows = CONNECTIONS.read_text("ascii").splitlines()
    except OSError:
        return None
    ends = [_as_listed(peer), _as_listed(here)]
    for columns in map(str.split, rows):
        if [columns[_HERE], columns[_THERE]] == ends:
            return int(columns[_ACCOUNT])
    return None


def _as_listed(address: Address) -> str:
    """An address as the table has it: the number of the host in the processor's byte order."""
    host, port = address
    return f"{int.from_bytes(socket.inet_aton(host), sys.byteorder):08X}:{port:04X}"
