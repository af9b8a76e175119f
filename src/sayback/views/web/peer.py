"""Whose connection it is: every account of a machine can reach what listens on its loopback."""

from __future__ import annotations

import os
import socket
import sys
from collections.abc import Iterable
from pathlib import Path

CONNECTIONS = (Path("/proc/net/tcp"), Path("/proc/net/tcp6"))
"""Linux's tables of all connections, with the account of each end on this machine."""
_MAPPED = "0000000000000000FFFF0000"
"""Stands before an address of version 4 that is used by a socket of version 6."""
_HERE, _THERE, _ACCOUNT = 1, 2, 7
"""Columns of the table."""
Address = tuple[str, int]


def is_stranger(peer: Address, here: Address) -> bool:
    """Whether the end `peer` of a connection to `here` is another account's, and not root's.

    Only Linux tells; elsewhere nobody is taken for a stranger, and there whoever is not listed is.
    """
    tables = [table for table in CONNECTIONS if table.exists()]
    return bool(tables) and owner(peer, here, tables) not in (0, os.getuid())


def owner(peer: Address, here: Address, tables: Iterable[Path] = CONNECTIONS) -> int | None:
    """The number of the account that connected from `peer` to `here`; None where none is listed."""
    ends = [_as_listed(peer), _as_listed(here)]
    for table in tables:
        for columns in map(str.split, table.read_text("ascii").splitlines()):
            if [columns[at].removeprefix(_MAPPED) for at in (_HERE, _THERE)] == ends:
                return int(columns[_ACCOUNT])
    return None


def _as_listed(address: Address) -> str:
    """An address as the table has it: the number of the host in the processor's byte order."""
    host, port = address
    return f"{int.from_bytes(socket.inet_aton(host), sys.byteorder):08X}:{port:04X}"
