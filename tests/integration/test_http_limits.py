"""Slow and crafted clients against every HTTP server there is, each in a process as it is run: raw sockets,
the real limits."""

from __future__ import annotations

import gzip
import json
import re
import selectors
import socket
import time
import urllib.error
import urllib.request
from collections.abc import Iterator, Sequence
from contextlib import ExitStack, suppress
from pathlib import Path

import pytest

from services.chassis import health, web
from services.ingest import push
from tests.support.patience import PATIENCE_S
from tests.support.pipeline import Pipeline, free_port, ready

SLACK_S = 20.0
"""On top of a limit: for a busy machine."""
HALF_A_HEAD = b"GET /openapi.json HTTP/1.1\r\nHost: example.org\r\nX-Long: "
ARTICLE = {"content": "“The tunnel will open in March,” Ida Holm said.", "content_type": "text/plain"}


class Servers:
    """Ingest and query with their ops endpoints; ``ports`` by name."""

    def __init__(self, folder: Path) -> None:
        self.ports = {name: free_port() for name in ("push", "query", "ingest ops", "query ops")}
        self.pipeline = Pipeline(folder, {})
        self.pipeline.onrecord("topics", "create")
        given = {"push": "ONRECORD_INGEST__PUSH_PORT", "query": "ONRECORD_QUERY__PORT"}
        for service, (name, variable) in zip(("ingest", "query"), given.items(), strict=True):
            ops = self.ports[f"{service} ops"]
            self.pipeline.start(service, **{variable: str(self.ports[name]), "ONRECORD_OPS__PORT": str(ops)})
        self.pipeline.wait(lambda: ready(self.ports["ingest ops"]), "ingest to be ready")
        self.pipeline.wait(lambda: status_of(self.ports["query"], "/openapi.json") == 200, "query to serve")

    def connect(self, name: str) -> socket.socket:
        return socket.create_connection(("127.0.0.1", self.ports[name]), timeout=PATIENCE_S)

    def memory(self, service: str) -> int:
        """Peak resident bytes since :meth:`forget_peak`."""
        status = Path(f"/proc/{self.pipeline.processes[service].pid}/status").read_text()
        found = re.search(r"VmHWM:\s+(\d+) kB", status)
        assert found
        return int(found[1]) * 1024

    def forget_peak(self, service: str) -> None:
        Path(f"/proc/{self.pipeline.processes[service].pid}/clear_refs").write_text("5")

    def files(self, service: str) -> int:
        return len(list(Path(f"/proc/{self.pipeline.processes[service].pid}/fd").iterdir()))


@pytest.fixture(scope="module")
def servers(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Servers]:
    servers = Servers(tmp_path_factory.mktemp("http") / "var")
    yield servers
    servers.pipeline.stop()


PATHS = {"push": "/openapi.json", "query": "/openapi.json", "ingest ops": "/livez", "query ops": "/livez"}
EVERY = list(PATHS)


def status_of(port: int, path: str) -> int:
    try:
        with urllib.request.urlopen(f"http://127.0.0.1:{port}{path}", timeout=PATIENCE_S) as answer:
            return int(answer.status)
    except urllib.error.HTTPError as error:
        with error:
            return error.code
    except OSError:
        return 0


def push_article(port: int, body: bytes | None = None, **headers: str) -> int:
    data = json.dumps(ARTICLE).encode() if body is None else body
    request = urllib.request.Request(
        f"http://127.0.0.1:{port}/v1/articles", data, {"Content-Type": "application/json", **headers}
    )
    try:
        with urllib.request.urlopen(request, timeout=PATIENCE_S) as answer:
            return int(answer.status)
    except urllib.error.HTTPError as error:
        with error:
            return error.code


def everything(client: socket.socket) -> bytes:
    """What the server sends until it ends the connection; a reset is an end too."""
    received = b""
    try:
        while data := client.recv(65_536):
            received += data
    except ConnectionError:
        pass
    return received


def drip_until_ended(
    clients: Sequence[socket.socket], dripping: set[socket.socket], within_s: float
) -> bytes:
    """Send a byte each half second on the dripping ones until the server has ended all; returns what it said
    on the way."""
    said = b""
    by_number = {client.fileno(): client for client in clients}
    deadline = time.monotonic() + within_s
    with selectors.DefaultSelector() as selector:
        for client in clients:
            selector.register(client, selectors.EVENT_READ)
        while selector.get_map():
            assert time.monotonic() < deadline, f"{len(selector.get_map())} connections are still open"
            for key, _ in selector.select(0.5):
                client = by_number[key.fd]
                try:
                    data = client.recv(65_536)
                except ConnectionError:
                    data = b""
                said += data
                if not data:
                    selector.unregister(client)
            for client in dripping & {by_number[key.fd] for key in selector.get_map().values()}:
                try:
                    client.send(b"x")
                except ConnectionError:
                    selector.unregister(client)
    return said


def test_a_head_that_does_not_come_or_drips_is_not_waited_for(servers: Servers) -> None:
    """On every server at once: nothing sent, half a head, and one that goes on byte by byte, which no idle
    limit ends."""
    limit_s = max(web.HEAD_S, health.CONNECTION_TIMEOUT_S) + SLACK_S
    with ExitStack() as opened:
        clients, dripping = [], set()
        for name in EVERY:
            silent, half, slow = (opened.enter_context(servers.connect(name)) for _ in range(3))
            half.sendall(HALF_A_HEAD)
            slow.sendall(HALF_A_HEAD)
            clients += [silent, half, slow]
            dripping.add(slow)
        for name in EVERY:
            assert status_of(servers.ports[name], PATHS[name]) in (200, 503), "others are served meanwhile"
        said = drip_until_ended(clients, dripping, limit_s)
    assert said.count(b"HTTP/1.1 408") == 4, "push and query say why"


@pytest.mark.parametrize("name", ["push", "query"])
@pytest.mark.parametrize(
    "framing",
    [b"Content-Length: 5\r\nTransfer-Encoding: chunked", b"Transfer-Encoding: chunked\r\nContent-Length: 5"],
)
def test_a_request_of_two_lengths_is_refused_and_nothing_behind_it_is_read(
    servers: Servers, name: str, framing: bytes
) -> None:
    hidden = b"0\r\n\r\nGET /openapi.json HTTP/1.1\r\nHost: x\r\n\r\n"
    with servers.connect(name) as client:
        client.sendall(
            b"POST /v1/articles HTTP/1.1\r\nHost: x\r\nContent-Type: application/json\r\n"
            + framing
            + b"\r\n\r\n"
            + hidden
        )
        answer = everything(client)
    assert answer.startswith(b"HTTP/1.1 400")
    assert answer.count(b"HTTP/1.1 ") == 1


@pytest.mark.parametrize("name", EVERY)
@pytest.mark.parametrize(
    "crafted",
    [
        b"Content-Length: 5\r\nContent-Length: 6\r\n\r\nhello",
        b"Content-Length: +5\r\n\r\nhello",
        b"Transfer-Encoding : chunked\r\n\r\n0\r\n\r\n",
        b"Transfer-Encoding: chunked\r\nTransfer-Encoding: identity\r\n\r\n0\r\n\r\n",
        b"X: " + b"x" * 100 * web.HEAD_BYTES,
    ],
    ids=["two lengths", "signed length", "space before the colon", "two encodings", "a head without end"],
)
def test_other_crafted_requests_are_refused_and_the_connection_ends(
    servers: Servers, name: str, crafted: bytes
) -> None:
    with servers.connect(name) as client:
        with suppress(ConnectionError):  # ended before all of it was sent
            client.sendall(b"POST /v1/articles HTTP/1.1\r\nHost: x\r\n" + crafted)
        answer = everything(client)
    assert re.match(rb"HTTP/1\.[01] (400|431|501) ", answer) or answer == b""
    assert answer.count(b"HTTP/1.") <= 1
    assert status_of(servers.ports[name], PATHS[name]) in (200, 503)


def test_rubbish_behind_an_early_answer_ends_the_connection_without_noise(servers: Servers) -> None:
    with servers.connect("push") as client:
        client.sendall(b"POST /nowhere HTTP/1.1\r\nHost: x\r\nTransfer-Encoding: chunked\r\n\r\n")
        assert client.recv(1_000).startswith(b"HTTP/1.1 404")
        client.sendall(b"no chunk at all\r\n")
        everything(client)
    assert "Traceback" not in servers.pipeline.tail("ingest")


def test_bodies_that_drip_hold_up_nobody(servers: Servers) -> None:
    """More of them than requests are handled at once; each is told to leave after the grace, and loses its
    connection."""
    head = (
        b"POST /v1/articles HTTP/1.1\r\nHost: x\r\nContent-Type: application/json\r\nContent-Length:"
        b" 100000\r\n\r\n{"
    )
    with ExitStack() as opened:
        clients = [opened.enter_context(servers.connect("push")) for _ in range(20)]
        for client in clients:
            client.sendall(head)
        assert push_article(servers.ports["push"]) == 202
        said = drip_until_ended(clients, set(clients), push.BODY_GRACE_S + SLACK_S)
    assert said.count(b"HTTP/1.1 408") == 20
    assert said.count(b"came too slowly") == 20


@pytest.mark.parametrize(("name", "service", "count", "most"), [
    ("push", "ingest", web.MAX_CONNECTIONS + 100, web.MAX_CONNECTIONS),
    ("query", "query", web.MAX_CONNECTIONS + 100, web.MAX_CONNECTIONS),
    ("ingest ops", "ingest", 3 * health.MAX_CONNECTIONS, health.MAX_CONNECTIONS),
    ("query ops", "query", 3 * health.MAX_CONNECTIONS, health.MAX_CONNECTIONS),
])  # fmt: skip
def test_any_number_of_idle_connections_leaves_room_for_the_next(
    servers: Servers, name: str, service: str, count: int, most: int
) -> None:
    before = servers.files(service)
    with ExitStack() as opened:
        for _ in range(count):
            opened.enter_context(servers.connect(name)).sendall(HALF_A_HEAD)
        assert status_of(servers.ports[name], PATHS[name]) in (200, 503)
        assert servers.files(service) < before + most + 20
    assert status_of(servers.ports[name], PATHS[name]) in (200, 503)


def test_a_gzip_bomb_is_refused_in_bounded_memory(servers: Servers) -> None:
    assert (
        push_article(
            servers.ports["push"], gzip.compress(json.dumps(ARTICLE).encode()), **{"Content-Encoding": "gzip"}
        )
        == 202
    )
    bomb = gzip.compress(b'{"content": "' + b"x" * 500_000_000 + b'"}')
    servers.forget_peak("ingest")
    before = servers.memory("ingest")
    assert push_article(servers.ports["push"], bomb, **{"Content-Encoding": "gzip"}) == 413
    assert servers.memory("ingest") - before < 40_000_000
