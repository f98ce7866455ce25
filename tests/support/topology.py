"""Starts ``compose.yaml`` process by process, without a Docker engine.

The same commands with the same environment, in the order that ``depends_on`` gives, each health check run for
real. What a container has and a process has not is put in by substitution, in this one place:

- every container has an address of its own, on the loopback network (127.x.y.z), so its ports stay as they
  are; a service's name followed by a port becomes that address, and so do ``0.0.0.0`` and an empty listener
  host (``://:9092``) in what it is started with. ``127.0.0.1`` and ``localhost`` become it in health checks
  and mounted files only: a server that listens on them in its container is reached by nobody else, here as
  there;
- mounted paths become folders of this machine, mounted configuration is a copy with the names replaced;
- groups that a container is put into become the test's own, which is the only one it may give a file to;
- ``ONRECORD_LOG__INSTANCE: hostname`` becomes the container's name, because the processes share one host
  name;
- lookups of replicas by DNS in Prometheus' configuration become lists of their addresses;
- images whose programs are not Python's or the shell's are started as their entrypoints do it
  (``tests.support.images``).
"""

from __future__ import annotations

import os
import re
import shutil
import signal
import subprocess
import sys
import time
from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass, field
from pathlib import Path
from types import TracebackType
from typing import Any, Self

import yaml

from tests.support.compose import DEPLOY, Compose, Mount, Service

PATIENCE_S = 600.0
"""Longest wait for one condition: a failure, not a pace. The whole takes a minute of processor time and took
ten at a load of 40."""
SLOWER = 4
"""How many times slower this machine may be than those that grace periods and health checks are meant for."""
_TEXT = (".yml", ".yaml", ".json", ".sh")


@dataclass
class Container:
    """One replica: what it is started with, everything substituted."""

    name: str
    service: Service
    address: str
    folder: Path
    environment: Mapping[str, str]
    entrypoint: tuple[str, ...]
    command: tuple[str, ...]
    health: tuple[str, ...]
    mounts: Mapping[str, Path]
    process: subprocess.Popen[bytes] | None = field(default=None, repr=False)

    @property
    def log(self) -> Path:
        return self.folder / "output.log"

    @property
    def tail(self) -> str:
        return self.log.read_text(errors="replace")[-4000:] if self.log.exists() else ""

    def run(self, command: Sequence[str], timeout_s: float = PATIENCE_S, **options: Any) -> None:
        """Run something to its end before the container's own process.

        Raises:
            AssertionError: it failed.
        """
        done = self._start(command, **options).wait(timeout_s)
        assert done == 0, f"{self.name}: {command[0]} ended with {done}\n{self.tail}"

    def start(self, command: Sequence[str]) -> None:
        """Start the container's own process."""
        self.process = self._start(command)

    def healthy(self) -> bool:
        """Run the health check once."""
        check = self.service.healthcheck
        assert check is not None, f"{self.name} has no health check to wait for"
        with (self.folder / "health.log").open("wb") as output:
            process = subprocess.Popen(
                self.health, env=self.environment, cwd=self.folder, stdout=output, stderr=output
            )
            try:
                return process.wait(SLOWER * check.timeout_s) == 0
            except subprocess.TimeoutExpired:
                process.kill()
                process.wait()
                return False

    def _start(self, command: Sequence[str], **options: Any) -> subprocess.Popen[bytes]:
        # a killed test run leaves nothing behind
        tied = ["setpriv", "--pdeathsig", "KILL", *command]
        with self.log.open("ab") as output:
            return subprocess.Popen(
                tied,
                env=self.environment,
                cwd=self.folder,
                stdin=subprocess.DEVNULL,
                stdout=output,
                stderr=output,
                **options,
            )


Starter = Callable[[Container], None]
"""Starts a container's process as its image's entrypoint would."""


class Topology:
    """The containers of a compose file. Use as a context manager: whatever still runs at its end is killed.

    Args:
        compose: the file.
        folder: for volumes, logs and copies of mounted files.
        starters: how to start the images that are not ours, by image name without tag.
        programs: folders of the images that health checks call programs in, and what stands for them here.
        without: services left out because their program cannot be had here.
    """

    def __init__(
        self,
        compose: Compose,
        folder: Path,
        starters: Mapping[str, Starter],
        programs: Mapping[str, Path] | None = None,
        without: Sequence[str] = (),
    ) -> None:
        self.folder = folder
        self._starters = starters
        self._programs = dict(programs or {})
        self.services = [service for service in compose.started() if service.name not in without]
        # a network of its own per test run, so that two at once do not meet
        network = f"127.{64 + os.getpid() % 190}.{1 + os.getpid() // 190 % 250}"
        slots = [(service, number) for service in self.services for number in range(1, service.replicas + 1)]
        self.addresses = {
            f"{service.name}-{number}": f"{network}.{at}" for at, (service, number) in enumerate(slots, 1)
        }
        self.containers = {
            f"{service.name}-{number}": self._container(service, number) for service, number in slots
        }

    def of(self, service: str) -> list[Container]:
        """A service's replicas."""
        return [container for container in self.containers.values() if container.service.name == service]

    def url(self, service: str, port: int) -> str:
        """``http://address:port`` of a service's first replica."""
        return f"http://{self.addresses[f'{service}-1']}:{port}"

    def up(self) -> None:
        """Start everything in order, and see it healthy.

        Raises:
            AssertionError: something ended, or did not become healthy in time.
        """
        met: set[tuple[str, str]] = set()
        started = {service.name for service in self.services}
        for service in self.services:
            for other, condition in service.depends_on.items():
                if other in started and (other, condition) not in met:
                    self._wait(other, condition)
                    met.add((other, condition))
            for container in self.of(service.name):
                self.start(container)
        for service in self.services:
            self._wait(
                service.name, "service_healthy" if service.healthcheck else "service_completed_successfully"
            )

    def start(self, container: Container) -> None:
        """Start one container."""
        if container.service.ours:
            container.start([sys.executable, "-m", "services.cli", *container.command])
        elif container.entrypoint:
            container.start([*container.entrypoint, *container.command])
        else:
            self._starters[container.service.image.rpartition(":")[0]](container)

    def down(self) -> dict[str, int]:
        """Ask everything to stop, dependants first, as Compose does, and return the exit codes.

        Raises:
            AssertionError: one took longer than its grace period, after which Docker kills it.
        """
        codes = {}
        for service in reversed(self.services):
            running = [
                container
                for container in self.of(service.name)
                if container.process and container.process.poll() is None
            ]
            for container in running:
                assert container.process is not None
                container.process.send_signal(_stop_signal(service))
            deadline = time.monotonic() + SLOWER * service.stop_grace_s
            for container in running:
                assert container.process is not None
                try:
                    codes[container.name] = container.process.wait(max(0.0, deadline - time.monotonic()))
                except subprocess.TimeoutExpired as error:
                    grace = f"{SLOWER} times its grace period of {service.stop_grace_s:g} s"
                    message = f"{container.name} did not stop within {grace}\n{container.tail}"
                    raise AssertionError(message) from error
        return codes

    def __enter__(self) -> Self:
        return self

    def __exit__(
        self, kind: type[BaseException] | None, error: BaseException | None, trace: TracebackType | None
    ) -> None:
        for container in self.containers.values():
            if container.process and container.process.poll() is None:
                container.process.kill()
                container.process.wait()

    def _wait(self, name: str, condition: str) -> None:
        for container in self.of(name):
            process, deadline = container.process, time.monotonic() + PATIENCE_S
            assert process is not None
            if condition == "service_completed_successfully":
                self._complete(container)
                continue
            check = container.service.healthcheck
            assert condition == "service_healthy", (
                f"{condition} of {name}: not a condition that this file uses"
            )
            assert check is not None, f"something waits for {name} to be healthy, which has no health check"
            while not container.healthy():
                assert process.poll() is None, (
                    f"{container.name} ended with {process.returncode}\n{container.tail}"
                )
                said = (container.folder / "health.log").read_text(errors="replace")
                assert time.monotonic() < deadline, (
                    f"{container.name} does not become healthy: {said}\n{container.tail}"
                )
                time.sleep(check.start_interval_s)

    def _complete(self, container: Container) -> None:
        """Wait for a container that runs once, as often as its restart policy says."""
        for left in reversed(range(container.service.restarts_on_failure + 1)):
            assert container.process is not None
            code = container.process.wait(PATIENCE_S)
            if code == 0:
                return
            assert left, f"{container.name} ended with {code}\n{container.tail}"
            self.start(container)

    def _container(self, service: Service, number: int) -> Container:
        name = f"{service.name}-{number}"
        own = self.addresses[name]
        folder = self.folder / "containers" / name
        folder.mkdir(parents=True)
        mounts = {mount.target: self._mounted(mount, folder, own) for mount in service.mounts}
        for path in service.tmpfs:
            mounts[path] = folder / "tmpfs" / path.strip("/").replace("/", "_")
            mounts[path].mkdir(parents=True)

        def started_with(text: str) -> str:
            return self._renamed(_outward(_relocated(text, mounts), own))

        groups = service.raw.get("group_add", ())
        given = {variable: started_with(value) for variable, value in service.environment.items()}
        if given.get("ONRECORD_LOG__INSTANCE") == "hostname":
            given["ONRECORD_LOG__INSTANCE"] = name
        check = service.healthcheck
        health = (
            tuple(_inward(_relocated(started_with(word), self._programs), own) for word in check.command)
            if check
            else ()
        )
        return Container(
            name=name,
            service=service,
            address=own,
            folder=folder,
            # of this machine's environment only what says where programs are
            environment={
                **{
                    variable: os.environ[variable]
                    for variable in ("PATH", "JAVA_HOME", "LANG")
                    if variable in os.environ
                },
                **given,
            },
            entrypoint=tuple(started_with(word) for word in service.entrypoint),
            command=tuple(
                str(os.getgid()) if word in groups else started_with(word) for word in service.command
            ),
            health=(sys.executable, *health[1:]) if health[:1] == ("python",) else health,
            mounts=mounts,
        )

    def _mounted(self, mount: Mount, folder: Path, own: str) -> Path:
        if not mount.bind:
            volume = self.folder / "volumes" / mount.source
            volume.mkdir(parents=True, exist_ok=True)
            return volume
        source, copy = (
            (DEPLOY / mount.source).resolve(),
            folder / "mounted" / mount.target.strip("/").replace("/", "_"),
        )
        assert source.exists(), f"{mount.source} is mounted and does not exist"
        copy.parent.mkdir(parents=True, exist_ok=True)
        if source.is_dir():
            shutil.copytree(source, copy)
        else:
            shutil.copy(source, copy)
        for file in [copy] if copy.is_file() else sorted(copy.rglob("*")):
            if (file if file != copy else source).suffix in _TEXT:
                text = (
                    self._without_lookups(file.read_text(encoding="utf-8"))
                    if file.name == "prometheus.yml"
                    else file.read_text()
                )
                file.write_text(self._renamed(_inward(text, own)), encoding="utf-8")
        return copy

    def _without_lookups(self, text: str) -> str:
        config = yaml.safe_load(text)
        for job in config["scrape_configs"]:
            lookups = job.pop("dns_sd_configs", [])
            for lookup in lookups:
                assert lookup["type"] == "A", (
                    f"{job['job_name']}: Compose answers A queries for a service's name"
                )
                found = [
                    f"{self.addresses[name]}:{lookup['port']}"
                    for name in self.addresses
                    if name.rpartition("-")[0] in lookup["names"]
                ]  # fmt: skip
                job.setdefault("static_configs", []).append({"targets": found})
        return yaml.safe_dump(config)

    def _renamed(self, text: str) -> str:
        """Service names before a port become addresses."""
        names = "|".join(service.name for service in self.services)
        return re.sub(rf"(?<![\w.-])({names})(?=:\d)", lambda match: self.addresses[f"{match[1]}-1"], text)


def _relocated(text: str, mounts: Mapping[str, Path]) -> str:
    """The container's paths as paths of this machine."""
    if not mounts:
        return text
    paths = "|".join(re.escape(path) for path in sorted(mounts, key=len, reverse=True))
    return re.sub(rf"(?<![\w./-])({paths})(?![\w.-])", lambda match: str(mounts[match[1]]), text)


def _outward(text: str, own: str) -> str:
    return re.sub(r"\b0\.0\.0\.0\b", own, text).replace("://:", f"://{own}:")


def _inward(text: str, own: str) -> str:
    return re.sub(r"\b(127\.0\.0\.1|localhost)\b", own, text)


def _stop_signal(service: Service) -> signal.Signals:
    """PostgreSQL's image asks for SIGINT, its fast shutdown; all others for SIGTERM."""
    return signal.SIGINT if service.image.startswith("postgres:") else signal.SIGTERM
