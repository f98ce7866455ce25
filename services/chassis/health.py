"""``/metrics``, ``/livez`` and ``/readyz`` of one process.

``/livez`` answers 503 only when a loop is stuck: idle is alive, a rebalance is alive, an unreachable broker
is alive (restarting would not mend it). ``/readyz`` answers 503 with the reasons while a service cannot take
work: also when the log, or what it writes to, has not answered lately (:mod:`services.chassis.reach`).
"""

from __future__ import annotations

import io
import json
import socket
import sys
import threading
import time
from collections.abc import Sequence
from contextlib import suppress
from http import HTTPStatus
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer
from types import TracebackType
from typing import Any, Self

from prometheus_client.exposition import choose_encoder

from services.chassis.errors import SettingsError
from services.chassis.metrics import Metrics
from services.chassis.service import Service
from services.chassis.settings import OpsSettings

CONNECTION_TIMEOUT_S = 10
"""One request, from the connection to its end, and as long again for the reading of the answer: a scraper
that stalls, or sends a byte now and then, must not hold a thread for ever."""
HEAD_BYTES = 16_384
"""Request line and headers."""
MAX_CONNECTIONS = 64
"""Each has a thread. Beyond, the one that has waited longest for its request is let go: a probe must get
through."""


class OpsServer:
    """Serves metrics and health on a thread of its own until closed."""

    def __init__(self, settings: OpsSettings, metrics: Metrics, services: Sequence[Service]) -> None:
        """Bind at once.

        Raises:
            SettingsError: the port is taken or the address is not this machine's.
        """
        handler = _handler(metrics, services)
        try:
            self._server = _Server((settings.host, settings.port), handler)
        except OSError as error:
            problem = (
                f"cannot listen on {settings.host}:{settings.port} ({error.strerror}); set another port, or 0"
                " for a free one"
            )
            raise SettingsError([f"ONRECORD_OPS__PORT: {problem}"]) from error
        self._thread = threading.Thread(target=self._server.serve_forever, name="ops", daemon=True)

    @property
    def address(self) -> str:
        """``http://host:port`` as bound."""
        host, port = self._server.server_address[:2]
        return f"http://{host!s}:{port}"

    def __enter__(self) -> Self:
        self._thread.start()
        return self

    def __exit__(
        self, kind: type[BaseException] | None, error: BaseException | None, trace: TracebackType | None
    ) -> None:
        self._server.shutdown()
        self._server.server_close()
        self._thread.join()


class _Head(io.RawIOBase):
    """The bytes of one request, for so long and so many as it may have."""

    def __init__(self, connection: socket.socket) -> None:
        self._connection = connection
        self._deadline = time.monotonic() + CONNECTION_TIMEOUT_S
        self._left = HEAD_BYTES

    def readable(self) -> bool:
        return True

    def readinto(self, buffer: memoryview, /) -> int:  # type: ignore[override]
        seconds = self._deadline - time.monotonic()
        if seconds <= 0 or not self._left:
            raise TimeoutError("the request is not complete in time, or too large")
        self._connection.settimeout(seconds)
        read = self._connection.recv_into(buffer[: self._left])
        self._left -= read
        return read


class _Server(ThreadingHTTPServer):
    daemon_threads = True

    def __init__(self, address: tuple[str, int], handler: type[BaseHTTPRequestHandler]) -> None:
        self._open: dict[socket.socket, None] = {}
        self._lock = threading.Lock()
        super().__init__(address, handler)

    def process_request(self, request: Any, client_address: Any) -> None:
        """Give the connection a thread, in the place of the oldest where there are too many."""
        with self._lock:
            if len(self._open) >= MAX_CONNECTIONS:
                oldest = next(iter(self._open))
                del self._open[oldest]
                with suppress(OSError):
                    # its thread reads the end, and closes it
                    oldest.shutdown(socket.SHUT_RDWR)
            self._open[request] = None
        super().process_request(request, client_address)

    def shutdown_request(self, request: Any) -> None:
        """End the connection."""
        with self._lock:
            self._open.pop(request, None)
        super().shutdown_request(request)

    def handle_error(self, request: Any, client_address: Any) -> None:
        """A scraper that hangs up before its answer is complete has given up: its own figures say so, and
        nothing is wrong here."""
        if not isinstance(sys.exception(), ConnectionError):
            super().handle_error(request, client_address)


def _handler(metrics: Metrics, services: Sequence[Service]) -> type[BaseHTTPRequestHandler]:
    class Handler(BaseHTTPRequestHandler):
        timeout = CONNECTION_TIMEOUT_S
        server_version = "onrecord"
        sys_version = ""

        def setup(self) -> None:
            super().setup()
            self.rfile = io.BufferedReader(_Head(self.connection))

        def parse_request(self) -> bool:
            understood = super().parse_request()
            # as long again for the answer, of which sendall counts the whole time
            self.connection.settimeout(CONNECTION_TIMEOUT_S)
            return understood

        def do_GET(self) -> None:
            path = self.path.partition("?")[0]
            if path == "/metrics":
                encoder, content_type = choose_encoder(self.headers.get("Accept", ""))
                self._answer(HTTPStatus.OK, content_type, encoder(metrics.registry))
            elif path == "/livez":
                self._health([reason for service in services for reason in service.live()])
            elif path == "/readyz":
                self._health([reason for service in services for reason in service.ready()])
            else:
                self._answer(
                    HTTPStatus.NOT_FOUND, "text/plain; charset=utf-8", b"see /metrics, /livez or /readyz\n"
                )

        def _health(self, reasons: list[str]) -> None:
            status = HTTPStatus.SERVICE_UNAVAILABLE if reasons else HTTPStatus.OK
            body = json.dumps({"status": "unavailable" if reasons else "ok", "reasons": reasons}).encode()
            self._answer(status, "application/json", body)

        def _answer(self, status: HTTPStatus, content_type: str, body: bytes) -> None:
            self.send_response(status)
            self.send_header("Content-Type", content_type)
            self.send_header("Content-Length", str(len(body)))
            self.end_headers()
            self.wfile.write(body)

        def log_message(self, format: str, *args: object) -> None:  # noqa: A002 - http.server's name
            """Scrapes every few seconds are not worth a line."""

    return Handler
