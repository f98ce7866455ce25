"""The image's health check, and the command that asks the same."""

from __future__ import annotations

import os
import subprocess
import sys
from pathlib import Path

import pytest

from services.chassis import probe
from services.chassis.health import OpsServer
from services.chassis.metrics import Metrics
from services.chassis.settings import OpsSettings
from tests.support.web import Site

ANY = "0.0.0.0"  # noqa: S104 - as in a container
COMMANDS = {"probe": ["services.chassis.probe"], "health": ["services.cli", "health"]}


class Part:
    """A service whose health is set by the test."""

    name = "part"

    def __init__(self) -> None:
        self.stuck: list[str] = []
        self.unready: list[str] = []

    def run(self) -> None: ...

    def live(self) -> list[str]:
        return self.stuck

    def ready(self) -> list[str]:
        return self.unready


def run(module: str, *arguments: str, **variables: str) -> subprocess.CompletedProcess[str]:
    environment = {
        name: value for name, value in os.environ.items() if not name.startswith("ONRECORD_")
    } | variables
    return subprocess.run(
        [sys.executable, "-m", module, *arguments],
        env=environment,
        capture_output=True,
        text=True,
        check=False,
    )


@pytest.mark.parametrize("name", COMMANDS)
def test_a_well_service_an_unready_one_and_none(name: str) -> None:
    part = Part()
    with OpsServer(OpsSettings(host=ANY, port=0), Metrics(), [part]) as ops:
        where = {"ONRECORD_OPS__HOST": ANY, "ONRECORD_OPS__PORT": ops.address.rpartition(":")[2]}
        well = run(*COMMANDS[name], **where)
        assert (well.returncode, well.stderr) == (0, "")
        part.unready = ["the broker is unreachable", "no partitions yet"]
        unready = run(*COMMANDS[name], **where)
        assert unready.returncode == 1
        assert (
            unready.stderr == "onrecord: /readyz answers 503: the broker is unreachable; no partitions yet\n"
        )
    gone = run(*COMMANDS[name], **where)
    assert gone.returncode == 1
    assert gone.stderr.startswith(f"onrecord: no answer from 127.0.0.1:{where['ONRECORD_OPS__PORT']}/readyz")
    assert "ONRECORD_OPS__PORT" in gone.stderr


def test_health_can_ask_for_liveness() -> None:
    part = Part()
    part.unready = ["the broker is unreachable"]
    with OpsServer(OpsSettings(port=0), Metrics(), [part]) as ops:
        where = {"ONRECORD_OPS__PORT": ops.address.rpartition(":")[2]}
        assert run("services.cli", "health", "--live", **where).returncode == 0
        part.stuck = ["the loop has not turned for 130 s"]
        stuck = run("services.cli", "health", "--live", **where)
    assert (stuck.returncode, stuck.stderr) == (
        1,
        "onrecord: /livez answers 503: the loop has not turned for 130 s\n",
    )


def test_the_probe_reads_the_configuration_file(tmp_path: Path) -> None:
    with OpsServer(OpsSettings(port=0), Metrics(), [Part()]) as ops:
        file = tmp_path / "onrecord.toml"
        file.write_text(f"[ops]\nport = {ops.address.rpartition(':')[2]}\n")
        assert run("services.chassis.probe", ONRECORD_CONFIG=str(file)).returncode == 0


def test_the_probe_loads_only_the_standard_library() -> None:
    """It runs every few seconds in every container."""

    def loaded(imports: str) -> set[str]:
        code = f"import sys{imports}; print(*{{name.partition('.')[0] for name in sys.modules}})"
        return set(
            subprocess.run(
                [sys.executable, "-c", code], capture_output=True, text=True, check=True
            ).stdout.split()
        )

    assert loaded(", services.chassis.probe") - loaded("") - sys.stdlib_module_names == {"services"}


def test_the_default_port_is_the_settings() -> None:
    assert OpsSettings().port == probe.DEFAULT_PORT


def test_an_answer_that_is_not_ours_is_shown() -> None:
    with Site({"/readyz": (502, {}, b"<h1>Bad gateway</h1>")}) as site:
        assert (
            probe.ask("127.0.0.1", int(site.url.rpartition(":")[2]), "/readyz")
            == "/readyz answers 502: <h1>Bad gateway</h1>"
        )
