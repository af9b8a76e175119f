"""Rehearse your answers out loud."""

import os

# Set before any of them is imported: nothing of a rehearsal, not even that there was one, leaves
# the machine.
os.environ["ORT_DISABLE_TELEMETRY"] = "1"
os.environ["HF_HUB_DISABLE_TELEMETRY"] = "1"

__version__ = "0.1.0"
