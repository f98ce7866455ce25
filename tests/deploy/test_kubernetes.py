"""The Kubernetes manifests, rendered by Kustomize and held against schemas, each other, and the code they
run."""

from __future__ import annotations

import sys
import tomllib
import urllib.request
from importlib.util import module_from_spec, spec_from_file_location
from ipaddress import ip_address, ip_network
from pathlib import Path
from typing import Any

import pytest
import yaml

from schemas.events import Article
from services.aggregate.service import NAME as AGGREGATE
from services.chassis.health import OpsServer
from services.chassis.log.groups import READ
from services.chassis.log.kafka.topics import topic_configs
from services.chassis.log.topics import declared
from services.chassis.metrics import Metrics
from services.chassis.settings import ExtractSettings, IngestSettings, KafkaSettings, OpsSettings
from services.cli.service import Name
from services.ingest.service import STOP_GRACE_S as INGEST_GRACE_S
from services.query.service import GRACE_S as QUERY_GRACE_S
from tests.support.kubernetes import CHECKS, SUPPLIED, Check
from tests.support.kustomize import (
    FOLDER,
    Manifest,
    Objects,
    container_of,
    labels_of,
    overlay,
    pod_of,
    selects,
)
from tests.support.patience import PATIENCE_S

ROOT = Path(__file__).parents[2]
SERVICES = {name.value for name in Name}
COMMANDS = {"topics": ["topics", "create"], "console": None}
"""What pods run that are no service; the console only waits for somebody's commands."""


@pytest.fixture(scope="module")
def overlays() -> dict[str, Objects]:
    return {name: overlay(name) for name in ("dev", "prod")}


@pytest.fixture(scope="module")
def prod() -> Objects:
    return overlay("prod")


@pytest.mark.parametrize("check", CHECKS)
@pytest.mark.parametrize("name", ["dev", "prod"])
def test_sound(overlays: dict[str, Objects], name: str, check: Check) -> None:
    assert list(check(overlays[name])) == []


def test_runs_what_the_project_has(overlays: dict[str, Objects]) -> None:
    version = tomllib.loads((ROOT / "pyproject.toml").read_text(encoding="utf-8"))["project"]["version"]
    dockerfile = (ROOT / "deploy" / "Dockerfile").read_text(encoding="utf-8")
    assert 'ENTRYPOINT ["onrecord"]' in dockerfile
    for objects in overlays.values():
        assert {one["metadata"]["name"] for one in objects.services()} == SERVICES
        for one in objects.workloads():
            name = one["metadata"]["name"]
            assert container_of(one)["image"] == f"onrecord:{version}"
            assert container_of(one).get("args") == COMMANDS.get(name, ["service", name])
            assert f"USER {pod_of(one)['securityContext']['runAsUser']}:" in dockerfile


def test_probes_and_scrapes_ask_endpoints_that_exist(prod: Objects) -> None:
    paths = {
        container_of(one)[probe]["httpGet"]["path"]
        for one in prod.services()
        for probe in ("livenessProbe", "readinessProbe")
    }
    paths |= {
        endpoint["path"] for one in prod.of("PodMonitor") for endpoint in one["spec"]["podMetricsEndpoints"]
    }
    with OpsServer(OpsSettings(port=0), Metrics(), []) as server:
        for path in sorted(paths):
            with urllib.request.urlopen(server.address + path, timeout=PATIENCE_S) as answer:
                assert answer.status == 200


def test_topics_are_the_declared_ones(prod: Objects) -> None:
    topics = {one["metadata"]["name"]: one["spec"] for one in prod.of("KafkaTopic")}
    for one in prod.workloads():
        environment = prod.environment(one)
        if "ONRECORD_LOG__PARTITIONS" in environment:
            partitions, replicas = (
                int(environment["ONRECORD_LOG__PARTITIONS"]),
                int(environment["ONRECORD_LOG__REPLICATION_FACTOR"]),
            )
            assert topics == {
                spec.name: {
                    "partitions": spec.partitions,
                    "replicas": replicas,
                    "config": topic_configs(spec, replicas),
                }
                for spec in declared(partitions)
            }
    assert replicas == 3
    assert not prod.of("Job"), "Strimzi makes the topics; the Job would need a user that may create them"


def test_users_may_do_what_they_do_and_no_more(prod: Objects) -> None:
    grants = {
        one["metadata"]["name"].removeprefix("onrecord-"): {
            (acl["resource"]["type"], acl["resource"]["name"], operation)
            for acl in one["spec"]["authorization"]["acls"]
            for operation in acl["operations"]
        }
        for one in prod.of("KafkaUser")
    }
    assert grants.keys() == (SERVICES - {"query"}) | {"console"}
    replays = grants.pop("console")
    assert not {
        name
        for kind, name, operation in replays
        if (kind, operation) == ("topic", "Read") and not name.endswith(".dlq")
    }
    assert {operation for grant in grants.values() for _, _, operation in grant} == {
        "Read",
        "Write",
        "Describe",
        "DescribeConfigs",
    }
    topics = {spec.name for spec in declared()}
    readers = {group.removeprefix("onrecord-"): (group, names) for group, names in READ.items()}
    for service, (group, names) in readers.items():
        assert {("group", group, "Read"), *(("topic", name, "Read") for name in names)} <= grants[service]
        assert ("transactionalId", f"{group}-", "Write") in grants[service]
    for topic in topics:
        writers = {service for service, grant in grants.items() if ("topic", topic, "Write") in grant}
        origin = {
            "onrecord.articles": {"ingest"},
            "onrecord.actors": {AGGREGATE},
            "onrecord.articles.dlq": {"ingest", "extract"},
        }
        origin["onrecord.decisions"] = set()  # the console's
        assert writers == origin.get(topic, {AGGREGATE} if topic.endswith(".dlq") else {"extract"})
    assert {operation for kind, _, operation in grants["lag"] if kind == "group"} == {"Describe"}
    for one in prod.workloads():
        environment = prod.environment(one)
        if one["metadata"]["name"] == "query":
            assert not [variable for variable in environment if "KAFKA" in variable]
        else:
            assert environment["ONRECORD_KAFKA__SASL_USERNAME"] == f"onrecord-{one['metadata']['name']}"


def test_scaling_follows_a_lag_that_exists(prod: Objects) -> None:
    (scaled,) = prod.of("ScaledObject")
    target = prod.named(scaled["spec"]["scaleTargetRef"]["kind"], scaled["spec"]["scaleTargetRef"]["name"])
    assert "replicas" not in target["spec"], "every apply would put the number back"
    assert scaled["spec"]["scaleTargetRef"]["envSourceContainerName"] == container_of(target)["name"]
    (trigger,) = scaled["spec"]["triggers"]
    assert READ[trigger["metadata"]["consumerGroup"]] == (trigger["metadata"]["topic"],) == (Article.topic,)
    environment = prod.environment(target)
    assert trigger["metadata"]["bootstrapServersFromEnv"] in environment
    assert scaled["spec"]["minReplicaCount"] >= 1
    assert scaled["spec"]["maxReplicaCount"] == int(environment["ONRECORD_LOG__PARTITIONS"])
    authentication = prod.named("TriggerAuthentication", trigger["authenticationRef"]["name"])
    assert {one["name"] for one in authentication["spec"]["env"]} <= environment.keys()


def test_no_more_replicas_than_partitions_and_one_ingest(overlays: dict[str, Objects]) -> None:
    for objects in overlays.values():
        counts = {one["metadata"]["name"]: one["spec"].get("replicas") for one in objects.services()}
        assert counts["ingest"] == counts["lag"] == 1
        assert counts["aggregate"] <= 6
    assert counts["aggregate"] >= 2 <= counts["query"]


def test_a_pod_has_time_to_finish(prod: Objects) -> None:
    kafka, extract, ingest = KafkaSettings(), ExtractSettings(), IngestSettings()
    transaction = kafka.delivery_timeout_s + kafka.transaction_timeout_s
    needs = {
        "ingest": INGEST_GRACE_S + ingest.fetch_timeout_s,
        "extract": extract.html_timeout_s + transaction,
        "aggregate": kafka.delivery_timeout_s + transaction,
        "query": container_of(prod.named("Deployment", "query"))["lifecycle"]["preStop"]["sleep"]["seconds"]
        + QUERY_GRACE_S,
        "lag": max(kafka.transaction_timeout_s, kafka.bootstrap_timeout_s),
    }
    for one in prod.services():
        assert pod_of(one)["terminationGracePeriodSeconds"] > needs[one["metadata"]["name"]]
    resources = container_of(prod.named("StatefulSet", "extract"))["resources"]
    room = _mebibytes(resources["limits"]["memory"]) - _mebibytes(resources["requests"]["memory"])
    assert room >= extract.html_memory_mb, "the HTML worker would be killed with its parent, not alone"


def _mebibytes(quantity: str) -> int:
    return int(quantity.removesuffix("Mi"))


def test_only_what_is_listed_passes_the_network(prod: Objects) -> None:
    policies = [one["spec"] for one in prod.of("NetworkPolicy")]
    assert {"podSelector": {}, "policyTypes": ["Ingress", "Egress"]} in policies
    reach: dict[str, set[tuple[str, Any]]] = {name: set() for name in SERVICES}
    for one in prod.services():
        for policy in policies:
            if selects(policy["podSelector"], labels_of(one)):
                for rule in policy.get("egress", []):
                    reach[one["metadata"]["name"]] |= {
                        (_peer(peer), port["port"]) for peer in rule["to"] for port in rule["ports"]
                    }
                for rule in policy.get("ingress", []):
                    reach[one["metadata"]["name"]] |= {
                        (f"from {_peer(peer)}", port["port"])
                        for peer in rule["from"]
                        for port in rule["ports"]
                    }
    every = {("kube-system", 53), ("from monitoring", "ops")}
    kafka, postgres = ("kafka", 9093), ("postgres", 5432)
    internet = {(block, port) for block in ("0.0.0.0/0", "2000::/3") for port in (80, 443)}
    assert reach == {
        "ingest": every | {kafka, ("from allowed", "push")} | internet,
        "extract": every | {kafka},
        "aggregate": every | {kafka, postgres},
        "query": every | {postgres, ("from ingress-nginx", "http")},
        "lag": every | {kafka},
    }
    (block,) = (
        peer["ipBlock"]
        for policy in policies
        for rule in policy.get("egress", [])
        for peer in rule["to"]
        if peer.get("ipBlock", {}).get("cidr") == "0.0.0.0/0"
    )
    shut = [ip_network(network) for network in block["except"]]
    for address in (
        "10.1.2.3",
        "172.31.0.1",
        "192.168.1.1",
        "169.254.169.254",
        "127.0.0.1",
        "100.64.0.1",
        "0.1.2.3",
    ):
        assert any(ip_address(address) in network for network in shut), address
    assert not any(ip_address("93.184.215.14") in network for network in shut)


def _peer(peer: Manifest) -> str:
    if "ipBlock" in peer:
        return str(peer["ipBlock"]["cidr"])
    (value,) = peer["namespaceSelector"]["matchLabels"].values()
    return str(value)


def test_kafka_is_asked_where_the_network_lets_it(prod: Objects) -> None:
    for one in prod.services():
        servers = prod.environment(one).get("ONRECORD_KAFKA__BOOTSTRAP_SERVERS")
        assert servers in (None, "kafka-kafka-bootstrap.kafka.svc:9093")


def test_rules_and_dashboards_are_all_there(prod: Objects) -> None:
    files = {
        path.stem: yaml.safe_load(path.read_text(encoding="utf-8"))
        for path in (ROOT / "deploy/prometheus/rules").glob("*.yml")
    }
    assert {
        one["metadata"]["name"].removeprefix("onrecord-"): one["spec"] for one in prod.of("PrometheusRule")
    } == files
    boards = {
        path.name: path.read_text(encoding="utf-8")
        for path in (ROOT / "deploy/grafana/dashboards").glob("*.json")
    }
    found: dict[str, str] = {}
    for one in prod.of("ConfigMap"):
        if one["metadata"].get("labels", {}).get("grafana_dashboard") == "1":
            found.update(one["data"])
    assert found == boards


def test_made_files_are_current() -> None:
    specification = spec_from_file_location("kubernetes_generate", FOLDER / "generate.py")
    assert specification
    assert specification.loader
    generate = module_from_spec(specification)
    # dataclasses look their module up
    sys.modules[specification.name] = generate
    specification.loader.exec_module(generate)
    stale = [path.name for path, text in generate.files().items() if path.read_text(encoding="utf-8") != text]
    assert stale == [], "run `python deploy/kubernetes/generate.py`"


def test_readme_names_what_must_be_supplied() -> None:
    text = (FOLDER / "README.md").read_text(encoding="utf-8")
    assert [name for name in SUPPLIED if name not in text] == []


def test_pod_security_is_enforced_on_the_namespaces(overlays: dict[str, Objects]) -> None:
    for objects in overlays.values():
        (namespace,) = objects.of("Namespace")
        assert namespace["metadata"]["labels"]["pod-security.kubernetes.io/enforce"] == "restricted"
        inside = {one["metadata"].get("namespace") for one in objects.manifests if one is not namespace}
        assert inside == {namespace["metadata"]["name"]}
