"""What may pass by itself must never end a service as if its settings were wrong."""

from __future__ import annotations

import errno
import socket
import ssl
import struct
import threading
from collections.abc import Iterator

import pytest
from kafka.errors import KafkaConnectionError

from services.chassis.errors import TransientError
from services.chassis.log.kafka import KafkaLog, config
from services.chassis.log.kafka.refusals import refusal
from services.chassis.settings import KafkaSettings
from tests.support.kafka import FAST


@pytest.fixture
def resetting() -> Iterator[str]:
    """A listener that resets each connection at once, as a load balancer does whose brokers are just
    starting."""
    with socket.create_server(("127.0.0.1", 0)) as server:

        def serve() -> None:
            while True:
                try:
                    connection, _ = server.accept()
                except OSError:
                    return
                connection.setsockopt(socket.SOL_SOCKET, socket.SO_LINGER, struct.pack("ii", 1, 0))
                connection.close()

        thread = threading.Thread(target=serve)
        thread.start()
        yield f"127.0.0.1:{server.getsockname()[1]}"
        server.shutdown(socket.SHUT_RDWR)
    thread.join()


def test_a_connection_reset_before_tls_begins_is_tried_again(resetting: str) -> None:
    settings = KafkaSettings.model_validate(
        {**FAST, "bootstrap_servers": resetting, "security_protocol": "SSL"}
    )
    with KafkaLog(settings) as log, pytest.raises(TransientError, match="ONRECORD_KAFKA__"):
        log.topics()


@pytest.mark.parametrize(
    ("error", "final"),
    [
        (ConnectionResetError(errno.ECONNRESET, "Connection reset by peer"), False),
        (OSError(errno.ENOTCONN, "Transport endpoint is not connected"), False),
        (OSError(errno.EMFILE, "Too many open files"), False),
        (TimeoutError(errno.ETIMEDOUT, "Connection timed out"), False),
        (OSError(errno.EHOSTUNREACH, "No route to host"), False),
        (OSError(errno.ENETUNREACH, "Network is unreachable"), False),
        (socket.gaierror(socket.EAI_AGAIN, "Temporary failure in name resolution"), False),
        (ssl.SSLEOFError(8, "EOF occurred in violation of protocol"), False),
        (ssl.SSLError("Closed before TLS handshake with data in recv buffer."), False),
        (ssl.SSLError("[X509: NO_CERTIFICATE_OR_CRL_FOUND] no certificate or crl found"), True),
        (FileNotFoundError(errno.ENOENT, "No such file or directory"), True),
        (PermissionError(errno.EACCES, "Permission denied"), True),
    ],
    ids=lambda value: type(value).__name__ if isinstance(value, Exception) else str(value),
)
def test_only_files_that_cannot_be_used_are_final(error: OSError, final: bool) -> None:
    configuration = config.connection(KafkaSettings.model_validate({"security_protocol": "SSL"}), "test")
    assert refusal(error, configuration).final is final


@pytest.mark.parametrize(
    "text",
    [
        "EOF occurred in violation of protocol (_ssl.c:2427)",
        "[SSL: TLSV13_ALERT_CERTIFICATE_REQUIRED] tlsv13 alert certificate required (_ssl.c:2580)",
        "[SSL: SSLV3_ALERT_BAD_CERTIFICATE] sslv3 alert bad certificate (_ssl.c:2580)",
        "socket disconnected",
    ],
)
@pytest.mark.parametrize(("protocol", "certificate"), [("SSL", True), ("PLAINTEXT", False)])
def test_a_missing_client_certificate_is_thought_of_where_there_is_tls(
    text: str, protocol: str, certificate: bool
) -> None:
    configuration = config.connection(KafkaSettings.model_validate({"security_protocol": protocol}), "test")
    found = refusal(KafkaConnectionError(text), configuration)
    assert not found.final
    assert found.line.startswith(f"ONRECORD_KAFKA__SECURITY_PROTOCOL: the broker hangs up on {protocol}")
    assert ("SSL_CERTFILE" in found.line) is certificate
