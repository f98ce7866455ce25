"""The Kafka users of the Kubernetes manifests on a real broker with SCRAM-SHA-512 and its authorizer: enough,
and no more."""

from __future__ import annotations

import re
import urllib.request
from collections.abc import Iterator
from functools import partial
from pathlib import Path
from typing import Any

import pytest
import yaml
from kafka import KafkaAdminClient
from kafka.admin import (
    ACL,
    ACLOperation,
    ACLPermissionType,
    ACLResourcePatternType,
    ResourcePattern,
    ResourceType,
    UserScramCredentialUpsertion,
)

from schemas.events import Article, Document
from services.chassis.errors import FencedError, SettingsError, TopicMissing
from services.chassis.log.groups import READ
from services.chassis.log.kafka import KafkaLog
from services.chassis.log.types import Message
from services.chassis.settings import KafkaSettings
from tests.support.kafka import PATIENT, cluster_or_skip
from tests.support.kafka_proxy import FaultProxy
from tests.support.log import soon
from tests.support.patience import PATIENCE_S, until
from tests.support.pipeline import PATIENT as PATIENT_VARIABLES
from tests.support.pipeline import Pipeline, free_port, ready, write_articles

pytestmark = [pytest.mark.kafka, pytest.mark.slow]

USERS = Path(__file__).parents[2] / "deploy" / "kubernetes" / "components" / "strimzi" / "users.yaml"
PASSWORD = "a password"

SECURED = {
    "listener.security.protocol.map": "BROKER:PLAINTEXT,CONTROLLER:PLAINTEXT,PROXIED:SASL_PLAINTEXT",
    "listener.name.proxied.sasl.enabled.mechanisms": "SCRAM-SHA-512",
    "listener.name.proxied.scram-sha-512.sasl.jaas.config": (
        "org.apache.kafka.common.security.scram.ScramLoginModule required;"
    ),
    "authorizer.class.name": "org.apache.kafka.metadata.authorizer.StandardAuthorizer",
    # whoever comes by the plain listener: brokers, and the test as the cluster's operator
    "super.users": "User:ANONYMOUS",
}


@pytest.fixture(scope="module")
def secured() -> Iterator[tuple[str, str]]:
    """Addresses of one broker: plain with every right, and SASL with the manifests' users."""
    with FaultProxy() as proxy, cluster_or_skip(1, proxy_ports=[proxy.port], overrides=SECURED) as cluster:
        [(_, proxy.target)] = cluster.behind_proxy()
        with KafkaAdminClient(bootstrap_servers=cluster.bootstrap) as admin:
            for user in yaml.safe_load_all(USERS.read_text(encoding="utf-8")):
                name, spec = user["metadata"]["name"], user["spec"]
                mechanism = spec["authentication"]["type"].upper()
                refused = admin.alter_user_scram_credentials(
                    [UserScramCredentialUpsertion(name, mechanism, PASSWORD)]
                )
                assert refused == {name: None}
                admin.create_acls(
                    [acl for rule in spec["authorization"]["acls"] for acl in _acls(name, rule)]
                )
                address = f"127.0.0.1:{proxy.port}"
                until(partial(_lets_in, address, name), f"the broker to know {name}")
        yield cluster.bootstrap, f"127.0.0.1:{proxy.port}"


def _acls(user: str, rule: dict[str, Any]) -> Iterator[ACL]:
    resource = rule["resource"]
    kind = ResourceType[_constant(resource["type"])]
    pattern = {"literal": ACLResourcePatternType.LITERAL, "prefix": ACLResourcePatternType.PREFIXED}[
        resource["patternType"]
    ]
    for operation in rule["operations"]:
        yield ACL(
            f"User:{user}",
            "*",
            ACLOperation[_constant(operation)],
            ACLPermissionType.ALLOW,
            ResourcePattern(kind, resource["name"], pattern),
        )


def _constant(name: str) -> str:
    return re.sub(r"(?<=[a-z])(?=[A-Z])", "_", name).upper()


def _as(service: str) -> dict[str, str]:
    return {
        "security_protocol": "SASL_PLAINTEXT",
        "sasl_mechanism": "SCRAM-SHA-512",
        "sasl_username": f"onrecord-{service}",
        "sasl_password": PASSWORD,
    }


def test_the_pipeline_runs_with_them(secured: tuple[str, str], tmp_path: Path) -> None:
    plain, sasl = secured
    articles = write_articles(
        tmp_path / "articles",
        ["“The tunnel will open in March,” Transport Minister Ida Holm said on Tuesday."],
    )
    (articles / "broken.json").write_text("{", encoding="utf-8")

    def variables(service: str) -> dict[str, str]:
        own = {f"ONRECORD_KAFKA__{name.upper()}": value for name, value in _as(service).items()}
        return {**own, "ONRECORD_KAFKA__BOOTSTRAP_SERVERS": sasl}

    ports = {name: free_port() for name in ("extract", "aggregate", "lag")}
    kafka = {**PATIENT_VARIABLES, "ONRECORD_LOG__ENGINE": "kafka", "ONRECORD_KAFKA__BOOTSTRAP_SERVERS": plain}
    with Pipeline(tmp_path / "pipeline", kafka) as pipeline:
        pipeline.onrecord("topics", "create")
        with Pipeline(tmp_path / "ingest", {**kafka, **variables("ingest")}) as ingest:
            done = ingest.onrecord("ingest", str(articles), expect=1)
            assert "broken.json" in done.stdout + done.stderr, (
                "one file is refused, and becomes a dead letter"
            )
        context = pipeline.context()
        with context.log, context.log.producer("a-stranger") as stranger:
            # poison for extract and for aggregate, which put it aside with their own rights
            stranger.append(
                [Message(Article.topic, b"x", b"poison"), Message(Document.topic, b"x", b"poison")]
            )
        for name, port in ports.items():
            pipeline.start(name, **variables(name), ONRECORD_OPS__PORT=str(port))
        for name, port in ports.items():
            pipeline.wait(lambda port=port: ready(port), f"{name} to be ready")  # type: ignore[misc]
        pipeline.drain()
        letters = {"onrecord.articles.dlq": 2, "onrecord.documents.dlq": 1}
        with pipeline.context().log as log:
            for topic, count in letters.items():
                soon(lambda topic=topic: len(list(log.read(topic, 0))), count)  # type: ignore[misc]
        assert [row[1] for row in pipeline.record()["actors"]] == ["Ida Holm"]
        with Pipeline(tmp_path / "console", {**kafka, **variables("console")}) as console:
            for topic, told in (
                (Article.topic, "1 replayed, 0 left as they are\n1 cannot be replayed"),
                (Document.topic, "1 replayed, 0 left as they are\n"),
            ):
                assert console.onrecord("dlq", "replay", "--topic", topic).stdout.startswith(told)
        pipeline.wait(
            lambda: all(
                f'onrecord_group_lag_records{{group="{group}"' in _metrics(ports["lag"]) for group in READ
            ),
            "the lag",
        )
        pipeline.stop()
        for name in ports:
            assert "uthorization" not in (pipeline.folder / f"{name}.log").read_text(encoding="utf-8")


def _metrics(port: int) -> str:
    with urllib.request.urlopen(f"http://127.0.0.1:{port}/metrics", timeout=PATIENCE_S) as answer:
        return str(answer.read().decode())


def _lets_in(address: str, user: str) -> bool:
    """Whether the broker has heard of the credentials, which the controller keeps."""
    with _log(address, user.removeprefix("onrecord-")) as log:
        try:
            log.topics()
        except (FencedError, SettingsError):
            return False
    return True


def _log(address: str, service: str) -> KafkaLog:
    return KafkaLog(KafkaSettings.model_validate({"bootstrap_servers": address, **PATIENT, **_as(service)}))


@pytest.mark.parametrize(
    ("service", "client", "topic"),
    [
        ("extract", "onrecord-extract-9", Article.topic),
        ("aggregate", "onrecord-aggregate-9", Document.topic),
        ("ingest", "onrecord-extract-9", Article.topic),
        ("lag", "onrecord-lag-0", Article.topic),
    ],
)
def test_nobody_writes_as_another_or_elsewhere(
    secured: tuple[str, str], service: str, client: str, topic: str
) -> None:
    with (
        _log(secured[1], service) as log,
        pytest.raises(FencedError, match="not allowed"),
        log.producer(client) as producer,
    ):
        producer.append([Message(topic, b"x", b"x")])


def test_nobody_reads_what_it_does_not_need(secured: tuple[str, str]) -> None:
    with _log(secured[1], "ingest") as log:
        assert set(log.topics()) == {"onrecord.articles", "onrecord.articles.dlq"}
        with pytest.raises(TopicMissing):
            next(log.read(Document.topic, 0))
