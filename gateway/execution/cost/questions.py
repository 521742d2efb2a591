"""Questions: what each field asks of sources, by its type. A test holds that no field that asks is missing here."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Final

from resolvers.graph.questions import Question

KIN: Final = "releases"
"The method behind neighbours of a release: all releases of its fleet."
HEAVY: Final = "columns_by_release_id"

Q = Question
ASKED: Mapping[tuple[str, str], tuple[str, ...]] = {
    ("Release", "isDeployed"): (Q.IS_DEPLOYED,),
    ("Release", "deviceCount"): (Q.DEVICES_ON_RELEASE,),
    ("Release", "tags"): (Q.TAGS_OF_RELEASE,),
    ("Release", "fleet"): (Q.FLEET,),
    ("Release", "previous"): (KIN,),
    ("Release", "next"): (KIN,),
    ("Release", "hotfixOf"): (KIN,),
    ("Release", "hotfixes"): (KIN,),
    ("Release", "builds"): (Q.BUILDS_OF_RELEASE,),
    ("Release", "deployments"): (Q.DEPLOYMENTS_OF_RELEASE,),
    ("Release", "artifacts"): (Q.ARTIFACTS_OF_RELEASE,),
    ("Fleet", "deviceCount"): (Q.DEVICES_IN_FLEET,),
    ("Fleet", "tags"): (Q.TAGS_OF_FLEET,),
    ("Fleet", "targetRelease"): (Q.RELEASE,),
    ("Fleet", "latestRelease"): (KIN,),
    ("Fleet", "cohorts"): (Q.COHORTS_OF_FLEET,),
    ("Fleet", "devices"): (Q.DEVICES_OF_FLEET,),
    ("Fleet", "deployments"): (Q.DEPLOYMENTS_OF_FLEET,),
    ("Cohort", "fleet"): (Q.FLEET,),
    ("Cohort", "currentRelease"): (Q.RELEASE,),
    ("Cohort", "devices"): (Q.DEVICES_OF_COHORT,),
    ("Cohort", "deployments"): (Q.DEPLOYMENTS_OF_COHORT,),
    ("Deployment", "release"): (Q.RELEASE,),
    ("Deployment", "fleet"): (Q.FLEET,),
    ("Deployment", "cohort"): (Q.COHORT,),
    ("Device", "fleet"): (Q.FLEET,),
    ("Device", "cohort"): (Q.COHORT,),
    ("Device", "runningRelease"): (Q.RELEASE,),
    ("Device", "targetRelease"): (Q.RELEASE,),
    ("Device", "tags"): (Q.TAGS_OF_DEVICE,),
    ("Artifact", "downloadUrl"): (Q.DOWNLOAD_URL,),
    ("Artifact", "releases"): (Q.RELEASES_OF_ARTIFACT,),
    ("Build", "artifacts"): (Q.ARTIFACTS_OF_BUILD,),
    ("BalenaRelease", "composition"): (HEAVY,),
    ("BalenaRelease", "contract"): (HEAVY,),
    ("BalenaRelease", "buildLog"): (HEAVY,),
    ("BuildMasterRelease", "furthestBuild"): (Q.BUILD,),
    ("BuildMasterRelease", "latestBuild"): (Q.BUILD,),
    # Read with the line, which was asked for above.
    ("ReleaseTrain", "releases"): (),
    ("ReleaseTrain", "missingFrom"): (),
    ("ProductLine", "fleets"): (),
    ("ProductLine", "trains"): (),
    ("Fleet", "productLine"): (),
    # Known from the settings.
    ("SourceReport", "source"): (),
}
LINKED: Mapping[tuple[str, str], str] = {
    ("Release", "next"): Q.RELEASE,
    ("Release", "hotfixes"): Q.RELEASE,
    ("Artifact", "releases"): Q.RELEASE,
    ("Build", "releases"): Q.RELEASE,
}
"Lists of objects that are named by id, and looked up one page of them at once."

LOOK_UPS: Mapping[str, str] = {
    "Release": Q.RELEASE,
    "Fleet": Q.FLEET,
    "Artifact": Q.ARTIFACT,
    "Cohort": Q.COHORT,
    "Build": Q.BUILD,
    "Deployment": Q.DEPLOYMENT,
    "Device": Q.DEVICE,
    "Source": "",
    "ProductLine": "",
    "ReleaseTrain": "",
}
"The question behind each type of a global id; none for what settings or product lines tell."
OF_ARTIFACTS = frozenset({Q.ARTIFACT, Q.ARTIFACTS_OF_RELEASE, Q.ARTIFACTS_OF_BUILD, "artifacts"})
"Not asked of a source that has none."
