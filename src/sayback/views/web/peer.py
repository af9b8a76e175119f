"""Whose connection it is: every account of a machine can reach what listens on its loopback."""

from __future__ import annotations

import os
import socket
import sys
from collections.abc import Iterator
from pathlib import Path

CONNECTIONS = (Path("/proc/net/tcp"), Path("/proc/net/tcp6"))
"""Linux's tables of all connections, with the account of each end on this machine."""
_MAPPED = "0000000000000000FFFF0000"
"""Stands before an address of version 4 that is used by a socket of version 6."""
_HERE, _THERE, _ACCOUNT = 1, 2, 7
"""Columns of the tables."""
Address = tuple[str, int]
Ends = tuple[str, str]


def is_stranger(peer: Address, here: Address) -> bool:
    """Whether the end `peer` of a connection to `here` is another account's, and not root's.

    Only Linux tells. Where it lists our own end and not the other, that is a stranger's; where it
    does not even list ours, nobody is taken for one.
    """
    theirs, ours = _as_listed(peer), _as_listed(here)
    accounts = {ends: account for ends, account in _listed() if {theirs, ours} == {*ends}}
    return (ours, theirs) in accounts and accounts.get((theirs, ours)) not in (0, os.getuid())


def _listed() -> Iterator[tuple[Ends, int]]:
    """The two ends of each connection, and the number of the account that has the first."""
    for table in CONNECTIONS:
        if os.access(table, os.R_OK):
            for columns in map(str.split, table.read_text("ascii").splitlines()[1:]):
                here, there = (columns[at].removeprefix(_MAPPED) for at in (_HERE, _THERE))
                yield (here, there), int(columns[_ACCOUNT])


def _as_listed(address: Address) -> str:
    """An address as the tables have it: the number of the host in the processor's byte order."""
    host, port = address
    return f"{int.from_bytes(socket.inet_aton(host), sys.byteorder):08X}:{port:04X}"
