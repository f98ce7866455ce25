"""A real broker that asks for TLS and a login (SCRAM): the settings get in, and a wrong one is named with its
cure."""

from __future__ import annotations

import gc
import os
import socketserver
import subprocess
import sys
import threading
from collections.abc import Iterator
from concurrent.futures import ThreadPoolExecutor
from contextlib import suppress
from dataclasses import dataclass
from pathlib import Path
from socket import SHUT_WR, create_connection, socket
from typing import Any

import pytest
from kafka import KafkaAdminClient
from kafka.admin import UserScramCredentialUpsertion

from services.chassis.devkafka.jars import java
from services.chassis.errors import SettingsError, TransientError
from services.chassis.log.kafka import KafkaLog
from services.chassis.log.types import Message
from services.chassis.settings import KafkaSettings
from tests.support.kafka import FAST, PATIENT, cluster_or_skip
from tests.support.log import drain, new_group, new_topic
from tests.support.patience import until

pytestmark = pytest.mark.kafka

ALICE = {"sasl_mechanism": "SCRAM-SHA-512", "sasl_username": "alice", "sasl_password": "a password"}
STORE_PASSWORD = "changeit"
REASONS_S = (6.0, 30.0, 120.0)
"""How long a client goes on where it cannot know that trying is useless; a busy machine may see nothing
within the first."""


class Relay(socketserver.ThreadingTCPServer):
    """Bytes between a port that the broker advertises and the one it listens on; nothing is read, so TLS goes
    through."""

    daemon_threads = True
    target = 0

    def __init__(self) -> None:
        super().__init__(("127.0.0.1", 0), _Relayed)
        self.port = int(self.server_address[1])


class _Relayed(socketserver.BaseRequestHandler):
    def handle(self) -> None:
        assert isinstance(self.server, Relay)
        with create_connection(("127.0.0.1", self.server.target)) as broker:
            back = threading.Thread(target=_pump, args=(broker, self.request), daemon=True)
            back.start()
            _pump(self.request, broker)
            back.join()


def _pump(source: socket, sink: socket) -> None:
    with suppress(OSError):
        while data := source.recv(65_536):
            sink.sendall(data)
    with suppress(OSError):
        sink.shutdown(SHUT_WR)


@dataclass(frozen=True)
class Secured:
    """``tls`` takes alice over TLS, ``plain`` anybody; ``certificate`` is the broker's, signed by nobody
    else."""

    tls: str
    plain: str
    certificate: Path

    def settings(self, **changes: object) -> dict[str, Any]:
        """What gets alice in, with changes."""
        right = {
            "bootstrap_servers": self.tls,
            "security_protocol": "SASL_SSL",
            "ssl_cafile": str(self.certificate),
            **ALICE,
        }
        found: dict[str, Any] = {**PATIENT, **right, **changes}
        login = found["security_protocol"].startswith("SASL")
        return found if login else {name: value for name, value in found.items() if name not in ALICE}

    def log(self, **changes: object) -> KafkaLog:
        """The log with these settings."""
        return KafkaLog(KafkaSettings.model_validate(self.settings(**changes)))


@pytest.fixture(scope="module")
def secured(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Secured]:
    store, certificate = (tmp_path_factory.mktemp("tls") / name for name in ("broker.p12", "broker.pem"))
    listener = {
        "listener.security.protocol.map": "BROKER:PLAINTEXT,CONTROLLER:PLAINTEXT,PROXIED:SASL_SSL",
        "listener.name.proxied.sasl.enabled.mechanisms": "SCRAM-SHA-512",
        "listener.name.proxied.scram-sha-512.sasl.jaas.config": (
            "org.apache.kafka.common.security.scram.ScramLoginModule required;"
        ),
        "listener.name.proxied.ssl.keystore.location": str(store),
        "listener.name.proxied.ssl.keystore.password": STORE_PASSWORD,
    }
    with Relay() as relay:
        threading.Thread(target=relay.serve_forever, daemon=True).start()
        cluster = cluster_or_skip(1, proxy_ports=[relay.port], overrides=listener)
        _make_certificate(store, certificate)
        with cluster:
            [(_, relay.target)] = cluster.behind_proxy()
            with KafkaAdminClient(bootstrap_servers=cluster.bootstrap) as admin:
                credentials = UserScramCredentialUpsertion(
                    "alice", ALICE["sasl_mechanism"], ALICE["sasl_password"]
                )
                assert admin.alter_user_scram_credentials([credentials]) == {"alice": None}
            made = Secured(f"127.0.0.1:{relay.port}", cluster.bootstrap, certificate)
            until(lambda: _lets_in(made), "the broker to know alice")
            yield made
        relay.shutdown()


def _lets_in(secured: Secured) -> bool:
    """Whether the broker has heard of the credentials, which the controller keeps."""
    with secured.log() as log:
        try:
            log.topics()
        except SettingsError:
            return False
    return True


def _make_certificate(store: Path, certificate: Path) -> None:
    keytool = str(Path(java()).resolve().with_name("keytool"))
    held = ["-alias", "broker", "-keystore", str(store), "-storepass", STORE_PASSWORD]
    made = [
        "-genkeypair",
        "-keyalg",
        "EC",
        "-dname",
        "CN=broker",
        "-ext",
        "san=ip:127.0.0.1",
        "-storetype",
        "PKCS12",
    ]
    subprocess.run([keytool, *made, *held], check=True, capture_output=True)
    subprocess.run(
        [keytool, "-exportcert", "-rfc", "-file", str(certificate), *held], check=True, capture_output=True
    )


@pytest.fixture(autouse=True)
def _collected() -> Iterator[None]:
    """No forgotten socket is left for another module's tests, where it would be an error."""
    yield
    gc.collect()


def test_the_right_settings_write_and_read(secured: Secured) -> None:
    with secured.log() as log, log.producer(new_group()) as producer:
        topic = new_topic(log, 1)
        producer.append([Message(topic, b"k", b"v")])
        with log.stage_consumer(new_group(), [topic], "0") as consumer:
            assert [record.value for record in drain(consumer, 1)] == [b"v"]


@pytest.mark.parametrize(
    ("changes", "line"),
    [
        (
            {"sasl_password": "wrong"},
            r"ONRECORD_KAFKA__SASL_PASSWORD: the broker refuses user 'alice' with this password",
        ),
        (
            {"sasl_username": "bob"},
            r"ONRECORD_KAFKA__SASL_PASSWORD: the broker refuses user 'bob' .*SASL_USERNAME",
        ),
        ({"sasl_mechanism": "PLAIN"}, r"ONRECORD_KAFKA__SASL_MECHANISM: the broker does not take PLAIN"),
        ({"ssl_cafile": None}, r"ONRECORD_KAFKA__SSL_CAFILE: the broker's certificate is not trusted"),
        ({"ssl_cafile": "/nowhere/ca.pem"}, r"ONRECORD_KAFKA__SSL_CAFILE: /nowhere/ca.pem: cannot be read"),
        ({"ssl_cafile": __file__}, r"ONRECORD_KAFKA__SSL_CAFILE: cannot be used .*PEM"),
    ],
    ids=["password", "user", "mechanism", "authority", "no file", "no PEM"],
)
def test_what_the_broker_refuses_is_said_at_once(
    secured: Secured, changes: dict[str, object], line: str
) -> None:
    with secured.log(**changes) as log, pytest.raises(SettingsError, match=line):
        log.topics()


def test_the_certificate_is_for_another_name(secured: Secured) -> None:
    elsewhere = secured.tls.replace("127.0.0.1", "localhost")
    with (
        secured.log(bootstrap_servers=elsewhere) as log,
        pytest.raises(SettingsError, match=r"BOOTSTRAP_SERVERS: .*as its certificate"),
    ):
        log.topics()


def test_a_login_where_none_is_asked_for(secured: Secured) -> None:
    changes = {"bootstrap_servers": secured.plain, "security_protocol": "SASL_PLAINTEXT"}
    with (
        secured.log(**changes) as log,
        pytest.raises(SettingsError, match="SASL_PLAINTEXT, but the broker takes no login"),
    ):
        log.topics()


def test_what_may_pass_is_waited_for_and_then_explained(secured: Secured) -> None:
    cases: list[tuple[dict[str, object], str]] = [
        ({"security_protocol": "PLAINTEXT"}, "SECURITY_PROTOCOL: PLAINTEXT"),
        ({"security_protocol": "SASL_PLAINTEXT"}, "SECURITY_PROTOCOL: SASL_PLAINTEXT"),
        ({"security_protocol": "SSL"}, "SECURITY_PROTOCOL: the broker hangs up on SSL"),
        (
            {"security_protocol": "SSL", "bootstrap_servers": secured.plain},
            "SECURITY_PROTOCOL: SSL, but no TLS connection came about",
        ),
        (
            {"security_protocol": "PLAINTEXT", "bootstrap_servers": "127.0.0.1:1"},
            "BOOTSTRAP_SERVERS: 127.0.0.1:1: no answer",
        ),
    ]

    def told(case: tuple[dict[str, object], str]) -> str:
        changes, wanted = case
        text = ""
        for seconds in REASONS_S:
            with (
                secured.log(**{**FAST, "bootstrap_timeout_s": seconds, **changes}) as log,
                pytest.raises(TransientError) as raised,
            ):
                log.topics()
            text = str(raised.value)
            if wanted in text:
                break
        return text

    with ThreadPoolExecutor(len(cases)) as pool:
        for (_, wanted), text in zip(cases, pool.map(told, cases), strict=True):
            assert f"ONRECORD_KAFKA__{wanted}" in text


def test_the_command_line_says_it_in_one_line(secured: Secured, tmp_path: Path) -> None:
    (tmp_path / "password").write_text("wrong\n")
    given = {**secured.settings(), "sasl_password_file": str(tmp_path / "password")}
    del given["sasl_password"]
    variables = {f"ONRECORD_KAFKA__{name.upper()}": str(value) for name, value in given.items()}
    done = subprocess.run(
        [sys.executable, "-m", "services.cli", "topics", "list"],
        env={**os.environ, **variables, "ONRECORD_LOG__ENGINE": "kafka"},
        capture_output=True, text=True, check=False,
    )  # fmt: skip
    assert done.returncode == 2
    [line] = done.stderr.splitlines()
    assert line.startswith("onrecord: ONRECORD_KAFKA__SASL_PASSWORD: the broker refuses user 'alice'")
