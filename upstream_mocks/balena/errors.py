"""Refusals of the API. The body is a JSON *string*, nothing at all, or HTML when Express answers: never an object."""

from __future__ import annotations

MUST_RUN_SUCCESS = (
    "It is necessary that each release that should be running on an application, has a status that is equal to "
    '"success" and belongs to the application.'
)
MUST_PIN_SUCCESS = (
    'It is necessary that each release that is pinned to a device, has a status that is equal to "success" and '
    "belongs to an application1 that the device belongs to."
)
ONE_SUCCESS_PER_COMMIT = (
    'It is necessary that each application that owns a release1 that has a status that is equal to "success" and has '
    'a commit1, owns at most one release2 that has a status that is equal to "success" and has a commit2 that is '
    "equal to the commit1."
)
ONE_SUCCESS_PER_VERSION = (
    'It is necessary that each application that owns a release1 that has a status that is equal to "success" and is '
    "not invalidated and has a release version, owns at most one release2 that has a status that is equal to "
    '"success" and is not invalidated and has a release version that is of the release1.'
)
ONE_RELEASE_PER_REVISION = (
    "It is necessary that each application that owns a release1 that has a revision, owns at most one release2 that "
    "has a semver major that is of the release1 and has a semver minor that is of the release1 and has a semver patch "
    "that is of the release1 and has a semver prerelease that is of the release1 and has a variant that is of the "
    "release1 and has a revision that is of the release1."
)
REASON_NEEDS_INVALIDATION = "It is necessary that each release that has an invalidation reason, is invalidated."
SUCCESS_NEEDS_PUSH = (
    'It is necessary that each image that has a status that is equal to "success", has a push timestamp.'
)
NO_FLEET = "Application doesn't exist or you have no access to it."


class RefusedError(Exception):
    """A reply that is not the asked one: its status and the sentence of its body, None for an empty one."""

    def __init__(self, status: int, sentence: str | None = None):
        super().__init__(status, sentence)
        self.status = status
        self.sentence = sentence


def unauthorized() -> RefusedError:
    return RefusedError(401)


def broken() -> RefusedError:
    """The server stumbled; with this API mostly over a request it should have refused."""
    return RefusedError(500)


def wrong_type() -> RefusedError:
    return RefusedError(400)


def must_be_unique(names: tuple[str, ...]) -> RefusedError:
    return RefusedError(409, " and ".join(f'"{name}"' for name in names) + " must be unique.")


def is_referenced(name: str) -> RefusedError:
    return RefusedError(409, f"Data is referenced by {name}.")
