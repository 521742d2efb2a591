"""Surprise: whatever a compiled function was not made for. graphql-core then takes the same object."""

from __future__ import annotations


class Surprise(Exception):  # never leaves this package
    """A value that is not of the usual kind, or a selection that cannot be compiled."""
