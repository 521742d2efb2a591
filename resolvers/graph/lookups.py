"""Look-ups: fields whose resolver does nothing but ask one question with ids that the object holds, as data.

The resolver stays what it is, beside its field, and is what graphql-core calls. This says the same again for whoever
resolves a whole list: all its keys are asked at once, without a call a row. A test runs each resolver against it.

A table, and not a decorator of the resolvers: it is an optimisation, and a field left out of it is only slower.
"""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass

from resolvers.graph.questions import Question

BROUGHT = frozenset({Question.RELEASE, Question.FLEET})
"Answered as well by rows that came along with others."


@dataclass(frozen=True, slots=True)
class LookUp:
    """The value is `known` unless that is None; else what `question` answers for (source_name, `by`).

    known, by: names of attributes of the object; it has a `source_name` too. is_optional: where `by` is None, nothing
    is asked, and the value is null.
    """

    question: Question
    by: str = "native_id"
    known: str | None = None
    is_optional: bool = False


def _linked(question: Question, by: str) -> LookUp:
    return LookUp(question, by, is_optional=True)


LOOK_UPS: Mapping[tuple[str, str], LookUp] = {
    ("Release", "is_deployed"): LookUp(Question.IS_DEPLOYED),
    ("Release", "device_count"): LookUp(Question.DEVICES_ON_RELEASE, known="known_device_count"),
    ("Release", "tags"): LookUp(Question.TAGS_OF_RELEASE),
    ("Release", "fleet"): _linked(Question.FLEET, "fleet_native_id"),
    ("Fleet", "device_count"): LookUp(Question.DEVICES_IN_FLEET, known="known_device_count"),
    ("Fleet", "tags"): LookUp(Question.TAGS_OF_FLEET, known="known_tags"),
    ("Fleet", "target_release"): _linked(Question.RELEASE, "target_release_native_id"),
    ("Artifact", "download_url"): LookUp(Question.DOWNLOAD_URL),
    ("Cohort", "fleet"): LookUp(Question.FLEET, "fleet_native_id"),
    ("Cohort", "current_release"): _linked(Question.RELEASE, "current_release_native_id"),
    ("Deployment", "release"): _linked(Question.RELEASE, "release_native_id"),
    ("Deployment", "fleet"): _linked(Question.FLEET, "fleet_native_id"),
    ("Deployment", "cohort"): _linked(Question.COHORT, "cohort_native_id"),
    ("Device", "fleet"): _linked(Question.FLEET, "fleet_native_id"),
    ("Device", "cohort"): _linked(Question.COHORT, "cohort_native_id"),
    ("Device", "running_release"): _linked(Question.RELEASE, "running_release_native_id"),
    ("Device", "target_release"): _linked(Question.RELEASE, "target_release_native_id"),
    ("Device", "tags"): LookUp(Question.TAGS_OF_DEVICE, known="tags_of"),
}
"""By the type's name and the field's Python name."""
