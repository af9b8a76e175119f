"""Rehearse your answers out loud."""

__version__ = "0.1.0"
