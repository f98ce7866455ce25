"""Renders Kustomize folders with the real program, and finds one's way about what comes out."""

from __future__ import annotations

import json
import shutil
import subprocess
from collections.abc import Iterator, Mapping
from dataclasses import dataclass
from functools import cache
from pathlib import Path
from typing import Any

import pytest
import yaml

FOLDER = Path(__file__).parents[2] / "deploy" / "kubernetes"

OLDEST = 5
"""Kustomize's major version the manifests are written for; Debian's kubectl 1.20 brings 2, which knows no
components."""
CURE = (
    "install kubectl 1.27 or newer, or build Kustomize with `go install"
    " sigs.k8s.io/kustomize/kustomize/v5@v5.8.1` and put it on the PATH"
)

Manifest = dict[str, Any]
Labels = Mapping[str, str]

WORKLOADS = ("Deployment", "StatefulSet", "Job", "CronJob")


def render(folder: Path) -> list[Manifest]:
    """What Kustomize makes of a folder; without the program the test is skipped, also in CI: no package of
    Debian's is new enough."""
    command = _program()
    if command is None:
        pytest.skip(f"Kustomize {OLDEST} or newer is missing: {CURE}")
    done = subprocess.run([*command, str(folder)], capture_output=True, text=True, check=False)
    assert done.returncode == 0, f"{folder}: {done.stderr}"
    # warnings tell of deprecated fields
    assert not done.stderr, f"{folder}: {done.stderr}"
    return list(yaml.safe_load_all(done.stdout))


@cache
def _program() -> tuple[str, ...] | None:
    if found := shutil.which("kustomize"):
        version = subprocess.run([found, "version"], capture_output=True, text=True, check=True).stdout
        return (found, "build") if _major(version) >= OLDEST else None
    if found := shutil.which("kubectl"):
        done = subprocess.run(
            [found, "version", "--client", "--output=json"], capture_output=True, text=True, check=True
        )
        return (
            (found, "kustomize")
            if _major(json.loads(done.stdout).get("kustomizeVersion", "0")) >= OLDEST
            else None
        )
    return None


def _major(version: str) -> int:
    return int(version.strip().removeprefix("v").partition(".")[0])


def selects(selector: Mapping[str, Any], labels: Labels) -> bool:
    """Whether a Kubernetes label selector (``matchLabels``, ``matchExpressions`` with ``In``) selects
    something so labelled."""
    for expression in selector.get("matchExpressions", []):
        assert expression["operator"] == "In", f"selector operator {expression['operator']}: not known here"
        if labels.get(expression["key"]) not in expression["values"]:
            return False
    return all(labels.get(key) == value for key, value in selector.get("matchLabels", {}).items())


@dataclass(frozen=True)
class Objects:
    """The rendered objects of one overlay."""

    manifests: list[Manifest]

    def of(self, *kinds: str) -> list[Manifest]:
        """All objects of these kinds."""
        return [one for one in self.manifests if one["kind"] in kinds]

    def named(self, kind: str, name: str) -> Manifest:
        """The one object of this kind and name."""
        (found,) = (one for one in self.of(kind) if one["metadata"]["name"] == name)
        return found

    def workloads(self) -> list[Manifest]:
        """Everything that makes pods."""
        return self.of(*WORKLOADS)

    def services(self) -> list[Manifest]:
        """The workloads that run for ever."""
        return self.of("Deployment", "StatefulSet")

    def environment(self, workload: Manifest) -> dict[str, str]:
        """The environment of a workload's container, as the kubelet would put it together for the pod of
        ordinal 0."""
        container = container_of(workload)
        found: dict[str, str] = {}
        for source in container.get("envFrom", []):
            found.update(self.named("ConfigMap", source["configMapRef"]["name"])["data"])
        for variable in container.get("env", []):
            found[variable["name"]] = (
                variable["value"] if "value" in variable else _field(variable["valueFrom"])
            )
        return found

    def secret_files(self, workload: Manifest) -> dict[str, tuple[str, str]]:
        """Path of every file in a container that comes out of a Secret → the Secret's name and the key. Keys
        must be listed, so that no pod gets more of a Secret than it reads.
        """
        mounts = {mount["name"]: mount["mountPath"] for mount in container_of(workload)["volumeMounts"]}
        found: dict[str, tuple[str, str]] = {}
        for volume in pod_of(workload)["volumes"]:
            for name, items in _secrets(volume):
                for item in items:
                    found[f"{mounts[volume['name']]}/{item['path']}"] = (name, item["key"])
        return found


def _secrets(volume: Manifest) -> Iterator[tuple[str, list[dict[str, str]]]]:
    if "secret" in volume:
        yield volume["secret"]["secretName"], volume["secret"]["items"]
    for source in volume.get("projected", {}).get("sources", []):
        yield source["secret"]["name"], source["secret"]["items"]


def _field(source: Manifest) -> str:
    # since Kubernetes 1.28, on every pod of a StatefulSet
    assert source == {"fieldRef": {"fieldPath": "metadata.labels['apps.kubernetes.io/pod-index']"}}, (
        f"{source}: not known here"
    )
    return "0"


@cache
def overlay(name: str) -> Objects:
    """One overlay of the project, rendered once; change copies only."""
    return Objects(render(FOLDER / "overlays" / name))


def pod_of(workload: Manifest) -> Manifest:
    """A workload's pod specification."""
    spec: Manifest = _template(workload)["spec"]
    return spec


def _template(workload: Manifest) -> Manifest:
    spec = workload["spec"]["jobTemplate"]["spec"] if workload["kind"] == "CronJob" else workload["spec"]
    template: Manifest = spec["template"]
    return template


def labels_of(workload: Manifest) -> Labels:
    """The labels of a workload's pods."""
    labels: Labels = _template(workload)["metadata"]["labels"]
    return labels


def container_of(workload: Manifest) -> Manifest:
    """A workload's one container."""
    (container,) = pod_of(workload)["containers"]
    return dict(container)


def ports_of(workload: Manifest) -> dict[str, int]:
    """The named ports of a workload's container."""
    return {port["name"]: port["containerPort"] for port in container_of(workload).get("ports", [])}
