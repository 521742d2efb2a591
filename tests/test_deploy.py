"""The files of deploy/ keep what they promise. No container is built here: what they say is read."""

from __future__ import annotations

import json
import re
import sys
import tempfile
from collections.abc import Iterator, Mapping
from pathlib import Path
from typing import Any

import pytest
import yaml
from starlette.routing import Route

from deploy import audit
from gateway.app import create_app
from gateway.demo import demo_settings
from gateway.settings import Server, load
from gateway.settings.load import SECTIONS
from gateway.telemetry.metrics import Metrics

ROOT = Path(__file__).parent.parent
DEPLOY = ROOT / "deploy"
DOCKERFILE = (DEPLOY / "Dockerfile").read_text(encoding="utf-8")

PINNED = re.compile(r"[\w./-]+:\d+\.\d+\.\d+[\w.-]*(@sha256:[0-9a-f]{64})?")
ALERTS = [
    rule
    for group in yaml.safe_load((DEPLOY / "prometheus/alerts.yaml").read_text())["groups"]
    for rule in group["rules"]
]


def parsed(path: str) -> Any:
    return yaml.safe_load((DEPLOY / path).read_text(encoding="utf-8"))


def instructions() -> list[tuple[str, str]]:
    """(word, rest) of each, lines that go on joined, comments left out."""
    lines = [line for line in DOCKERFILE.splitlines() if line and not line.lstrip().startswith("#")]
    joined = re.sub(r"\\\n\s*", "", "\n".join(lines))
    return [(word, rest) for word, _, rest in (line.partition(" ") for line in joined.splitlines())]


def rest_of(word: str) -> list[str]:
    return [rest for own, rest in instructions() if own == word]


def final_stage() -> list[tuple[str, str]]:
    stages = [index for index, (word, _) in enumerate(instructions()) if word == "FROM"]
    return instructions()[stages[-1] :]


def routes() -> set[str]:
    app = create_app(demo_settings("http://127.0.0.1:9", 8000))
    return {route.path for route in app.routes if isinstance(route, Route)}


# The image


def test_every_base_image_is_pinned_to_a_version() -> None:
    images = [rest.split()[0] for rest in rest_of("FROM")] + [
        one["image"] for one in parsed("compose.yaml")["services"].values()
    ]

    assert [image for image in images if not PINNED.fullmatch(image)] == []


def test_the_image_runs_as_nobody_special() -> None:
    (user,) = [rest for word, rest in final_stage() if word == "USER"]
    last = [word for word, _ in final_stage()]

    assert re.fullmatch(r"[1-9]\d{3,}:[1-9]\d{3,}", user)
    assert last.index("USER") < last.index("ENTRYPOINT")


def test_the_image_says_whether_it_is_well_by_a_route_there_is() -> None:
    (check,) = rest_of("HEALTHCHECK")
    (path,) = re.findall(r"http://127\.0\.0\.1:8000(/\w+)", check)

    assert path in routes()
    assert "127.0.0.1" in Server().allowed_hosts


def test_the_image_holds_no_secret_and_is_given_no_more_than_it_needs() -> None:
    ignored = (ROOT / ".dockerignore").read_text(encoding="utf-8").splitlines()
    copied = {part for rest in rest_of("COPY") if "--from" not in rest for part in rest.split()[:-1]}

    assert not re.search(r"(?i)(token|secret|password|api[_-]?key)\s*=", DOCKERFILE.replace("no secret", ""))
    assert "*" in ignored
    assert {line[1:] for line in ignored if line.startswith("!")} == copied
    assert [path for path in copied if not (ROOT / path).exists()] == []


def test_settings_in_the_files_are_settings() -> None:
    given = dict(re.findall(r"(RELEASEGRAPH_[A-Z_]+)=(\S+)", DOCKERFILE))
    compose = parsed("compose.yaml")["services"]["gateway"]["environment"]
    keys = f'[ada]\nhash = "sha256:{"0" * 64}"\nscopes = ["read"]\n'

    settings = loaded({**given, **compose}, {"api-keys": keys}, Path("/run/secrets"))

    assert (settings.server.host, settings.security.has_authentication) == ("0.0.0.0", True)  # noqa: S104
    assert settings.cache.url == "redis://redis:6379/0"


def loaded(environ: Mapping[str, str], texts: Mapping[str, str], folder: Path) -> Any:
    """Settings of these variables, files of `folder` being elsewhere."""
    with tempfile.TemporaryDirectory() as name:
        here = {key: value.replace(str(folder), name) for key, value in environ.items()}
        for value in here.values():
            if value.startswith(name):
                Path(value).write_text(texts.get(Path(value).name, "sixteen-characters-or-more"))
        return load(Path("/dev/null"), here)


def test_the_time_to_end_is_longer_than_what_operations_are_given() -> None:
    compose, pod = parsed("compose.yaml")["services"]["gateway"], pod_spec()
    (stop_after_s,) = re.findall(r"(\d+)s", compose["stop_grace_period"])
    waits_s = int(pod["containers"][0]["lifecycle"]["preStop"]["exec"]["command"][1])

    assert int(stop_after_s) >= Server().drain_s + 5
    assert pod["terminationGracePeriodSeconds"] >= waits_s + Server().drain_s + 5


@pytest.mark.parametrize("name", ["gateway", "redis"])
def test_containers_of_the_compose_file_may_do_little(name: str) -> None:
    service = parsed("compose.yaml")["services"][name]

    assert service["read_only"] is True
    assert (service["cap_drop"], service["security_opt"]) == (["ALL"], ["no-new-privileges:true"])
    assert all(port.startswith("127.0.0.1:") for port in service.get("ports", ()))


# Kubernetes


def pod_spec() -> dict[str, Any]:
    spec: dict[str, Any] = parsed("kubernetes/deployment.yaml")["spec"]["template"]["spec"]
    return spec


def test_pods_may_do_little_and_are_bounded() -> None:
    pod = pod_spec()
    (container,) = pod["containers"]

    assert (pod["securityContext"]["runAsNonRoot"], pod["automountServiceAccountToken"]) == (True, False)
    assert f"{pod['securityContext']['runAsUser']}:{pod['securityContext']['runAsGroup']}" in rest_of("USER")
    assert container["securityContext"] == {
        "allowPrivilegeEscalation": False,
        "readOnlyRootFilesystem": True,
        "capabilities": {"drop": ["ALL"]},
    }
    assert {"cpu", "memory"} <= container["resources"]["requests"].keys()
    assert "memory" in container["resources"]["limits"]


def test_probes_ask_routes_there_are_by_a_host_that_is_let_in() -> None:
    (container,) = pod_spec()["containers"]
    probes = [container[f"{kind}Probe"]["httpGet"] for kind in ("startup", "liveness", "readiness")]
    (hosts,) = [one["value"] for one in container["env"] if one["name"] == "RELEASEGRAPH_SERVER_ALLOWED_HOSTS"]
    annotations = parsed("kubernetes/deployment.yaml")["spec"]["template"]["metadata"]["annotations"]

    assert {probe["path"] for probe in probes} | {annotations["prometheus.io/path"]} <= routes()
    assert container["readinessProbe"]["httpGet"]["path"] == "/readyz"
    assert "$(POD_IP)" in hosts  # what kubelet and Prometheus send as Host
    assert parsed("kubernetes/service.yaml")["metadata"]["name"] in hosts.split(",")


def test_the_service_finds_the_pods() -> None:
    service, deployment = parsed("kubernetes/service.yaml"), parsed("kubernetes/deployment.yaml")
    labels = deployment["spec"]["template"]["metadata"]["labels"]

    assert service["spec"]["selector"].items() <= labels.items()
    assert deployment["spec"]["selector"]["matchLabels"].items() <= labels.items()
    assert service["spec"]["ports"][0]["targetPort"] == pod_spec()["containers"][0]["ports"][0]["name"]


def test_secrets_come_by_reference_and_the_settings_of_the_pods_load(tmp_path: Path) -> None:
    config = parsed("kubernetes/configmap.yaml")
    (settings_volume,) = [one for one in pod_spec()["volumes"] if one["name"] == "settings"]
    named, secret = settings_volume["projected"]["sources"]
    (tmp_path / "gateway.toml").write_text(config["data"]["gateway.toml"])
    (tmp_path / "secrets").mkdir()
    for item in secret["secret"]["items"]:
        (tmp_path / item["path"]).write_text("sixteen-characters-or-more")
    (tmp_path / "secrets" / "api-keys.toml").write_text(f'[ada]\nhash = "sha256:{"0" * 64}"\nscopes = ["read"]\n')

    settings = load(tmp_path / "gateway.toml", {"RELEASEGRAPH_SERVER_HOST": "0.0.0.0"})  # noqa: S104

    assert named["configMap"]["name"] == config["metadata"]["name"]
    assert list(settings.sources) == ["balena"]
    assert not [
        path for path in (DEPLOY / "kubernetes").iterdir() if yaml.safe_load(path.read_text())["kind"] == "Secret"
    ]
    assert set(re.findall(r"^\[(\w+)", config["data"]["gateway.toml"], re.MULTILINE)) <= {*SECTIONS}


# Known vulnerabilities


@pytest.mark.parametrize(
    ("printed", "code", "told"),
    [
        pytest.param('{"dependencies": [{"name": "idna", "version": "3.20", "vulns": []}]}', 0, "0 known", id="none"),
        pytest.param(
            '{"dependencies": [{"name": "idna", "version": "1", "vulns": [{"id": "X-1", "fix_versions": ["2"]}]}]}',
            1,
            "idna 1: X-1; fixed in 2",
            id="one",
        ),
        pytest.param("", 2, "could not be reached", id="nobody could be asked"),
    ],
)
def test_an_audit_tells_none_from_nobody_knows(
    printed: str, code: int, told: str, capsys: pytest.CaptureFixture[str]
) -> None:
    ended = audit.main([sys.executable, "-c", f"import sys; print({printed!r}); sys.exit('no route')"])

    assert ended == code
    assert told in capsys.readouterr().out


# Alerts


def metric_names() -> dict[str, set[str]]:
    """Every series' name there can be, with its labels."""
    known: dict[str, set[str]] = {}
    for one in registered():
        labels, name, kind = set(one._labelnames), one._name, one._type
        if kind == "histogram":
            known |= {f"{name}_bucket": labels | {"le"}, f"{name}_sum": labels, f"{name}_count": labels}
        else:
            known[f"{name}_total" if kind == "counter" else name] = labels
    return known


def registered() -> Iterator[Any]:
    collectors = Metrics().registry._collector_to_names
    return (one for one in collectors if hasattr(one, "_labelnames"))


@pytest.mark.parametrize("rule", ALERTS, ids=lambda rule: rule["alert"])
def test_an_alert_asks_for_metrics_and_labels_there_are(rule: dict[str, Any]) -> None:
    known = metric_names()
    asked = re.findall(r"(releasegraph_\w+)(?:\{([^}]*)\})?", rule["expr"])
    grouped = {label.strip() for labels in re.findall(r"by \(([^)]*)\)", rule["expr"]) for label in labels.split(",")}

    assert asked
    assert [name for name, _ in asked if name not in known] == []
    assert [
        (name, label) for name, own in asked for label in re.findall(r"(\w+)[!=]", own) if label not in known[name]
    ] == []
    assert all(grouped <= known[name] for name, _ in asked)


@pytest.mark.parametrize("rule", ALERTS, ids=lambda rule: rule["alert"])
def test_an_alert_says_how_bad_it_is_and_what_is_up(rule: dict[str, Any]) -> None:
    used = set(re.findall(r"\$labels\.(\w+)", json.dumps(rule["annotations"])))
    kept = {label.strip() for labels in re.findall(r"by \(([^)]*)\)", rule["expr"]) for label in labels.split(",")}

    assert rule["labels"]["severity"] in ("warning", "critical")
    assert rule["annotations"]["summary"]
    assert used <= kept


def test_every_metric_is_in_the_readme_and_the_readme_names_no_other() -> None:
    text = (ROOT / "README.md").read_text(encoding="utf-8")
    names = {one._name + ("_total" if one._type == "counter" else "") for one in registered()}

    assert set(re.findall(r"`(releasegraph_\w+)`", text)) == names
