"""One broker process: its configuration, its storage, its life."""

from __future__ import annotations

import ctypes
import os
import signal
import subprocess
import sys
import time
from collections.abc import Callable, Mapping
from dataclasses import dataclass, field
from pathlib import Path

from kafka import KafkaAdminClient
from kafka.errors import KafkaError

from services.chassis.errors import OnrecordError

STARTED = "Kafka Server started"
"""What ``KafkaRaftServer`` logs once all its parts run; a socket that accepts is too early."""

HEAP = ("-Xms64m", "-Xmx256m")
"""Small: three brokers must fit beside a test run."""
QUICK = ("-XX:+UseSerialGC", "-XX:TieredStopAtLevel=1", "-XX:ActiveProcessorCount=2")
"""The serial collector and the first compiler tier start fastest; two processors keep thread pools small."""

STOP_S = 20.0
"""A controlled shutdown takes 1–3 s; after this the broker is killed."""
ANSWER_S = 20.0
"""Longest wait for one answer of a broker that has just started."""
POLL_S = 0.05
"""How often a state that cannot be waited for is looked at."""

LOG4J = """status = error
appender.out.type = Console
appender.out.name = out
appender.out.layout.type = PatternLayout
appender.out.layout.pattern = %d %p %c{1}: %m%n
rootLogger.level = info
rootLogger.appenderRef.out.ref = out
"""


class BrokerFailed(OnrecordError):
    """A broker did not start; the message ends with the last lines of its log."""


@dataclass
class Broker:
    """One combined broker and controller.

    Args:
        node_id: 1, 2, 3 …
        folder: its properties, log and data; kept between starts, so a killed broker comes back with its
            data.
        libs: folder of jars.
        java: path of Java.
        port: listener for clients and the other brokers.
        controller_port: listener of the quorum.
        properties: everything that is not this broker's own.
        proxied: ``(port, advertised port)`` of a second listener for clients that come through a proxy on
            loopback.
    """

    node_id: int
    folder: Path
    libs: Path
    java: str
    port: int
    controller_port: int
    properties: Mapping[str, str]
    proxied: tuple[int, int] | None = None
    _process: subprocess.Popen[bytes] | None = field(default=None, repr=False)

    @property
    def address(self) -> str:
        """``host:port`` for clients."""
        return f"127.0.0.1:{self.port}"

    @property
    def log(self) -> Path:
        """The broker's output."""
        return self.folder / "broker.log"

    @property
    def config(self) -> Path:
        """The broker's properties; also what its process is recognised by."""
        return self.folder / "server.properties"

    @property
    def pid(self) -> int | None:
        """The process, while it runs."""
        return self._process.pid if self._process is not None and self._process.poll() is None else None

    def format(self, cluster_id: str) -> None:
        """Write the configuration and prepare empty storage."""
        self.folder.mkdir(parents=True, exist_ok=True)
        (self.folder / "log4j2.properties").write_text(LOG4J)
        self.config.write_text("".join(f"{name}={value}\n" for name, value in self._all_properties().items()))
        command = self._java(
            ("-Xmx128m", *QUICK),
            "kafka.tools.StorageTool",
            "format",
            "-t",
            cluster_id,
            "-c",
            str(self.config),
        )
        done = subprocess.run(command, capture_output=True, text=True, check=False)
        if done.returncode != 0:
            raise BrokerFailed(
                f"broker {self.node_id}: storage could not be"
                f" formatted:\n{(done.stdout + done.stderr).strip()[-2000:]}"
            )

    def start(self, *, die_with_parent: bool) -> None:
        """Start the process; :meth:`wait_started` waits for it.

        ``die_with_parent``: for tests, so that a killed test run leaves no broker behind (Linux).
        """
        with self.log.open("ab") as out:
            out.truncate(0)
            self._process = subprocess.Popen(
                self._java(
                    (*HEAP, *QUICK, f"-Dlog4j2.configurationFile={self.folder / 'log4j2.properties'}"),
                    "kafka.Kafka",
                    str(self.config),
                ),
                stdin=subprocess.DEVNULL,
                stdout=out,
                stderr=subprocess.STDOUT,
                cwd=self.folder,
                start_new_session=True,  # Ctrl-C in the terminal must not reach a broker that is to stay up
                preexec_fn=killed_with_parent() if die_with_parent else None,
            )

    def wait_started(self, deadline: float) -> None:
        """Wait for the log line until ``deadline`` (``time.monotonic``).

        Raises:
            BrokerFailed: it ended or did not start in time.
        """
        while STARTED not in self._tail(200_000):
            if self._process is None or self._process.poll() is not None:
                raise BrokerFailed(f"broker {self.node_id} ended while starting:\n{self._tail(2_000)}")
            if time.monotonic() > deadline:
                raise BrokerFailed(f"broker {self.node_id} did not start in time:\n{self._tail(2_000)}")
            time.sleep(POLL_S)

    def wait_answering(self, brokers: int, deadline: float) -> None:
        """Wait until the broker answers ApiVersions and Metadata and knows ``brokers`` live brokers.

        Raises:
            BrokerFailed: it does not within the deadline.
        """
        reason = "no answer"
        while time.monotonic() < deadline:
            try:
                with KafkaAdminClient(
                    bootstrap_servers=self.address,
                    client_id="devkafka",
                    request_timeout_ms=round(ANSWER_S * 1000),
                ) as admin:
                    known = len(admin.describe_cluster()["brokers"])
            except (KafkaError, OSError) as error:
                reason = f"{type(error).__name__}: {error}"
            else:
                if known >= brokers:
                    return
                reason = f"it knows {known} of {brokers} brokers"
            time.sleep(POLL_S)
        raise BrokerFailed(f"broker {self.node_id} started but does not serve: {reason}\n{self._tail(2_000)}")

    def stop(self) -> None:
        """Shut down in order, and by force when that takes too long."""
        if self._process is None:
            return
        if self._process.poll() is None:
            self._process.send_signal(signal.SIGCONT)
            self._process.terminate()
        try:
            self._process.wait(STOP_S)
        except subprocess.TimeoutExpired:
            self._process.kill()
            self._process.wait()
        self._process = None

    def kill(self) -> None:
        """SIGKILL, as a crash would."""
        if self._process is not None:
            self._process.kill()
            self._process.wait()
            self._process = None

    def pause(self) -> None:
        """SIGSTOP: the broker's sockets stay open and nobody answers."""
        if self._process is not None:
            self._process.send_signal(signal.SIGSTOP)

    def resume(self) -> None:
        """Undo :meth:`pause`."""
        if self._process is not None:
            self._process.send_signal(signal.SIGCONT)

    def _java(self, flags: tuple[str, ...], main: str, *arguments: str) -> list[str]:
        return [self.java, *flags, "-cp", f"{self.libs}/*", main, *arguments]

    def _all_properties(self) -> dict[str, str]:
        own = {
            "node.id": str(self.node_id),
            "listeners": f"BROKER://{self.address},CONTROLLER://127.0.0.1:{self.controller_port}",
            "advertised.listeners": f"BROKER://{self.address}",
            "log.dirs": str(self.folder / "data"),
        }
        if self.proxied is not None:
            port, advertised = self.proxied
            own["listeners"] += f",PROXIED://127.0.0.1:{port}"
            own["advertised.listeners"] += f",PROXIED://127.0.0.1:{advertised}"
        return {**self.properties, **own}

    def _tail(self, size: int) -> str:
        if not self.log.exists():
            return ""
        return self.log.read_text(encoding="utf-8", errors="replace")[-size:]


def killed_with_parent() -> Callable[[], None] | None:
    """A ``preexec_fn`` after which a child dies with the thread that started it; None where only Linux could
    do that."""
    if sys.platform != "linux":
        return None
    libc = ctypes.CDLL(None)
    parent = os.getpid()
    set_parent_death_signal = 1  # PR_SET_PDEATHSIG in linux/prctl.h

    def arrange() -> None:
        libc.prctl(set_parent_death_signal, signal.SIGKILL)
        if os.getppid() != parent:  # the parent died before prctl
            os.kill(os.getpid(), signal.SIGKILL)

    return arrange
