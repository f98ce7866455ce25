"""A TCP proxy that speaks enough of Kafka's framing to break single requests.

The broker must advertise the proxy's port, otherwise clients go round it. Every request is a frame: length, then ``api_key``
(int16), ``api_version`` (int16), ``correlation_id`` (int32) and ``client_id``; every response starts with the correlation id.
"""

from __future__ import annotations

import socket
import struct
import threading
from dataclasses import dataclass, field
from enum import Enum, IntEnum
from types import TracebackType
from typing import Self


class Api(IntEnum):
    """Request types that tests break."""

    PRODUCE = 0
    HEARTBEAT = 12
    INIT_PRODUCER_ID = 22
    ADD_PARTITIONS_TO_TXN = 24
    ADD_OFFSETS_TO_TXN = 25
    END_TXN = 26
    TXN_OFFSET_COMMIT = 28


class Fault(Enum):
    """What happens to a request."""

    SWALLOW = "the broker never sees it and the client gets no answer"
    CUT = "the connection breaks before the broker sees it"
    LOSE_ANSWER = "the broker acts on it, then the connection breaks: the outcome is unknown to the client"
    HOLD = "it waits until the proxy is healed, then goes on"


@dataclass
class Rule:
    """Break ``times`` requests (None: all) of one type; ``hits`` counts them."""

    api: Api
    fault: Fault
    times: int | None = None
    client: str = ""
    hits: int = 0
    hit: threading.Event = field(default_factory=threading.Event)

    def takes(self, api: int, client: str) -> bool:
        """Whether the rule applies to this request; counts it if so."""
        if api != self.api or not client.startswith(self.client) or (self.times is not None and self.hits >= self.times):
            return False
        self.hits += 1
        self.hit.set()
        return True


class FaultProxy:
    """Listens on a free loopback port and forwards to ``target``, a port of this machine."""

    def __init__(self) -> None:
        self.target = 0
        self._listener = socket.create_server(("127.0.0.1", 0))
        self.port = int(self._listener.getsockname()[1])
        self._lock = threading.Lock()
        self._rules: list[Rule] = []
        self._healed = threading.Event()
        self._healed.set()
        self._connections: set[_Connection] = set()
        self._thread = threading.Thread(target=self._accept, name="fault-proxy", daemon=True)

    def break_(self, api: Api, fault: Fault, *, times: int | None = None, client: str = "") -> Rule:
        """From now on break requests of this type, of clients whose id starts with ``client``."""
        rule = Rule(api, fault, times, client)
        with self._lock:
            self._rules.append(rule)
            self._healed.clear()
        return rule

    def heal(self) -> None:
        """Break nothing any more, and let go of what is held."""
        with self._lock:
            self._rules.clear()
            self._healed.set()

    def fault_for(self, api: int, client: str) -> Fault | None:
        """The fault of the first rule that takes this request."""
        with self._lock:
            return next((rule.fault for rule in self._rules if rule.takes(api, client)), None)

    def wait_healed(self) -> None:
        """Return once :meth:`heal` was called."""
        self._healed.wait()

    def forget(self, connection: _Connection) -> None:
        """A connection ended."""
        with self._lock:
            self._connections.discard(connection)

    def __enter__(self) -> Self:
        self._thread.start()
        return self

    def __exit__(self, kind: type[BaseException] | None, error: BaseException | None, trace: TracebackType | None) -> None:
        self.heal()
        # a shutdown wakes accept(); close() alone does not on Linux
        self._listener.shutdown(socket.SHUT_RDWR)
        self._listener.close()
        self._thread.join()
        for connection in tuple(self._connections):
            connection.cut()

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
            connection.start()


class _Connection:
    """One client's connection and its twin to the broker."""

    def __init__(self, proxy: FaultProxy, client: socket.socket, broker: socket.socket) -> None:
        self._proxy = proxy
        self._client = client
        self._broker = broker
        self._doomed: set[int] = set()

    def start(self) -> None:
        for work in (self._requests, self._responses):
            threading.Thread(target=self._run, args=(work,), daemon=True).start()

    def cut(self) -> None:
        """Break both sides; the threads notice and end."""
        for side in (self._client, self._broker):
            try:
                side.shutdown(socket.SHUT_RDWR)
            except OSError:
                continue

    def _run(self, work: object) -> None:
        try:
            work()  # type: ignore[operator]
        except OSError:
            pass
        finally:
            self.cut()
            self._proxy.forget(self)

    def _requests(self) -> None:
        while frame := _frame(self._client):
            api, _, correlation, length = struct.unpack_from(">hhih", frame, 4)
            client = frame[14 : 14 + max(0, length)].decode()
            fault = self._proxy.fault_for(api, client)
            if fault is Fault.SWALLOW:
                continue
            if fault is Fault.CUT:
                return
            if fault is Fault.HOLD:
                self._proxy.wait_healed()
            if fault is Fault.LOSE_ANSWER:
                self._doomed.add(correlation)
            self._broker.sendall(frame)

    def _responses(self) -> None:
        while frame := _frame(self._broker):
            (correlation,) = struct.unpack_from(">i", frame, 4)
            if correlation in self._doomed:
                return
            self._client.sendall(frame)


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
