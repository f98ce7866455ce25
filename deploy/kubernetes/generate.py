"""Writes the manifests that repeat what stands elsewhere: ``python deploy/kubernetes/generate.py``
(``--check`` only compares).

- ``components/strimzi/topics.yaml`` from the declaration of the topics;
- ``components/strimzi/users.yaml`` from the declaration of the groups and from :data:`USERS`;
- ``components/monitoring/rules.yaml`` from ``deploy/prometheus/rules``;
- ``deploy/grafana/kustomization.yaml`` from the names in ``deploy/grafana/dashboards`` (no component may read
  another folder's files).
"""

from __future__ import annotations

import sys
from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import yaml

from schemas.events import ActorRecord, Article, Claim, Decision, Document, Quote
from services.chassis.dlq import REPLAY_GROUP
from services.chassis.log.groups import AGGREGATE_GROUP, EXTRACT_GROUP, READ
from services.chassis.log.kafka.topics import topic_configs
from services.chassis.log.topics import DLQ_SUFFIX, declared, dlq_of

DEPLOY = Path(__file__).parents[1]
HEADER = "# Made by deploy/kubernetes/generate.py; `python deploy/kubernetes/generate.py` writes it anew.\n"

CLUSTER = "kafka"
"""Name of the Kafka resource; the label by which Strimzi finds its topics and users."""
BROKERS = 3
"""Replicas of every topic: one broker may be lost, and one more may restart."""

Manifest = dict[str, Any]


@dataclass(frozen=True, slots=True)
class User:
    """What one service does with Kafka. ``transactional`` is what its transactional ids may begin with."""

    reads: Sequence[str] = ()
    writes: Sequence[str] = ()
    joins: Sequence[str] = ()
    watches: Sequence[str] = ()
    transactional: Sequence[str] = ()


EVERY_TOPIC = tuple(spec.name for spec in declared())
CONSUMED_BY_AGGREGATE = READ[AGGREGATE_GROUP]
DEAD_LETTERS = tuple(name for name in EVERY_TOPIC if name.endswith(DLQ_SUFFIX))

USERS: Mapping[str, User] = {
    # reads what it wrote: its index of the articles is made from the topic
    "ingest": User(
        reads=(Article.topic,),
        writes=(Article.topic, dlq_of(Article.topic)),
        transactional=("onrecord-ingest-",),
    ),
    "extract": User(
        reads=READ[EXTRACT_GROUP],
        writes=(Document.topic, Quote.topic, Claim.topic, dlq_of(Article.topic)),
        joins=(EXTRACT_GROUP,),
        transactional=(f"{EXTRACT_GROUP}-",),
    ),
    "aggregate": User(
        reads=CONSUMED_BY_AGGREGATE,
        writes=(ActorRecord.topic, *(dlq_of(event.topic) for event in (Document, Quote, Claim, Decision))),
        joins=(AGGREGATE_GROUP,),
        transactional=(f"{AGGREGATE_GROUP}-",),
    ),
    # looks at the first record that waits, to know its age
    "lag": User(reads=EVERY_TOPIC, watches=tuple(READ)),
    # puts dead letters back onto their topics, and decisions about who is who onto theirs
    "console": User(
        reads=DEAD_LETTERS,
        writes=(*DEAD_LETTERS, *(name.removesuffix(DLQ_SUFFIX) for name in DEAD_LETTERS)),
        joins=tuple(f"{REPLAY_GROUP}-{name}" for name in DEAD_LETTERS),
        transactional=(f"{REPLAY_GROUP}-", "onrecord-decisions-"),
    ),
}


def topics() -> Iterator[Manifest]:
    """A KafkaTopic for each declared topic, configured as ``onrecord topics create`` would."""
    for spec in declared():
        yield {
            "apiVersion": "kafka.strimzi.io/v1",
            "kind": "KafkaTopic",
            "metadata": {"name": spec.name, "labels": _labels("topics")},
            "spec": {
                "partitions": spec.partitions,
                "replicas": BROKERS,
                "config": topic_configs(spec, BROKERS),
            },
        }


def users() -> Iterator[Manifest]:
    """A KafkaUser for each service that talks to Kafka."""
    for service, user in USERS.items():
        yield {
            "apiVersion": "kafka.strimzi.io/v1",
            "kind": "KafkaUser",
            "metadata": {"name": f"onrecord-{service}", "labels": _labels(service)},
            "spec": {
                "authentication": {"type": "scram-sha-512"},
                "authorization": {"type": "simple", "acls": list(_acls(user))},
            },
        }


def _acls(user: User) -> Iterator[Manifest]:
    for topic in EVERY_TOPIC:
        does = [name for name, names in (("Read", user.reads), ("Write", user.writes)) if topic in names]
        if does:
            # the configuration: the services ask for max.message.bytes
            yield _acl("topic", topic, [*does, "Describe", "DescribeConfigs"])
    for group in user.joins:
        yield _acl("group", group, ["Read"])
    for group in user.watches:
        yield _acl("group", group, ["Describe"])
    for prefix in user.transactional:
        yield _acl("transactionalId", prefix, ["Write", "Describe"], "prefix")


def _acl(kind: str, name: str, operations: list[str], pattern: str = "literal") -> Manifest:
    return {"resource": {"type": kind, "name": name, "patternType": pattern}, "operations": operations}


def _labels(component: str) -> dict[str, str]:
    return {
        "app.kubernetes.io/name": "onrecord",
        "app.kubernetes.io/component": component,
        "strimzi.io/cluster": CLUSTER,
    }


def rules() -> Iterator[Manifest]:
    """A PrometheusRule for each file of rules."""
    for path in sorted((DEPLOY / "prometheus" / "rules").glob("*.yml")):
        yield {
            "apiVersion": "monitoring.coreos.com/v1",
            "kind": "PrometheusRule",
            "metadata": {"name": f"onrecord-{path.stem}", "labels": {"app.kubernetes.io/name": "onrecord"}},
            "spec": yaml.safe_load(path.read_text(encoding="utf-8")),
        }


def dashboards() -> Iterator[Manifest]:
    """The component that makes a ConfigMap of each dashboard."""
    yield {
        "apiVersion": "kustomize.config.k8s.io/v1alpha1",
        "kind": "Component",
        "configMapGenerator": [
            {
                "name": f"onrecord-dashboard-{path.stem}",
                "files": [f"dashboards/{path.name}"],
                "options": {
                    "labels": {"app.kubernetes.io/name": "onrecord", "grafana_dashboard": "1"},
                    "annotations": {"grafana_folder": "onrecord"},
                    # Grafana knows a dashboard by its uid; a new name for each change would only leave old
                    # ones behind
                    "disableNameSuffixHash": True,
                },
            }
            for path in sorted((DEPLOY / "grafana" / "dashboards").glob("*.json"))
        ],
    }


class _Dumper(yaml.SafeDumper):
    """Lists indented, expressions of several lines as they are read best, no anchors."""

    def increase_indent(self, flow: bool = False, indentless: bool = False) -> None:
        del indentless
        super().increase_indent(flow, False)

    def ignore_aliases(self, data: object) -> bool:
        del data
        return True


def _text(dumper: yaml.SafeDumper, text: str) -> yaml.ScalarNode:
    return dumper.represent_scalar("tag:yaml.org,2002:str", text, style="|" if "\n" in text else None)


_Dumper.add_representer(str, _text)


def files() -> dict[Path, str]:
    """Every file made here, with its text."""
    made = {
        DEPLOY / "kubernetes/components/strimzi/topics.yaml": topics(),
        DEPLOY / "kubernetes/components/strimzi/users.yaml": users(),
        DEPLOY / "kubernetes/components/monitoring/rules.yaml": rules(),
        DEPLOY / "grafana/kustomization.yaml": dashboards(),
    }
    return {
        path: HEADER
        + yaml.dump_all(list(manifests), Dumper=_Dumper, sort_keys=False, allow_unicode=True, width=140)
        for path, manifests in made.items()
    }


def main(arguments: Sequence[str]) -> int:
    """Write or compare; 1 when something differs."""
    stale = [
        path
        for path, text in files().items()
        if not path.exists() or path.read_text(encoding="utf-8") != text
    ]
    if "--check" not in arguments:
        for path in stale:
            path.write_text(files()[path], encoding="utf-8")
            print(f"wrote {path.relative_to(DEPLOY.parent)}")
        return 0
    for path in stale:
        print(
            f"{path.relative_to(DEPLOY.parent)} is out of date: run `python deploy/kubernetes/generate.py`",
            file=sys.stderr,
        )
    return 1 if stale else 0


if __name__ == "__main__":
    sys.exit(main(sys.argv[1:]))
