"""What may pass by itself must never end a service as if its settings were wrong."""

from __future__ import annotations

import errno
import socket
import ssl
import struct
import threading
from collections.abc import Iterator

import pytest

from services.chassis.errors import TransientError
from services.chassis.log.kafka import KafkaLog, config
from services.chassis.log.kafka.refusals import refusal
from services.chassis.settings import KafkaSettings
from tests.support.kafka import FAST


@pytest.fixture
def resetting() -> Iterator[str]:
    """A listener that resets each connection at once, as a load balancer does whose brokers are just starting."""
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


@pytest.mark.filterwarnings("ignore:unclosed <socket:ResourceWarning", "ignore:unclosed <ssl.SSLSocket:ResourceWarning")
def test_a_connection_reset_before_tls_begins_is_tried_again(resetting: str) -> None:
    settings = KafkaSettings.model_validate({**FAST, "bootstrap_servers": resetting, "security_protocol": "SSL"})
    with KafkaLog(settings) as log, pytest.raises(TransientError, match="ONRECORD_KAFKA__"):
        log.topics()


@pytest.mark.parametrize(
    ("error", "final"),
    [
        (ConnectionResetError(errno.ECONNRESET, "Connection reset by peer"), False),
        (OSError(errno.ENOTCONN, "Transport endpoint is not connected"), False),
        (OSError(errno.EMFILE, "Too many open files"), False),
        (ssl.SSLError("Closed before TLS handshake with data in recv buffer."), False),
        (ssl.SSLError("[X509: NO_CERTIFICATE_OR_CRL_FOUND] no certificate or crl found"), True),
        (FileNotFoundError(errno.ENOENT, "No such file or directory"), True),
    ],
    ids=lambda value: type(value).__name__ if isinstance(value, Exception) else str(value),
)
def test_only_files_that_cannot_be_used_are_final(error: OSError, final: bool) -> None:
    configuration = config.connection(KafkaSettings.model_validate({"security_protocol": "SSL"}), "test")
    assert refusal(error, configuration).final is final
