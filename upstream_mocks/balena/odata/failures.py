"""The three ways a query can be refused."""

from __future__ import annotations


class MalformedUrlError(Exception):
    """The URL is not of the grammar."""


class MissingBindingError(Exception):
    """An alias is used that the URL gives no value; the message is its name with the `@`."""


class UntranslatableError(Exception):
    """The URL parses, but no database would take it: an unknown name, a literal of the wrong type."""
