"""A private PostgreSQL server for tests: on a free loopback port, in a folder that goes away with it.

It runs without fsync: these tests kill connections, never the machine. PostgreSQL refuses to run as root, so
as root it runs as ``postgres`` (or ``nobody``).
"""

from __future__ import annotations

import itertools
import os
import pwd
import re
import shutil
import subprocess
import tempfile
from collections.abc import Iterator
from contextlib import contextmanager, suppress
from pathlib import Path
from typing import Self

import pg8000.dbapi
import psutil
import pytest

from services.chassis.devkafka.ports import free_ports
from tests.support.patience import PATIENCE_S

USER = "onrecord"
START_ATTEMPTS = 3
"""Another process may take the free port between our look and the server's start."""

_names = itertools.count(1)


@pytest.fixture(scope="session")
def postgres_server() -> Iterator[str]:
    """``host:port`` of a server whose superuser ``onrecord`` needs no password."""
    with running(_binaries_or_skip()) as address:
        yield address


@pytest.fixture
def postgres_alone() -> Iterator[Server]:
    """A server of one test, which may stop it."""
    with Server(_binaries_or_skip()) as server:
        yield server


@pytest.fixture
def postgres_url(postgres_server: str) -> Iterator[str]:
    """The address of a fresh, empty database."""
    name = f"test_{next(_names)}"
    _admin(postgres_server, f"CREATE DATABASE {name}")
    yield f"postgresql+pg8000://{USER}@{postgres_server}/{name}"
    _admin(postgres_server, f"DROP DATABASE {name} WITH (FORCE)")


def _binaries_or_skip() -> Path:
    binaries = find_binaries()
    if binaries is None:
        message = (
            "PostgreSQL's server is missing: install Debian's package `postgresql` (or put initdb and pg_ctl"
            " on PATH)"
        )
        if os.environ.get("REQUIRE_SERVICES") == "1":
            pytest.fail(message)
        pytest.skip(message)
    return binaries


def find_binaries() -> Path | None:
    """The folder of PostgreSQL's newest server programs: Debian keeps them off PATH."""
    on_path = shutil.which("initdb")
    if on_path and shutil.which("pg_ctl"):
        return Path(on_path).resolve().parent
    versions = [
        path
        for path in Path("/usr/lib/postgresql").glob("*/bin")
        if (path / "initdb").exists() and (path / "pg_ctl").exists()
    ]
    return max(
        versions,
        key=lambda path: [int(number) for number in re.findall(r"\d+", path.parent.name)],
        default=None,
    )


@contextmanager
def running(binaries: Path) -> Iterator[str]:
    """A server that runs as long as the block; gives its ``host:port``."""
    with Server(binaries) as server:
        yield server.address


class Server:
    """A server that can be killed and started again, on the port it got first."""

    def __init__(self, binaries: Path) -> None:
        self._binaries = binaries
        self._prefix, self._owner = _unprivileged()
        self.home = Path(tempfile.mkdtemp(prefix="onrecord-postgres-"))
        self._port = 0

    @property
    def address(self) -> str:
        """``host:port``."""
        return f"127.0.0.1:{self._port}"

    @property
    def port(self) -> int:
        """The port."""
        return self._port

    def start(self) -> None:
        """Start on the port that is known; the server recovers by itself from being killed."""
        if not self._started():
            raise RuntimeError(f"PostgreSQL did not start:\n{self._output()}")

    def stop(self) -> None:
        """Stop at once, without a checkpoint; what was committed is there after the next start."""
        self._call("pg_ctl", "-w", "-m", "immediate", "stop")

    def kill(self) -> None:
        """SIGKILL the server and all its sessions, as a crash would."""
        pid = int((self.home / "data" / "postmaster.pid").read_text(encoding="ascii").split()[0])
        server = psutil.Process(pid)
        family = [server, *server.children()]
        for process in family:
            with suppress(psutil.NoSuchProcess):
                process.kill()
        psutil.wait_procs(family, PATIENCE_S)

    def own(self, folder: Path) -> None:
        """Give a folder to the user that the server runs as."""
        if self._owner is not None:
            os.chown(folder, *self._owner)

    def ask(self, statement: str, database: str = "postgres") -> None:
        """Run one statement outside a transaction."""
        _admin(self.address, statement, database)

    def __enter__(self) -> Self:
        try:
            self.own(self.home)
            if self._call("initdb", "-A", "trust", "-U", USER, "-E", "UTF8", "--locale=C.UTF-8", "--no-sync"):
                raise RuntimeError(f"initdb failed:\n{self._output()}")
            for attempt in range(1, START_ATTEMPTS + 1):
                (self._port,) = free_ports(1)
                if self._started():
                    break
                if attempt == START_ATTEMPTS:
                    raise RuntimeError(f"PostgreSQL did not start:\n{self._output()}")
        except BaseException:
            self.__exit__()
            raise
        return self

    def __exit__(self, *_: object) -> None:
        self.stop()
        shutil.rmtree(self.home)

    def _started(self) -> bool:
        options = (
            f"-h 127.0.0.1 -p {self._port} -k '' -c fsync=off -c full_page_writes=off -c max_connections=40"
        )
        return self._call("pg_ctl", "-w", "-t", f"{PATIENCE_S:.0f}", "-o", options, "start") == 0

    def _call(self, program: str, *arguments: str) -> int:
        # output to a file: the server would inherit a pipe and keep it open
        with (self.home / "output").open("ab") as output:
            command = [
                *self._prefix,
                str(self._binaries / program),
                "-D",
                str(self.home / "data"),
                *arguments,
            ]
            done = subprocess.run(
                command,
                cwd=self.home,
                stdout=output,
                stderr=output,
                stdin=subprocess.DEVNULL,
                timeout=2 * PATIENCE_S,
                check=False,
            )
            return done.returncode

    def _output(self) -> str:
        return (self.home / "output").read_text(errors="replace")


def _unprivileged() -> tuple[list[str], tuple[int, int] | None]:
    """How to run a program without root's rights, and whom its files must belong to."""
    if os.geteuid() != 0:
        return [], None
    for name in ("postgres", "nobody"):
        try:
            user = pwd.getpwnam(name)
        except KeyError:
            continue
        return ["setpriv", f"--reuid={user.pw_uid}", f"--regid={user.pw_gid}", "--clear-groups"], (
            user.pw_uid,
            user.pw_gid,
        )
    raise RuntimeError(
        "PostgreSQL does not run as root, and there is neither a user `postgres` nor `nobody` to run it as"
    )


def _admin(server: str, statement: str, database: str = "postgres") -> None:
    host, _, port = server.partition(":")
    connection = pg8000.dbapi.connect(USER, host=host, port=int(port), database=database, timeout=PATIENCE_S)
    try:
        connection.autocommit = True
        cursor = connection.cursor()
        cursor.execute(statement)
        cursor.close()
    finally:
        connection.close()
