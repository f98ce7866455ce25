"""Starts the programs of others' images as their entrypoints do, from Debian's packages and Kafka's own
jars."""

from __future__ import annotations

import os
import shlex
import shutil
import sys
from collections.abc import Mapping
from pathlib import Path

import pytest

from services.chassis.devkafka import ToolMissing
from services.chassis.devkafka.broker import QUICK
from services.chassis.devkafka.jars import java, libraries
from tests.support.postgres import _unprivileged, find_binaries
from tests.support.prometheus import require
from tests.support.topology import Container, Starter

ALERTMANAGER = ("prometheus-alertmanager", "alertmanager")
"""Debian's name of it, and its own."""
TOOLS = {
    "setpriv": "util-linux",
    "wget": "wget",
    "pg_isready": "postgresql-client",
    "psql": "postgresql-client",
}
"""Called in health checks, or by the harness: program → Debian's package."""

_API_VERSIONS = """#!{python}
# Stands for Kafka's tool of this name, whose jar the broker does not need: does the broker answer?
import argparse
import kafka
parser = argparse.ArgumentParser()
parser.add_argument("--bootstrap-server", required=True)
with kafka.KafkaAdminClient(bootstrap_servers=parser.parse_args().bootstrap_server, request_timeout_ms=5000) as admin:
    assert admin.describe_cluster()["brokers"]
"""


def kafka(container: Container) -> None:
    """``/etc/kafka/docker/run``: the environment becomes server.properties and fresh storage, by the image's
    own program."""
    defaults = container.folder / "defaults"
    defaults.mkdir()
    classes = ("-cp", f"{libraries()}/*")
    config = container.mounts["/opt/kafka/config"]
    shared = container.mounts["/mnt/shared/config"]
    folders = [
        f"--default-configs-dir={defaults}",
        f"--mounted-configs-dir={shared}",
        f"--final-configs-dir={config}",
    ]
    container.run([java(), *QUICK, *classes, "kafka.docker.KafkaDockerWrapper", "setup", *folders])
    given = shlex.split(container.environment["KAFKA_HEAP_OPTS"]) + shlex.split(
        container.environment["KAFKA_LOG4J_OPTS"]
    )
    container.start([java(), *given, *QUICK, *classes, "kafka.Kafka", str(config / "server.properties")])


def postgres(container: Container) -> None:
    """``docker-entrypoint.sh``: initdb with user, password and arguments, connections by password from
    anywhere; then, on a server that only its socket leads to, one database and the files of
    ``/docker-entrypoint-initdb.d``."""
    binaries = find_binaries()
    assert binaries is not None
    prefix, owner = _unprivileged()
    if prefix:
        prefix += ["--pdeathsig", "KILL"]  # changing the user clears what was set before
    data, socket = container.mounts["/var/lib/postgresql/data"], container.mounts["/var/run/postgresql"]
    given = container.environment
    password = Path(given["POSTGRES_PASSWORD_FILE"])
    if owner is not None:
        os.chown(data, *owner)
        os.chown(socket, *owner)
        # in the containers it is one user who makes the secrets and runs the server
        for secret in password.parent.iterdir():
            os.chown(secret, owner[0], -1)
    user = ["--username", given["POSTGRES_USER"], "--pwfile", str(password)]
    container.run(
        [
            *prefix,
            str(binaries / "initdb"),
            "-D",
            str(data),
            "--no-sync",
            *user,
            *shlex.split(given["POSTGRES_INITDB_ARGS"]),
        ]
    )
    with (data / "pg_hba.conf").open("a") as rules:
        rules.write("\nhost all all all scram-sha-256\n")
    control = [*prefix, str(binaries / "pg_ctl"), "-D", str(data), "-w"]
    container.run([*control, "-o", f"-h '' -k {socket}", "start"])
    as_owner = ["-h", str(socket), "-U", given["POSTGRES_USER"]]
    psql = [
        "env",
        f"PGPASSWORD={password.read_text()}",
        "psql",
        "-v",
        "ON_ERROR_STOP=1",
        "--no-psqlrc",
        *as_owner,
    ]
    container.run([*psql, "-d", "postgres", "-c", f'CREATE DATABASE "{given["POSTGRES_DB"]}"'])
    for target, file in sorted(container.mounts.items()):
        if target.startswith("/docker-entrypoint-initdb.d/"):
            assert file.suffix == ".sql", f"{target}: this harness runs SQL only"
            container.run([*psql, "-d", given["POSTGRES_DB"], "-f", str(file)])
    container.run([*control, "-m", "fast", "stop"])
    program, *flags = container.command
    # the image listens on all addresses
    container.start(
        [*prefix, str(binaries / program), "-D", str(data), "-h", container.address, "-k", "", *flags]
    )


def prometheus(container: Container) -> None:
    """The image's entrypoint is the program."""
    container.start([require("prometheus"), *container.command])


def alertmanager(container: Container) -> None:
    """The image's entrypoint is the program."""
    program = find_alertmanager()
    assert program is not None
    container.start([program, *container.command])


def require_all() -> None:
    """Skip the test with one line where a program is missing; fail where servers are required."""
    require("prometheus")
    problems = []
    try:
        java(), libraries()
    except ToolMissing as error:
        problems.append(str(error))
    if find_binaries() is None:
        problems.append("PostgreSQL's server is missing: install Debian's package `postgresql`")
    problems += [
        f"{name} is missing: install Debian's package `{package}`"
        for name, package in TOOLS.items()
        if not shutil.which(name)
    ]
    if problems and os.environ.get("REQUIRE_SERVICES") == "1":
        pytest.fail("; ".join(problems))
    if problems:
        pytest.skip("; ".join(problems))


def find_alertmanager() -> str | None:
    """The program's path, where it is installed."""
    return next((found for name in ALERTMANAGER if (found := shutil.which(name))), None)


STARTERS: Mapping[str, Starter] = {
    "apache/kafka": kafka,
    "postgres": postgres,
    "prom/prometheus": prometheus,
    "prom/alertmanager": alertmanager,
}


def kafka_programs(folder: Path) -> Mapping[str, Path]:
    """What stands for the folders of Kafka's image that its health check calls a program in."""
    folder.mkdir()
    tool = folder / "kafka-broker-api-versions.sh"
    tool.write_text(_API_VERSIONS.format(python=sys.executable))
    tool.chmod(0o755)
    return {"/opt/kafka/bin": folder}
