"""The command itself; at its end it notes what it took. `scale.py` starts it.

    python -P benchmarks/measured_command.py REPORT history --json

writes to the file REPORT, as JSON, the seconds of processor time and the most memory in MB.
"""

from __future__ import annotations

import json
import os
import sys
import time
from pathlib import Path

from sayback.views.cli import commands


def peak_mb() -> float:
    """Of this process alone: what the system counts after a fork begins with its parent's."""
    status = Path("/proc/self/status")
    if status.exists():
        lines = status.read_text().splitlines()
        return next(int(line.split()[1]) / 1024 for line in lines if line.startswith("VmHWM"))
    import resource

    return resource.getrusage(resource.RUSAGE_SELF).ru_maxrss / 2**20  # macOS counts bytes


if __name__ == "__main__":
    report = Path(sys.argv.pop(1))
    commands.main(standalone_mode=False)
    report.write_text(json.dumps({"cpu_s": time.process_time(), "peak_mb": peak_mb()}))
    sys.stdout.flush()
    os._exit(0)  # as the command ends: without waiting for the threads of libraries
