"""``deploy/compose.yaml`` without starting it: every rule finds nothing in the file, and finds the mistake in
a spoilt copy."""

from __future__ import annotations

import json
import os
import re
import shutil
import stat
import subprocess
import sys
import tomllib
from collections.abc import Callable, Iterator
from pathlib import Path
from typing import Any

import pytest
import yaml
from pydantic import BaseModel
from typer.testing import CliRunner

from services.chassis import settings
from services.chassis.devkafka.jars import kafka_version
from services.chassis.errors import SettingsError
from services.cli.main import app
from services.ingest.service import STOP_GRACE_S
from tests.support.compose import DEPLOY, FILE, Compose, Service, load, read_env, seconds

PUSH = DEPLOY / "compose.push.yaml"
PUBLISHED = {"query", "grafana"}
OUTSIDE = {"ingest": "feeds", "query": "published", "grafana": "published", "alertmanager": "notifications"}
CREDENTIALS = "/run/credentials/"
LOADER_CURE = (
    "install Docker's compose plugin, or build the loader with `go install"
    " github.com/compose-spec/compose-go/v2/cmd@v2.16.2` and put it on the PATH as compose-spec"
)

Rule = Callable[[Compose], Iterator[str]]


def hardened(compose: Compose) -> Iterator[str]:
    for service in compose.services.values():
        raw = service.raw
        if raw.get("read_only") is not True:
            yield f"{service.name}: the root file system can be written"
        if raw.get("cap_drop") != ["ALL"] or raw.get("cap_add"):
            yield f"{service.name}: keeps capabilities"
        if "no-new-privileges:true" not in raw.get("security_opt", []):
            yield f"{service.name}: can gain privileges"
        if not re.fullmatch(r"[1-9]\d*:\d+", str(raw.get("user"))):
            yield f"{service.name}: user {raw.get('user')} is not a number other than root's"
        for key in ("privileged", "pid", "ipc", "devices", "volumes_from", "env_file", "container_name"):
            if key in raw:
                yield f"{service.name}: {key}"
        if raw.get("network_mode") not in (None, "none"):
            yield f"{service.name}: network_mode {raw['network_mode']}"


def bounded(compose: Compose) -> Iterator[str]:
    for service in compose.services.values():
        limits = service.raw.get("deploy", {}).get("resources", {}).get("limits", {})
        if not {"cpus", "memory"} <= set(limits):
            yield f"{service.name}: no limit on processor and memory"
        options = service.raw.get("logging", {}).get("options", {})
        if not {"max-size", "max-file"} <= set(options):
            yield f"{service.name}: its log can fill the disk"


def published(compose: Compose) -> Iterator[str]:
    for service in compose.services.values():
        for port in service.raw.get("ports", []):
            if service.name not in PUBLISHED:
                yield f"{service.name}: publishes {port}"
            if not re.fullmatch(r"127\.0\.0\.1:\d+:\d+", str(port)):
                yield f"{service.name}: {port} is not on loopback only"


def connected(compose: Compose) -> Iterator[str]:
    if not compose.raw["networks"]["inside"].get("internal"):
        yield "the network `inside` has a way out"
    for service in compose.services.values():
        networks = service.raw.get("networks", [])
        if ("outside" in networks) != (service.name in OUTSIDE):
            yield f"{service.name}: networks {networks}"
        texts = [*service.environment.values(), *service.command]
        for other, port in re.findall(r"(?<![\w.-])([a-z][\w-]*):(\d+)\b", " ".join(texts)):
            if other not in compose.services:
                yield f"{service.name}: names {other}:{port}, which is no service"
            elif "network_mode" not in service.raw and not set(networks) & set(
                compose.services[other].raw.get("networks", [])
            ):
                yield f"{service.name}: shares no network with {other}"


def pinned(compose: Compose) -> Iterator[str]:
    version = tomllib.loads((DEPLOY.parent / "pyproject.toml").read_text())["project"]["version"]
    for service in compose.services.values():
        wanted = re.escape(f"onrecord:{version}") if service.ours else r"[a-z/]+:v?\d+(\.\d+)+"
        if not re.fullmatch(wanted, service.image):
            yield f"{service.name}: image {service.image} is not an exact version"
    if compose.services["kafka"].image != f"apache/kafka:{kafka_version()}":
        yield (
            f"kafka: {compose.services['kafka'].image} is not the version that the tests run on"
            f" ({kafka_version()})"
        )


def ordered(compose: Compose) -> Iterator[str]:
    for service in compose.services.values():
        once = service.restarts_on_failure > 0
        if once == (service.healthcheck is not None):
            yield f"{service.name}: either runs once, or has a health check"
        if not once and service.raw.get("restart") != "unless-stopped":
            yield f"{service.name}: is not started again"
        for other, condition in service.depends_on.items():
            found = compose.services.get(other)
            if found is None or found.profiles:
                yield f"{service.name}: depends on {other}, which `up` does not start"
            elif condition != (
                "service_completed_successfully" if found.restarts_on_failure else "service_healthy"
            ):
                yield f"{service.name}: {condition} of {other} says nothing"
    compose.started()


def configured(compose: Compose) -> Iterator[str]:
    for service in ours(compose):
        for variable in service.environment:
            if not is_setting(variable):
                yield f"{service.name}: {variable} is no setting"
        with pytest.MonkeyPatch.context() as patch:
            for variable, value in service.environment.items():
                patch.setenv(variable, value)
            try:
                found = settings.load()
            except SettingsError as error:
                yield f"{service.name}: {error}"
                continue
        if found.log.instance == "0":
            yield f"{service.name}: all its replicas would share one slot"
        drain = max(found.kafka.transaction_timeout_s, found.kafka.bootstrap_timeout_s, STOP_GRACE_S)
        if service.stop_grace_s <= drain:
            yield f"{service.name}: is killed after {service.stop_grace_s:g} s, and may need {drain:g} s"
        reached = ("0.0.0.0", 9464)  # noqa: S104
        if service.healthcheck and (found.ops.host, found.ops.port) != reached:
            yield f"{service.name}: Prometheus cannot reach its metrics on {found.ops.host}:{found.ops.port}"


def commanded(compose: Compose) -> Iterator[str]:
    for service in ours(compose):
        # parsed whole before the help is shown, which keeps it from being run
        parsed = CliRunner().invoke(app, [*service.command, "--help"])
        if parsed.exit_code:
            yield f"{service.name}: onrecord {' '.join(service.command)}: {parsed.output}"


def mounted(compose: Compose) -> Iterator[str]:
    used = set()
    for service in compose.services.values():
        mounts = service.mounts
        for mount in mounts:
            if not mount.bind:
                used.add(mount.source)
            elif not (DEPLOY / mount.source).exists():
                yield f"{service.name}: {mount.source} does not exist"
            elif not mount.read_only:
                yield f"{service.name}: {mount.source} can be written by the container"
        targets = [mount.target for mount in mounts] + list(service.tmpfs)
        if len(targets) != len(set(targets)):
            yield f"{service.name}: two mounts at one path"
        for variable, value in service.environment.items():
            if variable.endswith("_FILE") and not any(
                value.startswith(mount.target + "/") and mount.read_only for mount in mounts
            ):
                yield f"{service.name}: {variable}={value} is not mounted read-only"
    for name in used ^ set(compose.raw["volumes"]):
        yield f"volume {name}: declared or used, not both"


def scraped(compose: Compose) -> Iterator[str]:
    config = yaml.safe_load((DEPLOY / "prometheus" / "prometheus.yml").read_text())
    jobs = {job["job_name"]: job for job in config["scrape_configs"] if job["job_name"] != "prometheus"}
    serving = {service.name for service in ours(compose) if service.healthcheck}
    for name in serving ^ set(jobs):
        yield f"{name}: scraped or started, not both"
    for name in serving & set(jobs):
        lookups = [(lookup["names"], lookup["port"]) for lookup in jobs[name].get("dns_sd_configs", [])]
        targets = [
            target for targets in jobs[name].get("static_configs", []) for target in targets["targets"]
        ]
        if lookups + targets not in ([([name], 9464)], [f"{name}:9464"]):
            yield f"{name}: scraped at {lookups + targets}"
        if compose.services[name].replicas > 1 and not lookups:
            yield f"{name}: has replicas, of which a fixed address names one at random"
    (alertmanagers,) = config["alerting"]["alertmanagers"]
    if (
        alertmanagers != {"static_configs": [{"targets": ["alertmanager:9093"]}]}
        or "--web.listen-address=0.0.0.0:9093" not in compose.services["alertmanager"].command
    ):
        yield f"alerts are sent to {alertmanagers}"


def provisioned(compose: Compose) -> Iterator[str]:
    folder = DEPLOY / "grafana" / "provisioning"
    targets = {mount.target: mount.source for mount in compose.services["grafana"].mounts}
    if targets.get("/etc/grafana/provisioning") != "./grafana/provisioning":
        yield "grafana: is not provisioned"
    for file in folder.glob("dashboards/*.yaml"):
        for provider in yaml.safe_load(file.read_text())["providers"]:
            if targets.get(provider["options"]["path"]) != "./grafana/dashboards":
                yield f"grafana: {provider['options']['path']} holds no dashboards"
    for file in folder.glob("datasources/*.yaml"):
        for source in yaml.safe_load(file.read_text())["datasources"]:
            if source["type"] == "prometheus" and source["url"] != "http://prometheus:9090":
                yield f"grafana: {source['url']} is not Prometheus"


def as_the_image_is(compose: Compose) -> Iterator[str]:
    dockerfile = (DEPLOY / "Dockerfile").read_text()
    (user,) = re.findall(r"^USER (\S+)$", dockerfile, re.MULTILINE)
    (volume,) = re.findall(r'^VOLUME \["([^"]+)"\]$', dockerfile, re.MULTILINE)
    (check,) = re.findall(r"^HEALTHCHECK .*CMD (\[.*\])$", dockerfile, re.MULTILINE)
    for service in ours(compose):
        if service.raw["user"] != user:
            yield f"{service.name}: user {service.raw['user']}, of the image {user}"
        if volume not in [mount.target for mount in service.mounts] and volume not in service.tmpfs:
            yield f"{service.name}: leaves a volume without a name behind at {volume}"
        if service.healthcheck and list(service.healthcheck.command) != yaml.safe_load(check):
            yield f"{service.name}: another health check than the image's"
        if service.healthcheck and service.healthcheck.timeout_s < seconds("5s"):
            yield f"{service.name}: a health check that is cut off before it can answer"


def secretive(compose: Compose) -> Iterator[str]:
    for service in compose.services.values():
        for variable, value in service.environment.items():
            if re.search(r"PASSWORD|TOKEN|SECRET", variable) and not variable.endswith("_FILE"):
                yield f"{service.name}: {variable} holds a secret, in sight of `docker inspect`"
            if (
                value.startswith(CREDENTIALS)
                and f"keep {value.removeprefix(CREDENTIALS)} " not in (DEPLOY / "credentials.sh").read_text()
            ):
                yield f"{service.name}: nobody makes {value}"


def sparing(compose: Compose) -> Iterator[str]:
    script = (DEPLOY / "credentials.sh").read_text()
    group_of = dict(re.findall(r'^keep (\S+) "\$(\w+)"', script, re.MULTILINE))
    maker = compose.services["credentials"]
    numbers = dict(zip(re.findall(r"(\w+)=\$\d", script), maker.command, strict=True))
    for service in compose.services.values():
        named = {Path(value).name for value in service.environment.values() if value.startswith(CREDENTIALS)}
        wanted = {numbers[group_of[name]] for name in named if group_of.get(name) in numbers}
        if service is maker:
            wanted = {numbers[group] for group in group_of.values() if group in numbers}
        if wanted != set(service.raw.get("group_add", ())):
            yield (
                f"{service.name}: is in the groups {service.raw.get('group_add')}, and needs {sorted(wanted)}"
            )
        if any(group_of.get(name) == "own" for name in named) and service.raw["user"] != maker.raw["user"]:
            yield f"{service.name}: names a secret of the database's server"
    if compose.services["query"].environment["ONRECORD_STORE__URL_FILE"] != CREDENTIALS + "reader-url":
        yield "query: may do more than read"


RULES: tuple[Rule, ...] = (
    hardened, bounded, published, connected, pinned, ordered, configured, commanded, mounted, scraped, provisioned, as_the_image_is,
    secretive, sparing,
)  # fmt: skip


@pytest.fixture(autouse=True)
def _clean(monkeypatch: pytest.MonkeyPatch) -> None:
    for name in [name for name in os.environ if name.startswith(settings.PREFIX)]:
        monkeypatch.delenv(name)


@pytest.fixture(scope="module")
def text() -> str:
    return FILE.read_text(encoding="utf-8")


@pytest.mark.parametrize("rule", RULES, ids=lambda rule: rule.__name__)
def test_the_file_keeps(rule: Rule, text: str) -> None:
    assert list(rule(load(text))) == []


@pytest.mark.parametrize(
    ("rule", "old", "new", "complaint"),
    [
        (hardened, "read_only: true", "read_only: false", "can be written"),
        (hardened, "cap_drop: [ALL]", "cap_drop: [NET_RAW]", "keeps capabilities"),
        (hardened, '"no-new-privileges:true"', "apparmor:unconfined", "can gain privileges"),
        (hardened, 'user: "999:999"', 'user: "0:0"', "is not a number other than root's"),
        (bounded, 'limits: {cpus: "1.5", memory: 1536m}', "limits: {memory: 1536m}", "extract: no limit"),
        (bounded, "logging: *logging", "labels: {}", "can fill the disk"),
        (published, '"127.0.0.1:${PAGES_PORT:-8080}:8080"', '"${PAGES_PORT:-8080}:8080"', "8080:8080 is not on loopback only"),
        (published, "shm_size: 128m", 'ports: ["127.0.0.1:5432:5432"]', "postgres: publishes"),
        (connected, "inside: {internal: true}", "inside: {}", "way out"),
        (connected, "BOOTSTRAP_SERVERS: kafka:19092", "BOOTSTRAP_SERVERS: broker:19092", "broker:19092, which is no service"),
        (pinned, "postgres:17.10", "postgres:17", "image postgres:17 is not an exact version"),
        (pinned, "apache/kafka:4.3.1", "apache/kafka:4.2.0", "not the version that the tests run on"),
        (ordered, "restart: on-failure:5", "restart: unless-stopped", "either runs once"),
        (ordered, "postgres: {condition: service_healthy}", "postgres: {condition: service_started}", "says nothing"),
        (ordered, "kafka: {condition: service_healthy}", "onrecord: {condition: service_healthy}", "which `up` does not start"),
        (configured, "ONRECORD_LOG__ENGINE", "ONRECORD_LOG__ENGIN", "ONRECORD_LOG__ENGIN is no setting"),
        (configured, "ONRECORD_QUERY__HOST", "ONRECORD_QUERRY__HOST", "ONRECORD_QUERRY__HOST is no setting"),
        (configured, "ONRECORD_LOG__ENGINE: kafka", "ONRECORD_LOG__ENGINE: rabbit", "ONRECORD_LOG__ENGINE"),
        (configured, "ONRECORD_LOG__INSTANCE: hostname", 'ONRECORD_LOG__INSTANCE: "0"', "share one slot"),
        (configured, "ONRECORD_OPS__HOST: 0.0.0.0", "ONRECORD_OPS__HOST: 127.0.0.1", "cannot reach its metrics"),
        (configured, "stop_grace_period: 30s", "stop_grace_period: 10s", "is killed after 10 s"),
        (commanded, "[service, extract]", "[service, extrakt]", "No such command"),
        (commanded, "[topics, create]", "[topics, create, --force]", "No such option"),
        (mounted, "./credentials.sh:", "./credential.sh:", "credential.sh does not exist"),
        (mounted, "./alertmanager:/etc/alertmanager:ro", "./alertmanager:/etc/alertmanager", "can be written by the container"),
        (mounted, "postgres:/var/lib/postgresql/data", "database:/var/lib/postgresql/data", "declared or used, not both"),
        (mounted, "/run/credentials/store-url", "/run/secrets/store-url", "is not mounted read-only"),
        (scraped, "  lag:\n", "  lags:\n", "scraped or started, not both"),
        (scraped, "--web.listen-address=0.0.0.0:9093", "--web.listen-address=0.0.0.0:9094", "alerts are sent to"),
        (provisioned, "/etc/grafana/dashboards", "/var/lib/dashboards", "holds no dashboards"),
        (as_the_image_is, 'user: "10001:0"', 'user: "1000:0"', "user 1000:0, of the image"),
        (as_the_image_is, "/var/lib/onrecord:size=16m", "/var/onrecord:size=16m", "leaves a volume without a name behind"),
        (secretive, "POSTGRES_PASSWORD_FILE: /run/credentials/postgres-password", "POSTGRES_PASSWORD: onrecord", "holds a secret"),
        (secretive, "/run/credentials/push-token", "/run/credentials/token", "nobody makes"),
        (sparing, 'group_add: ["10102"]', 'group_add: ["10102", "10101"]', "query: is in the groups"),
        (sparing, 'group_add: ["10104"]', 'group_add: ["10101"]', "grafana: is in the groups"),
        (sparing, "/run/credentials/reader-url", "/run/credentials/store-url", "query: may do more than read"),
        (sparing, "/run/credentials/reader-url", "/run/credentials/postgres-password", "query: names a secret of the database's server"),
    ],
)  # fmt: skip
def test_a_mistake_is_found(rule: Rule, old: str, new: str, complaint: str, text: str) -> None:
    assert old in text
    assert any(complaint in found for found in rule(load(text.replace(old, new))))


def test_the_files_are_compose_files() -> None:
    assert schema_errors(FILE, PUSH) == ""


def test_a_misspelt_key_is_found(tmp_path: Path) -> None:
    spoilt = tmp_path / "compose.yaml"
    # small: explaining what is wrong with a large file takes the checker seconds
    spoilt.write_text(yaml.safe_dump({"services": {"kafka": {"image": "kafka", "stop_grace": "60s"}}}))
    assert "stop_grace" in schema_errors(spoilt)


def test_the_push_file_publishes_one_port_on_loopback(text: str) -> None:
    push = load(PUSH.read_text())
    assert push.raw["services"] == {"ingest": {"ports": ["127.0.0.1:8081:8081"]}}
    assert load(text).services["ingest"].environment["ONRECORD_INGEST__PUSH_PORT"] == "8081"


def test_env_example_documents_every_variable_with_its_default(text: str) -> None:
    used = {**load(text).used, **load(PUSH.read_text()).used}
    documented = read_env((DEPLOY / ".env.example").read_text())
    assert documented == {name: default or "" for name, default in used.items()}


def test_compose_itself_reads_it_as_these_tests_do(text: str, tmp_path: Path) -> None:
    command = compose_program(tmp_path)
    if command is None:
        pytest.skip(f"Docker Compose 2 is missing, or its loader: {LOADER_CURE}")
    environment = {name: os.environ[name] for name in ("PATH", "HOME") if name in os.environ}
    done = subprocess.run(command, env=environment, cwd=tmp_path, capture_output=True, text=True, check=False)
    assert done.returncode == 0, done.stderr
    found = json.loads(done.stdout)["services"]
    ours = {name: service for name, service in load(text).services.items() if name in found}
    assert found.keys() >= {service.name for service in load(text).started()}
    for name, service in ours.items():
        theirs = found[name]
        assert (theirs["image"], theirs["user"]) == (service.image, service.raw["user"])
        assert tuple(theirs.get("entrypoint") or ()) == service.entrypoint
        assert tuple(theirs.get("command") or ()) == service.command
        assert (theirs.get("environment") or {}) == service.environment
        assert (theirs.get("group_add") or []) == service.raw.get("group_add", [])
        assert {
            other: how["condition"] for other, how in (theirs.get("depends_on") or {}).items()
        } == service.depends_on
        assert len(theirs.get("volumes") or ()) == len(service.mounts)
        assert sorted(one.partition(":")[0] for one in theirs.get("tmpfs") or ()) == sorted(service.tmpfs)
        assert int(theirs["deploy"].get("replicas", 1)) == service.replicas
        assert ("test" in (theirs.get("healthcheck") or {})) == (service.healthcheck is not None)


def test_what_up_starts(text: str) -> None:
    names = [service.name for service in load(text).started()]
    assert set(names) == {
        "credentials", "postgres", "kafka", "topics", "ingest", "extract", "aggregate", "query", "lag", "samples", "prometheus",
        "alertmanager", "grafana",
    }  # fmt: skip
    for service in load(text).started():
        assert all(names.index(other) < names.index(service.name) for other in service.depends_on)
    assert "samples" not in [service.name for service in load(text, {"SAMPLES": "0"}).started()]
    assert load(text, {"EXTRACT_REPLICAS": "6"}).services["extract"].replicas == 6


def test_secrets_are_made_once_at_random(tmp_path: Path) -> None:
    made = []
    # only a user who is in a group may give a file to it
    groups = [str(10101 + number) for number in range(4)] if os.geteuid() == 0 else [str(os.getgid())] * 4
    for folder in (tmp_path / "one", tmp_path / "two"):
        folder.mkdir()
        for _ in range(2):
            subprocess.run(
                ["sh", str(DEPLOY / "credentials.sh"), str(folder), "postgres:5432/record", *groups],
                check=True,
            )
            made.append({file.name: file.read_text() for file in folder.iterdir()})
    assert made[0] == made[1]
    assert made[2] == made[3]
    addresses = {"store-url", "reader-url"}
    assert set(made[0]) == {
        "postgres-password",
        "reader-password",
        "grafana-password",
        "push-token",
        *addresses,
    }
    secrets = [
        value for found in (made[0], made[2]) for name, value in found.items() if name not in addresses
    ]
    assert len(set(secrets)) == 8
    assert all(re.fullmatch(r"[\w-]{32}", secret) for secret in secrets)
    assert (
        made[0]["store-url"] == f"postgresql://onrecord:{made[0]['postgres-password']}@postgres:5432/record"
    )
    assert (
        made[0]["reader-url"]
        == f"postgresql://onrecord_reader:{made[0]['reader-password']}@postgres:5432/record"
    )
    found = {file.name: file.stat() for file in (tmp_path / "one").iterdir()}
    assert {stat.S_IMODE(status.st_mode) for status in found.values()} == {0o440}
    assert {name: str(status.st_gid) for name, status in found.items()} == {
        "postgres-password": str(os.getgid()), "reader-password": str(os.getgid()),
        "store-url": groups[0], "reader-url": groups[1], "push-token": groups[2], "grafana-password": groups[3],
    }  # fmt: skip


def compose_program(folder: Path) -> tuple[str, ...] | None:
    """What prints a compose file as Compose understands it: Compose itself, or the program that comes with
    the library it reads with."""
    if found := shutil.which("docker"):
        plugin = subprocess.run(
            [found, "compose", "version", "--short"], cwd=folder, capture_output=True, text=True, check=False
        )
        if plugin.returncode == 0:
            return (found, "compose", "--env-file", os.devnull, "-f", str(FILE), "config", "--format", "json")
    loader = shutil.which("compose-spec")
    return (loader, "-format", "json", str(FILE)) if loader else None


def ours(compose: Compose) -> list[Service]:
    return [service for service in compose.services.values() if service.ours]


def is_setting(variable: str) -> bool:
    if not variable.startswith(settings.PREFIX):
        return False
    model: Any = settings.Settings
    for part in variable.removeprefix(settings.PREFIX).lower().split("__"):
        if not (isinstance(model, type) and issubclass(model, BaseModel)) or part not in model.model_fields:
            return False
        model = model.model_fields[part].annotation
    return True


def schema_errors(*files: Path) -> str:
    command = [
        sys.executable,
        "-m",
        "check_jsonschema",
        "--builtin-schema",
        "vendor.compose-spec",
        *map(str, files),
    ]
    done = subprocess.run(command, capture_output=True, text=True, check=False)
    return done.stdout + done.stderr if done.returncode else ""
