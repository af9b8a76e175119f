"""What is stored, read by several threads at once."""

from __future__ import annotations

import subprocess
import sys

AT_ONCE = """
import sys, threading
from dataclasses import make_dataclass
from sayback.history.stored import decode

sys.setswitchinterval(1e-6)
for number in range(200):
    inner = make_dataclass(f"Inner{number}", [(f"field{at}", "int") for at in range(20)])
    kind = make_dataclass(f"Kind{number}", [("inner", inner), ("more", list[inner])])
    barrier = threading.Barrier(4)
    one = "{" + ",".join(f'"field{at}":{at}' for at in range(20)) + "}"
    text = f'{{"inner":{one},"more":[{one}]}}'
    def read():
        barrier.wait()
        assert decode(text, kind).inner.field3 == 3
    threads = [threading.Thread(target=read) for _ in range(4)]
    for thread in threads:
        thread.start()
    for thread in threads:
        thread.join()
"""


def test_threads_may_first_read_the_same_thing_at_once() -> None:
    """In a process of its own: where that goes wrong, it is killed by a segmentation fault."""
    done = subprocess.run([sys.executable, "-c", AT_ONCE], capture_output=True, check=False)
    assert (done.returncode, done.stderr) == (0, b"")
