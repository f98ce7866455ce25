"""A TCP proxy that speaks enough of Kafka's framing to break single requests.

Unframed, it forwards any other protocol, which can then be severed as a whole.

The broker must advertise the proxy's port, otherwise clients go round it. Every request is a frame: length,
then ``api_key`` (int16), ``api_version`` (int16), ``correlation_id`` (int32) and ``client_id``; every
response starts with the correlation id.
"""

from __future__ import annotations

import socket
import struct
import threading
from collections.abc import Callable
from contextlib import suppress
from dataclasses import dataclass, field
from enum import Enum, IntEnum
from types import TracebackType
from typing import Self


class Api(IntEnum):
    """Request types that tests break."""

    PRODUCE = 0
    FETCH = 1
    LIST_OFFSETS = 2
    HEARTBEAT = 12
    SYNC_GROUP = 14
    INIT_PRODUCER_ID = 22
    ADD_PARTITIONS_TO_TXN = 24
    ADD_OFFSETS_TO_TXN = 25
    END_TXN = 26
    TXN_OFFSET_COMMIT = 28


class Fault(Enum):
    """What happens to a request."""

    SILENCE = (
        "the broker never sees it or anything after it on this connection, which stays open: a lost route"
    )
    CUT = "the connection breaks before the broker sees it"
    LOSE_ANSWER = "the broker acts on it, then the connection breaks: the outcome is unknown to the client"
    HOLD_ANSWER = "the broker acts on it, but the answer waits until the proxy is healed"
    DELAY_ANSWER = (
        "the broker acts on it, and the answer, with everything behind it on this connection, comes late"
    )
    BAD_SEQUENCE = (
        "the broker acts on it, but the client is told that a batch came out of order (produce requests of"
        " one partition)"
    )


OUT_OF_ORDER_SEQUENCE_NUMBER = 45


@dataclass
class Rule:
    """Break ``times`` requests (None: all) of one type; ``hits`` counts them."""

    api: Api
    fault: Fault
    times: int | None = None
    client: str = ""
    delay_s: float = 0.0
    hits: int = 0
    hit: threading.Event = field(default_factory=threading.Event)

    def takes(self, api: int, client: str) -> bool:
        """Whether the rule applies to this request; counts it if so."""
        if (
            api != self.api
            or not client.startswith(self.client)
            or (self.times is not None and self.hits >= self.times)
        ):
            return False
        self.hits += 1
        self.hit.set()
        return True


class FaultProxy:
    """Listens on a free loopback port and forwards to ``target``, a port of this machine."""

    def __init__(self, target: int = 0, *, framed: bool = True) -> None:
        """``framed``: what passes is Kafka's protocol; otherwise requests are not told apart."""
        self.target = target
        self.framed = framed
        self._severed = False
        self._listener = socket.create_server(("127.0.0.1", 0))
        self.port = int(self._listener.getsockname()[1])
        self._lock = threading.Condition()
        self._rules: list[Rule] = []
        self.forwarded: list[int] = []
        """The ``api_key`` of every request that went to the broker since the last :meth:`heal`."""
        self._healed = threading.Event()
        self._healed.set()
        self._connections: set[_Connection] = set()
        self._thread = threading.Thread(target=self._accept, name="fault-proxy", daemon=True)

    def break_(
        self, api: Api, fault: Fault, *, times: int | None = None, client: str = "", delay_s: float = 0.0
    ) -> Rule:
        """From now on break requests of this type, of clients whose id starts with ``client``."""
        rule = Rule(api, fault, times, client, delay_s)
        with self._lock:
            self._rules.append(rule)
            self._healed.clear()
        return rule

    def sever(self) -> None:
        """Break all connections and refuse new ones, until healed."""
        with self._lock:
            self._severed = True
            connections = tuple(self._connections)
        for connection in connections:
            connection.cut()

    def heal(self) -> None:
        """Break nothing any more, and let go of what is held."""
        with self._lock:
            self._rules.clear()
            self.forwarded.clear()
            self._severed = False
            self._healed.set()

    def rule_for(self, api: int, client: str) -> Rule | None:
        """The first rule that takes this request."""
        with self._lock:
            return next((rule for rule in self._rules if rule.takes(api, client)), None)

    def wait_healed(self, timeout_s: float | None = None) -> None:
        """Return once :meth:`heal` was called, or after a while."""
        self._healed.wait(timeout_s)

    def forward(self, api: int) -> None:
        """A request goes to the broker."""
        with self._lock:
            self.forwarded.append(api)
            self._lock.notify_all()

    def wait_forwarded(self, api: Api, timeout_s: float) -> bool:
        """Whether a request of this type goes to the broker within that time."""
        with self._lock:
            return self._lock.wait_for(lambda: api in self.forwarded, timeout_s)

    def forget(self, connection: _Connection) -> None:
        """A connection ended."""
        with self._lock:
            self._connections.discard(connection)

    def __enter__(self) -> Self:
        self._thread.start()
        return self

    def __exit__(
        self, kind: type[BaseException] | None, error: BaseException | None, trace: TracebackType | None
    ) -> None:
        self.heal()
        # a shutdown wakes accept(); close() alone does not on Linux
        self._listener.shutdown(socket.SHUT_RDWR)
        self._listener.close()
        self._thread.join()
        with self._lock:
            left = tuple(self._connections)
        for connection in left:
            connection.cut()
            connection.join()

    def _accept(self) -> None:
        while True:
            try:
                client, _ = self._listener.accept()
            except OSError:
                return
            try:
                broker = socket.create_connection(("127.0.0.1", self.target))
            except OSError:
                client.close()
                continue
            connection = _Connection(self, client, broker)
            with self._lock:
                self._connections.add(connection)
                severed = self._severed
            connection.start()
            if severed:
                connection.cut()


class _Connection:
    """One client's connection and its twin to the broker."""

    def __init__(self, proxy: FaultProxy, client: socket.socket, broker: socket.socket) -> None:
        self._proxy = proxy
        self._client = client
        self._broker = broker
        self._broken: dict[int, Rule] = {}
        self._silent = False
        self._ended = threading.Barrier(2, action=self._close)
        raw = (lambda: _copy(client, broker), lambda: _copy(broker, client))
        directions = (self._requests, self._responses) if proxy.framed else raw
        self._threads = [threading.Thread(target=self._run, args=(work,), daemon=True) for work in directions]

    def start(self) -> None:
        for thread in self._threads:
            thread.start()

    def join(self) -> None:
        """Wait until both directions have ended."""
        for thread in self._threads:
            thread.join()

    def cut(self) -> None:
        """Break both sides; the threads notice and end."""
        for side in (self._client, self._broker):
            with suppress(OSError):
                side.shutdown(socket.SHUT_RDWR)

    def _run(self, work: Callable[[], None]) -> None:
        with suppress(OSError):
            work()
        self.cut()
        self._ended.wait()

    def _close(self) -> None:
        self._client.close()
        self._broker.close()
        self._proxy.forget(self)

    def _requests(self) -> None:
        while frame := _frame(self._client):
            api, _, correlation, length = struct.unpack_from(">hhih", frame, 4)
            client = frame[14 : 14 + max(0, length)].decode()
            rule = None if self._silent else self._proxy.rule_for(api, client)
            self._silent |= rule is not None and rule.fault is Fault.SILENCE
            if self._silent:
                continue
            if rule is not None and rule.fault is Fault.CUT:
                return
            if rule is not None:
                self._broken[correlation] = rule
            self._proxy.forward(api)
            self._broker.sendall(frame)

    def _responses(self) -> None:
        while frame := _frame(self._broker):
            (correlation,) = struct.unpack_from(">i", frame, 4)
            rule = self._broken.pop(correlation, None)
            fault = None if rule is None else rule.fault
            if fault is Fault.LOSE_ANSWER:
                return
            if fault is Fault.HOLD_ANSWER:
                self._proxy.wait_healed()
            if rule is not None and fault is Fault.DELAY_ANSWER:
                self._proxy.wait_healed(rule.delay_s)
            self._client.sendall(_with_bad_sequence(frame) if fault is Fault.BAD_SEQUENCE else frame)


def _with_bad_sequence(response: bytes) -> bytes:
    """A produce response (v9, one topic, one partition) with its error code replaced."""
    name = 4 + 4 + 1 + 1  # length, correlation id, no tagged fields, one topic
    size = response[name] - 1  # a compact string's length is one too large; names here are shorter than 127
    code = name + 1 + size + 1 + 4  # the name, one partition, its index
    assert response[name - 1] == 2, "one topic"
    assert response[name + 1 + size] == 2, "one partition"
    return response[:code] + struct.pack(">h", OUT_OF_ORDER_SEQUENCE_NUMBER) + response[code + 2 :]


def _copy(source: socket.socket, target: socket.socket) -> None:
    while part := source.recv(65_536):
        target.sendall(part)


def _frame(source: socket.socket) -> bytes:
    """The next whole frame with its length, or nothing when the other side closed."""
    head = _exactly(source, 4)
    if not head:
        return b""
    body = _exactly(source, int(struct.unpack(">i", head)[0]))
    return head + body if body else b""


def _exactly(source: socket.socket, size: int) -> bytes:
    parts = bytearray()
    while len(parts) < size:
        part = source.recv(min(65_536, size - len(parts)))
        if not part:
            return b""
        parts += part
    return bytes(parts)
