"""A web server on loopback that answers as a test tells it to."""

from __future__ import annotations

import ssl
import threading
from collections.abc import Callable
from dataclasses import dataclass, field
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer
from pathlib import Path
from types import TracebackType
from typing import Self

Headers = dict[str, str]
Answer = tuple[int, Headers, bytes]
Respond = Callable[["Request"], Answer | None]
"""None: the handler has written to ``request.wire`` itself."""


@dataclass(frozen=True, slots=True)
class Request:
    """One request as it came; header names in lower case."""

    path: str
    headers: Headers
    handler: BaseHTTPRequestHandler


@dataclass(slots=True)
class Site:
    """Answers by path; what is not there is 404. ``requests`` holds all that came, in order."""

    answers: dict[str, Answer | Respond] = field(default_factory=dict)
    requests: list[Request] = field(default_factory=list)
    url: str = ""
    _server: ThreadingHTTPServer | None = None

    def __enter__(self) -> Self:
        site = self

        class Handler(BaseHTTPRequestHandler):
            def do_GET(self) -> None:
                request = Request(
                    self.path, {name.lower(): value for name, value in self.headers.items()}, self
                )
                site.requests.append(request)
                answer = site.answers.get(self.path, (404, {}, b""))
                result = answer(request) if callable(answer) else answer
                if result is None:
                    return
                status, headers, body = result
                self.send_response(status)
                for name, value in ({"Content-Length": str(len(body))} | headers).items():
                    self.send_header(name, value)
                self.end_headers()
                self.wfile.write(body)

            def log_message(self, format: str, *args: object) -> None:  # noqa: A002 - the base class's name
                return

        class Server(ThreadingHTTPServer):
            def handle_error(self, request: object, client_address: object) -> None:
                return  # clients that leave early or refuse the certificate are what is tested

        self._server = Server(("127.0.0.1", 0), Handler)
        self._server.daemon_threads = True
        self.url = f"http://127.0.0.1:{self._server.server_address[1]}"
        threading.Thread(target=self._server.serve_forever, args=(0.01,), daemon=True).start()
        return self

    def __exit__(
        self, kind: type[BaseException] | None, error: BaseException | None, trace: TracebackType | None
    ) -> None:
        assert self._server is not None
        self._server.shutdown()
        self._server.server_close()

    def encrypt(self, certificate: Path, key: Path) -> None:
        """Speak TLS from now on."""
        assert self._server is not None
        tls = ssl.SSLContext(ssl.PROTOCOL_TLS_SERVER)
        tls.load_cert_chain(certificate, key)
        # the handshake belongs to the connection's own thread, not to the one that accepts
        self._server.socket = tls.wrap_socket(
            self._server.socket, server_side=True, do_handshake_on_connect=False
        )

    def paths(self) -> list[str]:
        """The paths asked for, in order, robots rules aside."""
        return [request.path for request in self.requests if request.path != "/robots.txt"]
