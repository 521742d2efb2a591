"""Precedence: the comparable parts of a version, built so that comparing any two never raises.

A *stage* is what follows the release numbers (pre-release, post-release, or neither), a *build* what follows `+`.
`versions` puts them together. Pure; imports nothing of ours.
"""

from __future__ import annotations

import re
from typing import Any, Final

import packaging.version

# Nested tuples of text and numbers. Every place where kinds could meet is preceded by a number that tells them apart.
Key = tuple[Any, ...]


def magnitude(digits: str) -> tuple[int, str]:
    """Digits as a number of any length: int() refuses more than 4,300 of them, a serial may be longer."""
    significant = digits.lstrip("0") or "0"
    return (len(significant), significant)


def unpadded(release: tuple[int, ...]) -> tuple[int, ...]:
    """Without trailing zeros, so that 1.2 and 1.2.0 meet."""
    end = len(release)
    while end and release[end - 1] == 0:
        end -= 1
    return release[:end]


# A stage is what follows the release numbers, as steps compared one by one. The numbers put `1.2.0-rc` before
# `1.2.0-rc.1`, 1.2.dev1 before all its pre-releases, 1.2rc1.dev1 before 1.2rc1, and 1.2 before 1.2.post1.
_DEV, _END, _DIGITS, _WORD, _POST, _RELEASED = range(6)

FINAL_STAGE: Final[Key] = ((_RELEASED,), (_END,))
_LONG_WORDS: Final = {"a": "alpha", "b": "beta", "rc": "rc"}


def semver_stage(prerelease: str | None) -> Key:
    if prerelease is None:
        return FINAL_STAGE
    return (*map(_identifier, prerelease.split(".")), (_END,))


def _identifier(text: str) -> Key:
    return (_DIGITS, magnitude(text)) if text.isdigit() else (_WORD, text)


def pep440_stage(version: packaging.version.Version) -> Key:
    steps: list[Key] = []
    if version.pre is not None:
        letter, number = version.pre
        steps += [(_WORD, _LONG_WORDS[letter]), (_DIGITS, magnitude(str(number)))]
    elif version.post is not None or version.dev is None:
        steps.append((_RELEASED,))
    if version.post is not None:
        steps.append((_POST, version.post))
    steps.append((_END,) if version.dev is None else (_DEV, version.dev))
    return tuple(steps)


# Marks that no spelling has keep apart what would read alike: SemVer's word `post1` and PEP 440's post-release.
_MARKS: Final = {_DIGITS: ".", _WORD: ".", _DEV: "!dev", _POST: "!post"}


def stage_text(stage: Key) -> str:
    """A text that only this stage has; empty for the release itself."""
    text = "".join(f"{_MARKS[kind]}{_plain(*value)}" for kind, *value in stage if kind in _MARKS)
    return f"-{text.removeprefix('.')}" if text else ""


def _plain(value: object) -> object:
    return value[1] if isinstance(value, tuple) else value


def leads_up_to(stage: Key, bound: Key) -> bool:
    """Whether a stage before the bound, of the same numbers, belongs to it: 2rc1 to 2, 2.post1.dev1 to its post1."""
    return bound == FINAL_STAGE or stage[:-1] == bound[:-1]


def follows_up_on(stage: Key, bound: Key) -> bool:
    """Whether a stage of the same release numbers is a post-release of the bound: 2.post1 of 2, 2rc1.post1 of 2rc1."""
    trunk = bound[:-1]
    return bound[-1] == (_END,) and stage[: len(trunk)] == trunk and stage[len(trunk)][0] == _POST


# No build comes first, then PEP 440's, then SemVer's: packaging puts `+rev10` before `+rev2`, as text, while
# balena counts its rebuilds with it, and one chain cannot do both.


def pep440_build(local: str | None) -> Key:
    if local is None:
        return ()
    return (0, *((1, magnitude(part)) if part.isdigit() else (0, part) for part in local.split(".")))


_REVISION: Final = re.compile(r"rev([0-9]+)")


def semver_build(build: str | None) -> Key:
    return () if build is None else (1, *map(_build_identifier, build.split(".")))


def _build_identifier(text: str) -> Key:
    if text.isdigit():
        return (0, "", magnitude(text))
    if revision := _REVISION.fullmatch(text):
        return (1, "rev", magnitude(revision[1]))
    return (1, text, (0, ""))
