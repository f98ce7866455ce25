"""Checks of rendered Kubernetes objects. Each takes the objects and yields one line for each mistake it
finds."""

from __future__ import annotations

import re
from collections.abc import Callable, Iterator, Mapping
from pathlib import Path
from tempfile import TemporaryDirectory

import jsonschema
import kubernetes_validate  # type: ignore[import-untyped]
import pytest

from services.chassis.errors import SettingsError
from services.chassis.settings import PREFIX, Settings, load
from tests.support.custom_resources import SCHEMAS
from tests.support.kustomize import Manifest, Objects, container_of, labels_of, pod_of, ports_of, selects

Check = Callable[[Objects], Iterator[str]]

OLDEST_KUBERNETES, NEWEST_KUBERNETES = "1.30", "1.37"
"""1.30 is the first with ``preStop.sleep``; 1.37 the newest whose schemas `kubernetes-validate` brings."""

SUPPLIED = {
    "onrecord-store": {"url"},
    "onrecord-store-reader": {"url"},
    "onrecord-push": {"token"},
    "onrecord-kafka-ca": {"ca.crt"},
}
"""Secrets that the operator of the cluster makes, with their keys; deploy/kubernetes/README.md tells how."""

RESTRICTED_VOLUMES = {
    "configMap",
    "csi",
    "downwardAPI",
    "emptyDir",
    "ephemeral",
    "persistentVolumeClaim",
    "projected",
    "secret",
}
"""What the Pod Security Standard *restricted* allows."""


def name_of(manifest: Manifest) -> str:
    """Kind and name, for messages."""
    return f"{manifest['kind']} {manifest['metadata']['name']}"


def schema_problems(objects: Objects) -> Iterator[str]:
    """Fields that do not exist, values of the wrong type: core kinds on the oldest and newest Kubernetes,
    custom ones by our schemas."""
    for one in objects.manifests:
        if one["kind"] in SCHEMAS:
            validator = jsonschema.Draft202012Validator(SCHEMAS[one["kind"]])
            yield from (
                f"{name_of(one)}: {error.json_path}: {error.message}" for error in validator.iter_errors(one)
            )
            continue
        for version in (OLDEST_KUBERNETES, NEWEST_KUBERNETES):
            try:
                kubernetes_validate.validate(one, version, strict=True)
            except kubernetes_validate.ValidationError as error:
                yield f"{name_of(one)}, Kubernetes {version}: {error.json_path}: {error.message}"


def security_problems(objects: Objects) -> Iterator[str]:
    """What the Pod Security Standard *restricted* refuses, and what we ask for beyond it."""
    for one in objects.workloads():
        pod, container = pod_of(one), container_of(one)
        for context, wanted in (
            (
                pod.get("securityContext", {}),
                {"runAsNonRoot": True, "seccompProfile": {"type": "RuntimeDefault"}, "runAsUser": 10001},
            ),
            (
                container.get("securityContext", {}),
                {
                    "allowPrivilegeEscalation": False,
                    "capabilities": {"drop": ["ALL"]},
                    "readOnlyRootFilesystem": True,
                },
            ),
            # a Service named onrecord-… would otherwise bring ONRECORD_… variables that the settings refuse
            (pod, {"automountServiceAccountToken": False, "enableServiceLinks": False}),
        ):
            yield from (
                f"{name_of(one)}: {key} is {context.get(key)}"
                for key, value in wanted.items()
                if context.get(key) != value
            )
        yield from (
            f"{name_of(one)}: {key}"
            for key in ("hostNetwork", "hostPID", "hostIPC", "initContainers")
            if pod.get(key)
        )
        yield from (f"{name_of(one)}: host port" for port in container.get("ports", []) if "hostPort" in port)
        for volume in pod["volumes"]:
            yield from (
                f"{name_of(one)}: volume of type {kind}"
                for kind in volume.keys() - {"name"} - RESTRICTED_VOLUMES
            )
        resources = container.get("resources", {})
        if not {"cpu", "memory"} <= resources.get("requests", {}).keys() or "memory" not in resources.get(
            "limits", {}
        ):
            yield f"{name_of(one)}: requests of CPU and memory and a limit of memory are needed"
        if "/tmp" not in {mount["mountPath"] for mount in container["volumeMounts"]}:
            yield f"{name_of(one)}: nowhere to write: /tmp is not mounted"


def reference_problems(objects: Objects) -> Iterator[str]:
    """Names of ConfigMaps, Secrets, service accounts and volumes that lead nowhere."""
    maps = {one["metadata"]["name"] for one in objects.of("ConfigMap")}
    accounts = {one["metadata"]["name"] for one in objects.of("ServiceAccount")}
    secrets = SUPPLIED | {one["metadata"]["name"]: {"password"} for one in objects.of("KafkaUser")}
    for one in objects.workloads():
        container, pod = container_of(one), pod_of(one)
        for source in container.get("envFrom", []):
            if source["configMapRef"]["name"] not in maps:
                yield f"{name_of(one)}: no ConfigMap {source['configMapRef']['name']}"
        if pod["serviceAccountName"] not in accounts:
            yield f"{name_of(one)}: no ServiceAccount {pod['serviceAccountName']}"
        claims = {claim["metadata"]["name"] for claim in one["spec"].get("volumeClaimTemplates", [])}
        volumes, mounts = (
            {volume["name"] for volume in pod["volumes"]} | claims,
            {mount["name"] for mount in container["volumeMounts"]},
        )
        if volumes != mounts:
            yield f"{name_of(one)}: volumes {sorted(volumes)}, mounts {sorted(mounts)}"
            continue
        for name, key in objects.secret_files(one).values():
            if key not in secrets.get(name, ()):
                yield f"{name_of(one)}: nobody makes key {key} of Secret {name}"
    for one in objects.of("TriggerAuthentication"):
        for reference in one["spec"]["secretTargetRef"]:
            if reference["key"] not in secrets.get(reference["name"], ()):
                yield f"{name_of(one)}: nobody makes key {reference['key']} of Secret {reference['name']}"


def selector_problems(objects: Objects) -> Iterator[str]:
    """Selectors that miss their pods or catch others'."""
    for one in objects.services():
        if not selects(one["spec"]["selector"], labels_of(one)):
            yield f"{name_of(one)}: does not select its own pods"
        for spread in pod_of(one).get("topologySpreadConstraints", []):
            if not selects(spread["labelSelector"], labels_of(one)):
                yield f"{name_of(one)}: spreads other pods than its own"
    for one in objects.of("Service"):
        selector = {"matchLabels": one["spec"]["selector"]}
        yield from _selects_only(objects, one, selector, [one["metadata"]["name"]])
    for one in objects.of("PodDisruptionBudget"):
        yield from _selects_only(objects, one, one["spec"]["selector"], [one["metadata"]["name"]])
    for one in objects.of("PodMonitor"):
        yield from _selects_only(
            objects, one, one["spec"]["selector"], sorted(s["metadata"]["name"] for s in objects.services())
        )
        for service in objects.services():
            if labels_of(service)[one["spec"]["jobLabel"]] != service["metadata"]["name"]:
                yield (
                    f"{name_of(one)}: the job of {name_of(service)} would be called"
                    f" {labels_of(service)[one['spec']['jobLabel']]}"
                )
    for one in objects.of("StatefulSet"):
        if one["spec"]["serviceName"] not in {
            service["metadata"]["name"] for service in objects.of("Service")
        }:
            yield f"{name_of(one)}: no Service {one['spec']['serviceName']}"


def _selects_only(objects: Objects, one: Manifest, selector: Manifest, wanted: list[str]) -> Iterator[str]:
    found = sorted(
        workload["metadata"]["name"]
        for workload in objects.workloads()
        if selects(selector, labels_of(workload))
    )
    if found != wanted:
        yield f"{name_of(one)}: selects {found}, not {wanted}"


def port_problems(objects: Objects) -> Iterator[str]:
    """Ports by a name that no container has."""
    by_name = {one["metadata"]["name"]: one for one in objects.workloads()}
    for one in objects.of("Service"):
        ports = ports_of(by_name[one["metadata"]["name"]])
        for port in one["spec"]["ports"]:
            if port["targetPort"] not in ports:
                yield f"{name_of(one)}: no container port {port['targetPort']}"
            # a headless Service hands out addresses of pods: it cannot translate ports
            elif one["spec"].get("clusterIP") == "None" and port["port"] != ports[port["targetPort"]]:
                yield f"{name_of(one)}: headless, and {port['port']} is not the container's port"
    for one in objects.of("PodMonitor"):
        ports_asked = {endpoint["port"] for endpoint in one["spec"]["podMetricsEndpoints"]}
        yield from (
            f"{name_of(one)}: {name_of(s)} lacks a port of {ports_asked}"
            for s in objects.services()
            if not ports_asked <= set(ports_of(s))
        )
    for one in objects.of("NetworkPolicy"):
        chosen = [
            ports_of(workload)
            for workload in objects.services()
            if selects(one["spec"]["podSelector"], labels_of(workload))
        ]
        named = {port["port"] for rule in one["spec"].get("ingress", []) for port in rule["ports"]}
        yield from (
            f"{name_of(one)}: no port {port}" for port in named if not all(port in ports for ports in chosen)
        )


def listening_problems(objects: Objects) -> Iterator[str]:
    """Services that listen elsewhere than their ports say, and probes that ask something else."""
    for one in objects.services():
        environment = objects.environment(one)
        listens = {
            port: environment.get(PREFIX + variable)
            for port, variable in (
                ("ops", "OPS__PORT"),
                ("push", "INGEST__PUSH_PORT"),
                ("http", "QUERY__PORT"),
            )
        }
        for name, number in ports_of(one).items():
            if listens[name] != str(number):
                yield f"{name_of(one)}: port {name} is {number}, the service listens on {listens[name]}"
        for probe, path in (
            ("startupProbe", "/livez"),
            ("livenessProbe", "/livez"),
            ("readinessProbe", "/readyz"),
        ):
            found = container_of(one).get(probe, {}).get("httpGet")
            if found != {"path": path, "port": "ops"}:
                yield f"{name_of(one)}: {probe} asks {found}"


def settings_problems(objects: Objects) -> Iterator[str]:
    """Settings that do not exist, values that do not parse, files of secrets that are not there: each
    environment is really loaded."""
    for one in objects.workloads():
        with TemporaryDirectory() as folder, pytest.MonkeyPatch.context() as patch:
            secret = Path(folder) / "secret"
            secret.write_text("secret\n", encoding="utf-8")
            files = objects.secret_files(one)
            for variable, value in objects.environment(one).items():
                if not _exists(variable):
                    yield f"{name_of(one)}: {variable}: no such setting"
                if re.search("PASSWORD|TOKEN|URL", variable) and not variable.endswith("_FILE"):
                    yield f"{name_of(one)}: {variable}: a secret in plain sight"
                patch.setenv(variable, str(secret) if value in files else value)
            try:
                settings = load()
                settings.store.address()
                settings.ingest.token()
            except SettingsError as error:
                yield from (f"{name_of(one)}: {problem}" for problem in error.problems)


def _exists(variable: str) -> bool:
    section, _, field = variable.removeprefix(PREFIX).lower().partition("__")
    found = Settings.model_fields.get(section)
    fields: Mapping[str, object] = getattr(found.annotation, "model_fields", {}) if found else {}
    return variable.startswith(PREFIX) and field in fields


CHECKS: tuple[Check, ...] = (
    schema_problems,
    security_problems,
    reference_problems,
    selector_problems,
    port_problems,
    listening_problems,
    settings_problems,
)
