"""The checks of the Kubernetes manifests find the mistakes they are there for: each is made in a copy, and
must be told of."""

from __future__ import annotations

import copy
from collections.abc import Callable, Sequence
from typing import Any

import pytest

from tests.support.kubernetes import (
    Check,
    listening_problems,
    port_problems,
    reference_problems,
    schema_problems,
    security_problems,
    selector_problems,
    settings_problems,
)
from tests.support.kustomize import Manifest, Objects, overlay

COMPONENT = "app.kubernetes.io/component"


def _set(path: Sequence[Any], value: object) -> Callable[[Manifest], None]:
    """A change of one place in a manifest; ``...`` as the value removes it."""

    def change(manifest: Manifest) -> None:
        at: Any = manifest
        for key in path[:-1]:
            at = at[key]
        if value is ...:
            del at[path[-1]]
        else:
            at[path[-1]] = value

    return change


POD = ("spec", "template", "spec")
BOX = (*POD, "containers", 0)
MISTAKES: list[tuple[Check, str, str, Callable[[Manifest], None]]] = [
    (schema_problems, "StatefulSet", "extract", _set((*BOX, "securityContxt"), {})),
    (schema_problems, "StatefulSet", "extract", _set(("spec", "podManagmentPolicy"), "Parallel")),
    (schema_problems, "Deployment", "query", _set(("spec", "replicas"), "two")),
    (
        schema_problems,
        "ScaledObject",
        "extract",
        _set(("spec", "triggers", 0, "metadata", "lagTreshold"), "5"),
    ),
    (
        schema_problems,
        "ScaledObject",
        "extract",
        _set(("spec", "triggers", 0, "metadata", "bootstrapServersFromEnv"), ...),
    ),
    (
        schema_problems,
        "TriggerAuthentication",
        "extract-kafka",
        _set(("spec", "secretTargetRef", 0, "secret"), "x"),
    ),
    (schema_problems, "PodMonitor", "onrecord", _set(("spec", "podMetricsEndpoints", 0, "intervall"), "15s")),
    (schema_problems, "KafkaTopic", "onrecord.articles", _set(("spec", "config", "retention"), "1")),
    (
        schema_problems,
        "KafkaUser",
        "onrecord-lag",
        _set(("spec", "authorization", "acls", 0, "operations"), ["read"]),
    ),
    (
        schema_problems,
        "PrometheusRule",
        "onrecord-slo",
        _set(("spec", "groups", 0, "rules", 0, "alerts"), "x"),
    ),
    (security_problems, "StatefulSet", "ingest", _set((*POD, "securityContext", "runAsNonRoot"), ...)),
    (security_problems, "StatefulSet", "ingest", _set((*BOX, "securityContext", "capabilities"), ...)),
    (security_problems, "Deployment", "lag", _set((*POD, "enableServiceLinks"), ...)),
    (
        security_problems,
        "Deployment",
        "lag",
        _set((*POD, "volumes", 0), {"name": "tmp", "hostPath": {"path": "/"}}),
    ),
    (security_problems, "Deployment", "query", _set((*BOX, "resources", "limits"), ...)),
    (
        reference_problems,
        "StatefulSet",
        "extract",
        _set((*BOX, "envFrom", 0, "configMapRef", "name"), "onrecord"),
    ),
    (reference_problems, "Deployment", "query", _set((*BOX, "volumeMounts", 0, "name"), "stor")),
    (reference_problems, "Deployment", "query", _set((*POD, "serviceAccountName"), "default")),
    (reference_problems, "KafkaUser", "onrecord-extract", _set(("metadata", "name"), "onrecord-extractor")),
    (selector_problems, "Service", "query", _set(("spec", "selector", COMPONENT), ...)),
    (
        selector_problems,
        "PodDisruptionBudget",
        "extract",
        _set(("spec", "selector", "matchLabels", COMPONENT), "extractor"),
    ),
    (
        selector_problems,
        "PodMonitor",
        "onrecord",
        _set(("spec", "selector", "matchExpressions", 0, "values"), ["extract"]),
    ),
    (selector_problems, "PodMonitor", "onrecord", _set(("spec", "jobLabel"), "app.kubernetes.io/name")),
    (selector_problems, "StatefulSet", "aggregate", _set(("spec", "serviceName"), "aggregates")),
    (port_problems, "Service", "query", _set(("spec", "ports", 0, "targetPort"), "web")),
    (port_problems, "Service", "ingest", _set(("spec", "ports", 0, "port"), 80)),
    (listening_problems, "Deployment", "query", _set((*BOX, "ports", 0, "containerPort"), 8000)),
    (
        listening_problems,
        "StatefulSet",
        "extract",
        _set((*BOX, "livenessProbe", "httpGet", "path"), "/readyz"),
    ),
    (port_problems, "NetworkPolicy", "query", _set(("spec", "ingress", 0, "ports", 0, "port"), "web")),
    (
        settings_problems,
        "StatefulSet",
        "ingest",
        _set((*BOX, "env", 0, "name"), "ONRECORD_INGST__INDEX_PATH"),
    ),
    (
        settings_problems,
        "StatefulSet",
        "ingest",
        _set((*BOX, "env", 0, "name"), "ONRECORD_INGEST__INDEXPATH"),
    ),
    (settings_problems, "Deployment", "query", _set((*BOX, "env", 1, "value"), "eighty")),
    (
        settings_problems,
        "Deployment",
        "query",
        _set((*BOX, "env", 2, "value"), "/run/secrets/onrecord/store/uri"),
    ),
    (settings_problems, "Deployment", "lag", _set((*BOX, "env"), [])),
]


@pytest.mark.parametrize(("check", "kind", "name", "change"), MISTAKES)
def test_a_mistake_is_found(check: Check, kind: str, name: str, change: Callable[[Manifest], None]) -> None:
    wrong = copy.deepcopy(overlay("prod"))
    change(wrong.named(kind, name))
    if check is schema_problems:
        wrong = Objects([wrong.named(kind, name)])
    assert list(check(wrong))
