"""Errors: what can go wrong, told apart once, with the code a client sees in `extensions.code`.

It is there -> the value. It is known not to be there -> None or []. We could not find out -> an UpstreamError; it
never becomes the second. Messages are for the person on call: they name the source and the call, never a token and
never a body. The endpoint hides whatever is not in this tree.
"""

from __future__ import annotations

from typing import Any, ClassVar


class ReleasegraphError(Exception):
    """Anything a client may read as it is."""

    code: ClassVar[str] = "INTERNAL"

    @property
    def extensions(self) -> dict[str, Any]:
        """Goes into the GraphQL error as it is: graphql-core reads this attribute of the original error."""
        return {"code": self.code}


def untraced(error: BaseException | None) -> None:
    """Forgets where it was raised, and what it was raised from. The frames there hold what was worked on, often the
    error among it: such circles wait for the collector, with all rows of their request."""
    while error is not None:
        error.__traceback__ = None
        error = error.__cause__ or error.__context__


class BadArgument(ReleasegraphError):
    """An argument outside what is accepted: the message names it and what would be."""

    code = "BAD_ARGUMENT"


class BadCursor(ReleasegraphError):
    """A cursor that was altered, or belongs to another list, order or filter."""

    code = "BAD_CURSOR"


class InvalidKey(ReleasegraphError):
    """An id this graph never issued, or one of another type."""

    code = "INVALID_KEY"


class OperationNotSupported(ReleasegraphError):
    """The source's vendor has no such operation."""

    code = "OPERATION_NOT_SUPPORTED"


class WritesDisabled(ReleasegraphError):
    """The source is not writable, or this gateway lets nobody write."""

    code = "WRITES_DISABLED"


class Unauthenticated(ReleasegraphError):
    """A credential is needed, or the one that was sent is not known."""

    code = "UNAUTHENTICATED"


class AuthenticationUnavailable(ReleasegraphError):
    """Who asks cannot be found out just now: the keys that tokens are checked by cannot be had."""

    code = "AUTHENTICATION_UNAVAILABLE"


class Forbidden(ReleasegraphError):
    """The caller is known, and may not do this."""

    code = "FORBIDDEN"


class UserMistake(ReleasegraphError):
    """A change the caller asked for and can mend: told in the payload's `userErrors`, never in `errors`.

    kind: REQUIRED, INVALID, NOT_FOUND, CONFLICT, REJECTED or NOT_CONFIRMED; path: of the input field, if it is one's.
    """

    code = "USER_MISTAKE"

    def __init__(self, kind: str, message: str, path: tuple[str, ...] | None = None):
        super().__init__(message)
        self.kind, self.path = kind, path


class UpstreamError(ReleasegraphError):
    """We could not find out, because of this source. retry_after_s: when it may be asked again, where that is known."""

    code = "UPSTREAM_ERROR"

    def __init__(self, source: str, what: str, retry_after_s: int | None = None):
        super().__init__(f"{source}: {what}")
        self.source, self.retry_after_s = source, retry_after_s

    @property
    def extensions(self) -> dict[str, Any]:
        waiting = {} if self.retry_after_s is None else {"retryAfter": self.retry_after_s}
        return {"code": self.code, "source": self.source, **waiting}


class UpstreamUnreachable(UpstreamError):
    """No connection, or it broke in the middle of the answer."""

    code = "UPSTREAM_UNREACHABLE"


class UpstreamTimeout(UpstreamError):
    """No full answer within the source's `timeout_s`, or before the whole request's time was over."""

    code = "UPSTREAM_TIMEOUT"


class UpstreamRefused(UpstreamError):
    """Our credential was not accepted, or may not do this."""

    code = "UPSTREAM_REFUSED"


class CredentialRequired(UpstreamError):
    """The source has no credential of its own, and the caller brought none for it."""

    code = "CREDENTIAL_REQUIRED"


class UpstreamBusy(UpstreamError):
    """Asked too often; `retry_after_s` when the upstream said how long to wait."""

    code = "UPSTREAM_BUSY"


class UpstreamBroken(UpstreamError):
    """The upstream failed by itself: 5xx."""

    code = "UPSTREAM_BROKEN"


class UpstreamCircuitOpen(UpstreamError):
    """It was not asked, since it failed again and again; `retry_after_s` until the next try."""

    code = "UPSTREAM_CIRCUIT_OPEN"


class UpstreamRejected(UpstreamError):
    """The upstream did not accept our own request: a mistake to report."""

    code = "UPSTREAM_REJECTED"


class UpstreamPayloadError(UpstreamError):
    """The answer, or some of its rows, is not in a known shape."""

    code = "UPSTREAM_PAYLOAD"


class ChangeUnconfirmed(UpstreamError):
    """A change left for the upstream, and nothing shows whether it was done: look before repeating it."""

    code = "CHANGE_UNCONFIRMED"

    def __init__(self, source: str, what: str):
        super().__init__(source, f"the change may have been done, look before you repeat it: {what}")


class SourceTooLarge(UpstreamError):
    """More rows or bytes than one request may read of a source; the message names the filters that help."""

    code = "SOURCE_TOO_LARGE"


class TooManyCalls(UpstreamError):
    """The operation has made all the upstream calls that it may: the source was not asked. What came so far stays."""

    code = "QUERY_TOO_COMPLEX"

    def __init__(self, source: str, cost: int, limit: int):
        super().__init__(
            source,
            f"not asked: the operation has made {cost} upstream calls; this server makes at most {limit} for one",
        )
        self.cost, self.limit = cost, limit

    @property
    def extensions(self) -> dict[str, Any]:
        return {**super().extensions, "cost": self.cost, "limit": self.limit}
