"""A private PostgreSQL server for tests: on a free loopback port, in a folder that goes away with it.

It runs without fsync: these tests kill connections, never the machine. PostgreSQL refuses to run as root, so as root it runs as
``postgres`` (or ``nobody``).
"""

from __future__ import annotations

import itertools
import os
import pwd
import re
import shutil
import subprocess
import tempfile
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from dataclasses import dataclass
from pathlib import Path

import pg8000.dbapi
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
    with serving(_binaries_or_skip()) as server:
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
        message = "PostgreSQL's server is missing: install Debian's package `postgresql` (or put initdb and pg_ctl on PATH)"
        if os.environ.get("REQUIRE_SERVICES") == "1":
            pytest.fail(message)
        pytest.skip(message)
    return binaries


def find_binaries() -> Path | None:
    """The folder of PostgreSQL's newest server programs: Debian keeps them off PATH."""
    on_path = shutil.which("initdb")
    if on_path and shutil.which("pg_ctl"):
        return Path(on_path).resolve().parent
    versions = [path for path in Path("/usr/lib/postgresql").glob("*/bin") if (path / "initdb").exists() and (path / "pg_ctl").exists()]
    return max(versions, key=lambda path: [int(number) for number in re.findall(r"\d+", path.parent.name)], default=None)


@dataclass(frozen=True)
class Server:
    """A server that may be stopped and started again, on the same port."""

    address: str
    stop: Callable[[], None]
    """At once, as a crash would."""
    start: Callable[[], None]


@contextmanager
def running(binaries: Path) -> Iterator[str]:
    """A server that runs as long as the block; gives its ``host:port``."""
    with serving(binaries) as server:
        yield server.address


@contextmanager
def serving(binaries: Path) -> Iterator[Server]:
    """A server that goes away with the block; it runs at first."""
    prefix, owner = _unprivileged()
    home = Path(tempfile.mkdtemp(prefix="onrecord-postgres-"))
    try:
        if owner is not None:
            os.chown(home, *owner)
        data = home / "data"

        def call(program: str, *arguments: str) -> subprocess.CompletedProcess[bytes]:
            # output to a file: the server would inherit a pipe and keep it open
            with (home / "output").open("ab") as output:
                command = [*prefix, str(binaries / program), "-D", str(data), *arguments]
                return subprocess.run(
                    command, cwd=home, stdout=output, stderr=output, stdin=subprocess.DEVNULL, timeout=2 * PATIENCE_S, check=False
                )

        initialised = call("initdb", "-A", "trust", "-U", USER, "-E", "UTF8", "--locale=C.UTF-8", "--no-sync")
        if initialised.returncode:
            raise RuntimeError(f"initdb failed:\n{(home / 'output').read_text(errors='replace')}")

        def start(port: int) -> bool:
            options = f"-h 127.0.0.1 -p {port} -k '' -c fsync=off -c full_page_writes=off -c max_connections=40"
            return call("pg_ctl", "-w", "-t", f"{PATIENCE_S:.0f}", "-o", options, "start").returncode == 0

        def again() -> None:
            if not start(port):
                raise RuntimeError(f"PostgreSQL did not start again:\n{(home / 'output').read_text(errors='replace')}")

        def stop() -> None:
            call("pg_ctl", "-w", "-m", "immediate", "stop")

        for attempt in range(1, START_ATTEMPTS + 1):
            (port,) = free_ports(1)
            if start(port):
                break
            if attempt == START_ATTEMPTS:
                raise RuntimeError(f"PostgreSQL did not start:\n{(home / 'output').read_text(errors='replace')}")
        try:
            yield Server(f"127.0.0.1:{port}", stop, again)
        finally:
            stop()
    finally:
        shutil.rmtree(home)


def _unprivileged() -> tuple[list[str], tuple[int, int] | None]:
    """How to run a program without root's rights, and whom its files must belong to."""
    if os.geteuid() != 0:
        return [], None
    for name in ("postgres", "nobody"):
        try:
            user = pwd.getpwnam(name)
        except KeyError:
            continue
        return ["setpriv", f"--reuid={user.pw_uid}", f"--regid={user.pw_gid}", "--clear-groups"], (user.pw_uid, user.pw_gid)
    raise RuntimeError("PostgreSQL does not run as root, and there is neither a user `postgres` nor `nobody` to run it as")


def _admin(server: str, statement: str) -> None:
    host, _, port = server.partition(":")
    connection = pg8000.dbapi.connect(USER, host=host, port=int(port), database="postgres", timeout=PATIENCE_S)
    try:
        connection.autocommit = True
        cursor = connection.cursor()
        cursor.execute(statement)
        cursor.close()
    finally:
        connection.close()
