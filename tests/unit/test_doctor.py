"""The doctor: what it finds at each vendor, how it tells it, and how it ends."""

from __future__ import annotations

import json
import os
import re
import socket
import subprocess
import sys
from datetime import UTC, datetime, timedelta
from pathlib import Path
from typing import Any

import msgspec
import pytest

from gateway import doctor
from gateway.demo import demo_settings
from gateway.settings import Settings, load
from resolvers.federation.product_lines import FleetRef, LineSpec, Naming
from resolvers.graph.enums import SourceKind
from resolvers.transport.http import Http
from resolvers.transport.observe import Call
from resolvers.transport.session import Transport
from resolvers.upstreams.examination import Check, Credential, Examination, Sample
from resolvers.upstreams.examiners import EXAMINERS
from tests.conftest import MockPort

ROOT = Path(__file__).parents[2]
SECRET = "h3mlighet-that-nobody-may-see"
EVERY_KIND = pytest.mark.parametrize("kind", list(SourceKind), ids=lambda kind: kind.name.lower())


def variables(mocks: MockPort, *kinds: SourceKind, token: str | None = None) -> dict[str, str]:
    """Of sources that are let in by a token; `token` for every one instead of the demo's."""
    urls = {f"{kind.name}_URL": f"{mocks.url}/{kind.name.lower()}" for kind in kinds}
    return urls | {f"{kind.name}_TOKEN": token or f"demo-{kind.name.lower()}-token" for kind in kinds}


def settings(environ: dict[str, str]) -> Settings:
    return load(Path(os.devnull), environ)


def examined(mocks: MockPort, kind: SourceKind, token: str | None = None, **more: str) -> doctor.Diagnosis:
    """The one source of a kind."""
    (diagnosis,) = doctor.examine(settings(variables(mocks, kind, token=token) | more))
    return diagnosis


def command(*arguments: str, cwd: Path, **environ: str) -> subprocess.CompletedProcess[str]:
    base = {"PATH": os.environ["PATH"], "PYTHONPATH": str(ROOT), "NO_COLOR": "1"}
    line = [sys.executable, "-c", "from gateway.cli import main; main()", "doctor", *arguments]
    return subprocess.run(line, cwd=cwd, env=base | environ, capture_output=True, text=True, timeout=60, check=False)


def checks(findings: list[Any]) -> list[Check]:
    return [finding.check for finding in findings]


@pytest.fixture
def closed_port() -> int:
    with socket.create_server(("127.0.0.1", 0)) as listener:
        port: int = listener.getsockname()[1]
    return port


# What it finds


def test_every_kind_has_an_examiner() -> None:
    assert set(EXAMINERS) == set(SourceKind)


def test_the_demo_is_well_in_every_part(mocks: MockPort) -> None:
    found = doctor.examine(demo_settings(mocks.url, 8000))

    assert [each.name for each in found] == sorted(kind.name.lower() for kind in SourceKind)
    assert [each.examination.problems + each.examination.warnings for each in found] == [[]] * len(found)
    assert {each.examination.credential for each in found} == {Credential.ACCEPTED}
    assert all(each.examination.version for each in found)
    assert [sample.rows > 0 for each in found for sample in each.examination.samples] == [True] * 2 * len(found)


@EVERY_KIND
def test_it_only_ever_reads(kind: SourceKind, mocks: MockPort) -> None:
    examined(mocks, kind)

    changes = [call for call in mocks.calls if call["method"] != "GET" and not is_read(str(call["path"]))]
    assert mocks.calls
    assert changes == []


def is_read(path: str) -> bool:
    """Whether a POST to it only reads, or logs in."""
    return path.endswith(("/authentication", "/api/releases", "/api/applications/list"))


@EVERY_KIND
def test_a_bad_token_is_told_as_one_and_nothing_more_is_asked(kind: SourceKind, mocks: MockPort) -> None:
    found = examined(mocks, kind, token=SECRET)

    exam = found.examination
    assert (found.is_well, exam.credential, checks(exam.problems)) == (False, Credential.REFUSED, [Check.CREDENTIAL])
    assert (exam.samples, exam.may) == ([], [])
    assert len(mocks.calls) <= 2


def test_a_bad_password_is_told_as_one(mocks: MockPort) -> None:
    login = {"METAKRAFTWERK_EMAIL": "demo@metakraftwerk.example", "METAKRAFTWERK_PASSWORD": SECRET}

    (found,) = doctor.examine(settings({"METAKRAFTWERK_URL": f"{mocks.url}/metakraftwerk", **login}))

    assert found.examination.credential is Credential.REFUSED
    assert "password" in found.examination.problems[0].advice


@EVERY_KIND
def test_a_source_that_cannot_be_reached_is_one_problem(kind: SourceKind, mocks: MockPort, closed_port: int) -> None:
    found = examined(mocks, kind, **{f"{kind.name}_URL": f"http://127.0.0.1:{closed_port}"})

    assert checks(found.examination.problems) == [Check.REACHABLE] * len(found.examination.problems)
    assert found.examination.problems
    assert (found.told["reachable"], found.told["clockSkewS"], found.told["credential"]) == (False, None, "UNKNOWN")


@pytest.mark.parametrize(
    ("fault", "check", "advice"),
    [
        pytest.param({"status": 503}, Check.CREDENTIAL, "failed by itself", id="maintenance"),
        pytest.param({"status": 429, "retry_after": 7}, Check.CREDENTIAL, "run it again later", id="asked too often"),
        pytest.param({"drop": True}, Check.REACHABLE, "check its url", id="hung up"),
        pytest.param({"wrong_shape": True}, Check.CREDENTIAL, "url", id="another program answers there"),
    ],
)
@pytest.mark.parametrize("kind", [SourceKind.BUILDMASTER, SourceKind.METAKRAFTWERK], ids=lambda kind: kind.name.lower())
def test_trouble_is_told_with_what_to_do(
    kind: SourceKind, fault: dict[str, Any], check: Check, advice: str, mocks: MockPort
) -> None:
    mocks.fail(source=kind.name.lower(), **fault)

    found = examined(mocks, kind)

    assert not found.is_well
    assert check in checks(found.examination.problems)
    assert all(advice in problem.advice for problem in found.examination.problems)


@pytest.mark.parametrize(
    ("kind", "path", "check"),
    [
        pytest.param(SourceKind.BALENA, "*/release?*", Check.RELEASES, id="balena releases"),
        pytest.param(SourceKind.BALENA, "*/application?*", Check.FLEETS, id="balena fleets"),
        pytest.param(SourceKind.MEMFAULT, "*/releases?*", Check.RELEASES, id="memfault releases"),
        pytest.param(SourceKind.NERVESHUB, "*/firmwares", Check.RELEASES, id="nerveshub firmwares"),
    ],
)
def test_one_broken_list_leaves_the_rest_examined(kind: SourceKind, path: str, check: Check, mocks: MockPort) -> None:
    mocks.fail(source=kind.name.lower(), path=path, status=502)

    found = examined(mocks, kind)

    assert set(checks(found.examination.problems)) == {check}
    assert {sample.of for sample in found.examination.samples} == {Check.FLEETS, Check.RELEASES} - {check}


# What one vendor has


def test_buildmaster_without_the_grant_for_applications_is_well_and_warned(mocks: MockPort) -> None:
    mocks.mocks.switches["buildmaster"]["grant_application_management"] = False

    found = examined(mocks, SourceKind.BUILDMASTER)

    assert found.is_well
    assert [warning.check for warning in found.examination.warnings] == [Check.ACCESS]
    assert found.examination.may[0] == "use Release & Build Deployment"
    assert "use Application Management" not in found.examination.may


def test_buildmaster_tells_its_version_without_a_key(mocks: MockPort) -> None:
    found = examined(mocks, SourceKind.BUILDMASTER, token=SECRET)

    assert found.examination.version == "2025.4 (Build 1)"


@pytest.mark.parametrize(
    ("server", "version"),
    [pytest.param("current", "after 2.4.0", id="of August"), pytest.param("2.4.0", "2.4.0 or before", id="of March")],
)
def test_nerveshub_is_told_apart_by_its_rows(server: str, version: str, mocks: MockPort) -> None:
    mocks.mocks.switches["nerveshub"]["server_version"] = server

    found = examined(mocks, SourceKind.NERVESHUB)

    assert str(found.examination.version).startswith(version)


def test_a_token_that_sees_nothing_is_warned_about(mocks: MockPort) -> None:
    found = examined(mocks, SourceKind.NERVESHUB, token="demo-nerveshub-stranger-token")

    assert [warning.message for warning in found.examination.warnings] == ["it is let in, and sees no fleet"]


def test_fields_an_open_server_lacks_are_told_with_the_setting_that_helps(mocks: MockPort) -> None:
    mocks.mocks.switches["balena"]["open_server"] = True

    found = examined(mocks, SourceKind.BALENA, BALENA_SELECT_CLOUD_FIELDS="true")

    assert any("select_cloud_fields" in problem.advice for problem in found.examination.problems)


def test_a_fixed_token_of_metakraftwerk_is_warned_about(mocks: MockPort) -> None:
    found = examined(mocks, SourceKind.METAKRAFTWERK)

    assert found.is_well
    assert [warning.check for warning in found.examination.warnings] == [Check.CREDENTIAL]


# Samples


def test_members_that_came_unread_and_that_did_not_come_are_named() -> None:
    class Row(msgspec.Struct, rename="camel"):
        row_id: int
        made_by: str | None = None

    exam = Examination("it")
    exam.sample(Check.FLEETS, [msgspec.Raw(b'{"rowId": 1}'), msgspec.Raw(b'{"rowId": 2, "colour": 3}')], Row)

    assert exam.samples == [Sample(Check.FLEETS, 2, ("colour",), ("madeBy",))]
    assert exam.problems == []


def test_rows_that_cannot_be_read_are_a_problem_that_names_the_place() -> None:
    class Row(msgspec.Struct):
        id: int

    exam = Examination("it")
    exam.sample(Check.RELEASES, [msgspec.Raw(b'{"id": 1}'), msgspec.Raw(b'{"id": "two"}'), msgspec.Raw(b"3")], Row)

    (problem,) = exam.problems
    assert problem.check is Check.RELEASES
    assert problem.message == "2 of 3 rows cannot be read: Expected int, got str - at $.id"


@pytest.mark.parametrize(
    ("raw", "sentence"),
    [
        pytest.param(b'{"id": 2, "name": "M\xfcll"}', "Text is not UTF-8", id="another encoding"),
        pytest.param(b'{"a":' * 100_000, "Nested too deep", id="a nest without end"),
    ],
)
def test_a_row_of_unreadable_bytes_is_a_problem_like_any_other(raw: bytes, sentence: str) -> None:
    class Row(msgspec.Struct):
        id: int
        name: str = ""

    exam = Examination("it")
    exam.sample(Check.RELEASES, [msgspec.Raw(b'{"id": 1}'), msgspec.Raw(raw)], Row)

    assert exam.samples == [Sample(Check.RELEASES, 2, (), ("name",))]
    assert [problem.message for problem in exam.problems] == [f"1 of 2 rows cannot be read: {sentence}"]


# The clock


@pytest.mark.parametrize(
    ("ahead_s", "warned"),
    [
        pytest.param(0, [], id="together"),
        pytest.param(-50, [], id="within a minute"),
        pytest.param(-300, ["its clock is so many s ahead of ours"], id="ours is late"),
        pytest.param(300, ["its clock is so many s behind ours"], id="ours is early"),
    ],
)
def test_a_clock_is_warned_about_beyond_a_minute(ahead_s: int, warned: list[str], mocks: MockPort) -> None:
    def clock() -> datetime:
        return datetime.now(UTC).replace(microsecond=0) + timedelta(seconds=ahead_s)

    (found,) = doctor.examine(settings(variables(mocks, SourceKind.NERVESHUB)), clock)

    assert found.is_well
    assert [re.sub(r"\d+", "so many", warning.message) for warning in found.examination.warnings] == warned


async def test_an_observer_is_told_the_date_of_the_answer_also_of_a_refusal(mocks: MockPort) -> None:
    calls: list[Call] = []
    async with Transport(calls.append) as transport:
        http = Http(transport, "it", f"{mocks.url}/nerveshub", timeout_s=5)
        await http.get("/status/alive")
        await http.find("/api/none")

    assert [call.status for call in calls] == [200, 404]
    assert all(call.server_date and call.server_date.endswith("GMT") for call in calls)


async def test_an_observer_is_told_no_date_without_an_answer(closed_port: int) -> None:
    calls: list[Call] = []
    async with Transport(calls.append) as transport:
        http = Http(transport, "it", f"http://127.0.0.1:{closed_port}", timeout_s=5)
        with pytest.raises(Exception, match="no connection"):
            await http.get("/")

    assert [call.server_date for call in calls] == [None]


@pytest.mark.parametrize("date", [None, "", "yesterday", "Sat, 99 Nov 2026 09:57:21 GMT"])
def test_a_date_that_is_none_is_no_skew(date: str | None) -> None:
    line = doctor.Line()

    line.observe(Call("it", "GET", "/", 200, 1.0, 0, None, False, date), datetime.now(UTC))

    assert (line.answers, line.clock_skew_s) == (1, None)


# How it tells it


def test_json_has_the_shape_that_is_documented_and_0_when_all_is_well(mocks: MockPort, tmp_path: Path) -> None:
    environ = variables(mocks, SourceKind.BUILDMASTER, SourceKind.MEMFAULT)

    done = command("--json", cwd=tmp_path, **environ)

    told = json.loads(done.stdout)
    assert (done.returncode, done.stderr, told["ok"]) == (0, "", True)
    assert [source["name"] for source in told["sources"]] == ["buildmaster", "memfault"]
    assert {tuple(source) for source in told["sources"]} == {
        (
            *("name", "kind", "url", "ok", "reachable", "latencyMs", "clockSkewS", "credential", "identity"),
            *("version", "may", "samples", "problems", "warnings"),
        )
    }
    assert {tuple(sample) for source in told["sources"] for sample in source["samples"]} == {
        ("of", "rows", "unknown", "missing")
    }


def test_problems_come_first_and_end_with_1_and_no_secret_is_shown(mocks: MockPort, tmp_path: Path) -> None:
    environ = variables(mocks, SourceKind.BALENA, SourceKind.BUILDMASTER)
    refused = variables(mocks, SourceKind.NERVESHUB, token=SECRET)

    shown = command(cwd=tmp_path, **environ, **refused)
    told = command("--json", cwd=tmp_path, **environ, **refused)

    heads = [line.split()[:2] for line in shown.stdout.splitlines() if line.startswith(("ok ", "PROBLEM "))]
    assert heads == [["PROBLEM", "nerveshub"], ["ok", "balena"], ["ok", "buildmaster"]]
    assert shown.stdout.splitlines()[1].startswith("  problem     credential: ")
    assert shown.stdout.endswith("1 of 3 sources with problems: nerveshub\n")
    assert (shown.returncode, told.returncode) == (1, 1)
    assert [problem["check"] for problem in json.loads(told.stdout)["sources"][0]["problems"]] == ["credential"]
    everything = shown.stdout + shown.stderr + told.stdout + told.stderr
    assert not any(secret in everything for secret in (SECRET, "demo-balena-token", "demo-buildmaster-token"))


@pytest.mark.parametrize("arguments", [[], ["--json"]], ids=["for people", "for programs"])
def test_bad_settings_end_with_2_and_sentences(arguments: list[str], tmp_path: Path) -> None:
    done = command(*arguments, cwd=tmp_path, BUILDMASTER_TOKEN=SECRET)

    assert (done.returncode, done.stdout) == (2, "")
    assert "sources.buildmaster.url: not set" in done.stderr
    assert SECRET not in done.stderr


def test_the_readme_names_every_member_and_every_check(mocks: MockPort) -> None:
    (table,) = re.findall(r"^\| member \|.*\n\|[-|]+\|\n((?:\|.*\n)+)", (ROOT / "README.md").read_text(), re.MULTILINE)
    named = {word.strip(".[]").removesuffix("[]") for word in re.findall(r"`([^`]+)`", table)}

    told = examined(mocks, SourceKind.NERVESHUB).told

    assert {*told, *told["samples"][0], *Check, *Credential} - {"finding"} <= named


def test_a_source_whose_callers_bring_their_credentials_is_not_asked_and_no_problem(
    mocks: MockPort, tmp_path: Path
) -> None:
    environ = {"MEMFAULT_URL": f"{mocks.url}/memfault", "MEMFAULT_PASSTHROUGH": "x-memfault-token"}

    done = command("--json", cwd=tmp_path, **environ)

    told = json.loads(done.stdout)
    assert (done.returncode, told["ok"], told["gateway"]["passthrough"]) == (0, True, {"memfault": "x-memfault-token"})
    assert [finding["check"] for finding in told["sources"][0]["warnings"]] == ["credential"]
    assert mocks.calls == []


# Product lines


def test_a_fleet_of_a_product_line_that_is_not_there_is_a_problem_of_its_source(mocks: MockPort) -> None:
    wrong = LineSpec(
        "Hub",
        (
            FleetRef("balena", Naming.SLUG, "acme/sensor-hubb"),
            FleetRef("balena", Naming.SLUG, "acme/sensor-hub"),
            FleetRef("buildmaster", Naming.NAME, "Sensor Hub"),
            FleetRef("metakraftwerk", Naming.ID, "99"),
        ),
    )
    found = doctor.examine(demo_settings(mocks.url, 8000).model_copy(update={"product_lines": (wrong,)}))

    told = {each.name: [(one.check, one.message) for one in each.examination.problems] for each in found}
    assert told["balena"] == [
        (
            Check.PRODUCT_LINES,
            "a product line names the fleet with the slug acme/sensor-hubb, which is not there",
        )
    ]
    assert [check for check, _ in told["metakraftwerk"]] == [Check.PRODUCT_LINES]
    assert told["buildmaster"] == told["memfault"] == []


def test_fleets_that_cannot_be_read_are_told_once_and_not_called_missing(mocks: MockPort) -> None:
    mocks.fail(source="balena", path="*slug%20in*", status=503)

    found = {each.name: each for each in doctor.examine(demo_settings(mocks.url, 8000))}

    assert checks(found["balena"].examination.problems) == [Check.PRODUCT_LINES]
    assert "503" in found["balena"].examination.problems[0].message
