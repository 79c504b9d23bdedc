"""Quiet itself."""

from __future__ import annotations


class Thing:
    """What a file asks for."""
