"""Refusal: what was asked for cannot be checked at all, which is neither passed nor failed."""


class NotChecked(Exception):
    """No schema where one should be, no operation to look at, nothing asked for: the message names it and says why."""
