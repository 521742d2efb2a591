"""`releasegraph schema check` as a pipeline runs it: what it prints, and how it ends."""

from __future__ import annotations

import json
import os
import re
import subprocess
from pathlib import Path
from typing import Any

import pytest
from typer.main import get_command
from typer.testing import CliRunner, Result

from gateway.cli import app
from resolvers.schema import schema

ROOT = Path(__file__).parents[2]
README = (ROOT / "README.md").read_text(encoding="utf-8")
PRESENT = schema.as_str()
ANOTHER_STATUS = PRESENT.replace("enum ReleaseStatus {\n", 'enum ReleaseStatus {\n  """Held back."""\n  PAUSED\n\n')
FINE = "{ releases { nodes { id } } }"


def check(*arguments: str | Path) -> Result:
    return CliRunner().invoke(app, ["schema", "check", *map(str, arguments)])


def found(*arguments: str | Path) -> dict[str, Any]:
    """What it tells programs."""
    told: dict[str, Any] = json.loads(check(*arguments, "--format", "json").stdout)
    return told


@pytest.fixture(autouse=True)
def in_a_folder_of_its_own(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.chdir(tmp_path)


@pytest.fixture
def repository(tmp_path: Path) -> Path:
    """A git repository whose `main` has the schema of today, and nothing else."""
    (tmp_path / "schema.graphql").write_text(PRESENT)
    git("init", "-q", "-b", "main")
    git("add", ".")
    git("-c", "user.name=a", "-c", "user.email=a@example.com", "commit", "-q", "-m", "One.")
    (tmp_path / "schema.graphql").unlink()
    return tmp_path


def git(*arguments: str) -> None:
    quiet = {"GIT_CONFIG_GLOBAL": os.devnull, "GIT_CONFIG_SYSTEM": os.devnull, "PATH": os.environ["PATH"]}
    subprocess.run(["git", *arguments], check=True, env=quiet)


def written(name: str, text: str) -> Path:
    file = Path(name)
    file.parent.mkdir(parents=True, exist_ok=True)
    file.write_text(text)
    return file


def stored(**texts: str) -> Path:
    """A directory of operations by their names."""
    for name, text in texts.items():
        written(f"operations/{name}.graphql", text)
    return Path("operations")


# Against an older one


def test_the_schema_of_today_is_no_change_from_itself() -> None:
    done = check("--against", written("old.graphql", PRESENT))

    assert (done.exit_code, done.stdout) == (0, "changes since old.graphql: none\n")


def test_a_change_that_breaks_ends_with_1_and_one_that_is_dangerous_with_0() -> None:
    breaking = check("--against", written("one.graphql", ANOTHER_STATUS))
    dangerous = check("--schema", "one.graphql", "--against", written("two.graphql", PRESENT))

    assert (breaking.exit_code, dangerous.exit_code) == (1, 0)
    assert "\n  ReleaseStatus.PAUSED  Enum value ReleaseStatus.PAUSED was removed.\n" in breaking.stdout
    assert "\n  ReleaseStatus.PAUSED  Enum value ReleaseStatus.PAUSED was added.\n" in dangerous.stdout


def test_the_bar_can_be_raised() -> None:
    files = ("--schema", written("new.graphql", ANOTHER_STATUS), "--against", written("old.graphql", PRESENT))

    assert check(*files, "--fail-on", "dangerous").exit_code == 1


@pytest.mark.parametrize("revision", ["main", "HEAD", "main:schema.graphql"])
def test_a_revision_stands_for_its_committed_schema(repository: Path, revision: str) -> None:
    done = check("--against", revision)

    assert (done.exit_code, done.stdout) == (0, f"changes since {revision}: none\n")


def test_a_revision_is_found_from_a_folder_below(repository: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    (repository / "below").mkdir()
    monkeypatch.chdir("below")

    assert check("--against", "main").exit_code == 0


@pytest.mark.parametrize(
    ("name", "said"),
    [
        pytest.param(
            "v9", "neither a file nor a git revision that holds schema.graphql (fatal: ", id="no such revision"
        ),
        pytest.param(
            "main:api/x.graphql", "holds api/x.graphql (fatal: path 'api/x.graphql' does not", id="no such file"
        ),
        pytest.param("--output=stolen", "neither a file nor a git revision", id="an option of git's"),
        pytest.param("main; touch stolen", "neither a file nor a git revision", id="a command of the shell's"),
    ],
)
def test_what_is_neither_file_nor_revision_ends_with_2(repository: Path, name: str, said: str) -> None:
    done = check(f"--against={name}")

    assert (done.exit_code, done.stdout, done.stderr.count("\n")) == (2, "", 1)
    assert said in done.stderr
    assert not Path("stolen").exists()


def test_outside_of_a_repository_a_revision_is_told_as_git_tells_it(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("GIT_CEILING_DIRECTORIES", str(Path.cwd().parent))

    assert "(fatal: not a git repository" in check("--against", "main").stderr


def test_without_git_a_revision_is_told_as_what_cannot_be_asked(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("PATH", "")

    done = check("--against", "main")

    assert done.exit_code == 2
    assert "there is no git to ask" in done.stderr


@pytest.mark.parametrize(
    ("text", "said"),
    [
        pytest.param("type Query {", "old.graphql:1:13: not a schema: Syntax Error", id="syntax"),
        pytest.param(
            "type Query { a: Nobody }", "old.graphql:1:17: not a schema: Unknown type 'Nobody'.", id="no such type"
        ),
        pytest.param("type Thing { a: Int }", "old.graphql: not a schema: it has no type Query", id="no query"),
        pytest.param("{ releases { nodes { id } } }", "old.graphql: not a schema: it has no type", id="an operation"),
    ],
)
def test_a_file_that_is_no_schema_ends_with_2_and_its_place(text: str, said: str) -> None:
    done = check("--against", written("old.graphql", text))

    assert (done.exit_code, done.stdout) == (2, "")
    assert said in done.stderr


def test_directives_that_only_a_composer_knows_are_let_be() -> None:
    linked = f'extend schema @link(url: "https://specs.example/v2", import: ["@key"])\n{PRESENT}'

    assert check("--against", written("old.graphql", linked)).exit_code == 0


# Stored operations


def test_operations_that_fit_are_counted_and_end_with_0() -> None:
    done = check("--operations", stored(one=FINE, two=FINE))

    assert (done.exit_code, done.stdout) == (0, "files with operations in operations: 2, none refused\n")


def test_files_are_found_in_folders_below_and_by_either_ending() -> None:
    written("operations/deep/er/a.gql", FINE)
    written("operations/b.graphql", FINE)
    written("operations/notes.txt", "no operation")

    assert found("--operations", "operations")["operations"]["files"] == 2


@pytest.mark.parametrize(
    ("text", "line", "column", "said"),
    [
        pytest.param("{\n  quite\n}", 2, 3, "Cannot query field 'quite' on type 'Query'.", id="unknown field"),
        pytest.param("{ releases", 1, 11, "Syntax Error: Expected Name, found <EOF>.", id="syntax"),
        pytest.param("", 1, 1, "Syntax Error: Unexpected <EOF>.", id="empty"),
        pytest.param(
            "{ releases { nodes { ...Row } } }", 1, 25, "Unknown fragment 'Row'.", id="another file's fragment"
        ),
        pytest.param(
            "{ releases(first: 201) { nodes { id } } }", 1, 19, "first must be from 0 to 200, not 201", id="a long page"
        ),
        pytest.param(
            "query A($n: Int = 201) { releases(last: $n) { nodes { id } } }",
            1,
            19,
            "$n must be from 0 to 200, not 201",
            id="a long page by default",
        ),
        pytest.param(
            "{ releases(first: 1, last: 1) { nodes { id } } }",
            1,
            3,
            "first and last cannot be given together: choose one end of the list",
            id="both ends",
        ),
        pytest.param(
            "{ fleets(first: 200) { nodes { releases(first: 200) { nodes { artifacts { nodes { id } } } } } } }",
            1,
            1,
            "the operation has a number of rows of up to 840200; this server takes at most 50000",
            id="rows",
        ),
        pytest.param(
            "{ sources { " + " ".join(f"a{n}: totalCount" for n in range(31)) + " } }",
            1,
            1,
            "the operation has a number of aliases of 31; this server takes at most 30",
            id="aliases",
        ),
    ],
)
def test_what_the_server_would_refuse_is_told_with_its_place(text: str, line: int, column: int, said: str) -> None:
    told = found("--operations", stored(it=text))

    assert told["ok"] is False
    assert told["operations"]["problems"] == [{"file": "it.graphql", "line": line, "column": column, "message": said}]


def test_one_file_that_is_refused_fails_all_and_the_others_are_looked_at_too() -> None:
    done = check("--operations", stored(a="{ nobody }", b=FINE, c="{ nobody }"))

    assert done.exit_code == 1
    assert [line.split(":")[0] for line in done.stdout.splitlines()[:2]] == ["a.graphql", "c.graphql"]
    assert done.stdout.endswith("files with operations in operations: 3, 2 of them refused\n")


def test_deprecated_fields_are_warnings_and_pass() -> None:
    text = 'type Query { old: Int @deprecated(reason: "Ask new."), new: Int }'

    told = found("--operations", stored(it="{ old }"), "--schema", written("s.graphql", text))

    assert told["ok"] is True
    assert told["operations"]["warnings"] == [
        {"file": "it.graphql", "line": 1, "column": 3, "message": "The field Query.old is deprecated. Ask new."}
    ]


def test_a_variable_that_may_ask_for_too_many_rows_is_a_warning() -> None:
    releases = "releases(first: $n) { nodes { artifacts { nodes { id } } } }"
    text = f"query A($n: Int = 5) {{ fleets(first: $n) {{ nodes {{ {releases} }} }} }}"

    told = found("--operations", stored(it=text))

    (warning,) = told["operations"]["warnings"]
    assert told["ok"] is True
    assert warning["message"].endswith("this server takes at most 50000 with pages of 200 by variable")


def test_limits_are_those_of_the_settings_and_no_source_is_needed() -> None:
    written("gateway.toml", "[server]\nmax_depth = 2\n")

    (problem,) = found("--operations", stored(it=FINE))["operations"]["problems"]

    assert problem["message"] == "the operation has a depth of 3; this server takes at most 2"


def test_parts_are_refused_unless_the_settings_take_them() -> None:
    operations = stored(parts="{ releases { nodes { id ... @defer { name } } } }")
    written("gateway.toml", "[server]\nincremental = true")

    refused, taken = check("--operations", operations, "--config", os.devnull), check("--operations", operations)

    assert (refused.exit_code, taken.exit_code) == (1, 0)
    assert "@defer is not supported" in refused.stdout


def test_a_literal_is_checked_by_the_scalar_of_the_server() -> None:
    (problem,) = found("--operations", stored(it='{ releases(filter: { createdAfter: "soon" }) { nodes { id } } }'))[
        "operations"
    ]["problems"]

    assert "DateTime" in problem["message"]


@pytest.mark.parametrize("directory", ["gone", "empty", "file.graphql"])
def test_a_directory_without_operations_ends_with_2(directory: str) -> None:
    Path("empty").mkdir()
    written("file.graphql", FINE)

    done = check("--operations", directory)

    assert (done.exit_code, done.stdout) == (2, "")
    assert f"--operations {directory}: " in done.stderr


# Together, and as the README says


def test_nothing_asked_for_ends_with_2_and_what_to_give() -> None:
    done = check()

    assert (done.exit_code, done.stdout) == (2, "")
    assert "give --against with a file or a git revision, --operations, or both" in done.stderr


def test_both_are_told_and_one_that_fails_fails_both() -> None:
    told = found("--against", written("old.graphql", PRESENT), "--operations", stored(it="{ nobody }"))

    assert told["ok"] is False
    assert told["changes"] == {"breaking": [], "dangerous": [], "safe": []}
    assert len(told["operations"]["problems"]) == 1


def test_what_is_left_out_is_null() -> None:
    assert found("--operations", stored(it=FINE))["changes"] is None
    assert found("--against", written("old.graphql", PRESENT))["operations"] is None


def test_the_readme_shows_what_it_prints(repository: Path) -> None:
    (shown,) = re.findall(r"^```console\n\$ releasegraph schema check (.+)\n((?:.+\n)+?)```", README, re.MULTILINE)
    above, below = ANOTHER_STATUS.split("\ntype Release ")
    new = "\ntype Release ".join((above, re.sub(r'  """\n[^"]+\n  """\n  notes: String\n\n', "", below, count=1)))
    stored(**{"release-list": "query ReleaseList {\n  releases {\n    nodes {\n      id\n\n\n      notes\n}}}"})

    done = check(*shown[0].split(), "--schema", written("new.graphql", new))

    assert done.exit_code == 1
    assert done.stdout == shown[1].replace("in operations/:", "in operations:")


def test_the_readme_names_every_option_and_every_member() -> None:
    (options,) = re.findall(r"^\| `releasegraph schema check` \|[^|]*: (.*) \|$", README, re.MULTILINE)
    command: Any = get_command(app)
    told = found("--against", written("old.graphql", PRESENT), "--operations", stored(it="{ nobody }"))

    parameters = command.commands["schema"].commands["check"].params
    assert re.findall(r"`(.+?)`", options) == [option for one in parameters for option in one.opts]
    assert [re.search(rf"^\| `{member}` \|", README, re.MULTILINE) is not None for member in told] == [True] * 4
