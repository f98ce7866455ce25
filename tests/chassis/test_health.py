"""Metrics and health over HTTP; signals and failures of a process."""

from __future__ import annotations

import json
import os
import signal
import socket
import struct
import subprocess
import sys
import threading
import urllib.error
import urllib.request
from pathlib import Path

import pytest

from services.chassis.errors import SettingsError
from services.chassis.health import OpsServer
from services.chassis.metrics import PREFIX, TABLE, Metrics
from services.chassis.runner import Group, run_services
from services.chassis.service import Context
from services.chassis.settings import OpsSettings, Settings
from tests.support.patience import PATIENCE_S


class Part:
    """A service whose health is set by the test."""

    def __init__(self, name: str = "part") -> None:
        self.name = name
        self.stuck: list[str] = []
        self.unready: list[str] = []

    def run(self) -> None: ...

    def live(self) -> list[str]:
        return self.stuck

    def ready(self) -> list[str]:
        return self.unready


def get(url: str, accept: str = "*/*") -> tuple[int, str, str]:
    try:
        with urllib.request.urlopen(
            urllib.request.Request(url, headers={"Accept": accept}), timeout=PATIENCE_S
        ) as answer:
            return answer.status, answer.headers["Content-Type"], answer.read().decode()
    except urllib.error.HTTPError as error:
        with error:
            return error.code, error.headers["Content-Type"], error.read().decode()


def test_metrics_and_health_endpoints() -> None:
    part, metrics = Part(), Metrics(process=True)
    metrics.counter("retries", service="extract").inc()
    with OpsServer(OpsSettings(port=0), metrics, [part]) as ops:
        status, kind, body = get(ops.address + "/metrics")
        assert status == 200
        assert kind.startswith("text/plain")
        assert 'onrecord_retries_total{service="extract"} 1.0' in body
        assert "process_resident_memory_bytes" in body
        assert get(ops.address + "/metrics", "application/openmetrics-text; version=1.0.0")[2].endswith(
            "# EOF\n"
        )
        assert get(ops.address + "/livez")[0] == 200
        part.stuck, part.unready = ["the loop has not turned"], ["draining"]
        status, _, body = get(ops.address + "/livez")
        assert (status, json.loads(body)["reasons"]) == (503, ["the loop has not turned"])
        status, _, body = get(ops.address + "/readyz?verbose")
        assert (status, json.loads(body)["reasons"]) == (503, ["draining"])
        assert get(ops.address + "/elsewhere")[0] == 404


class Held(Part):
    """Its health is known only once the test lets go."""

    def __init__(self) -> None:
        super().__init__()
        self.asked, self.answer = threading.Event(), threading.Event()
        self.error: Exception | None = None

    def live(self) -> list[str]:
        self.thread = threading.current_thread()
        self.asked.set()
        assert self.answer.wait(PATIENCE_S)
        if self.error:
            raise self.error
        return []


@pytest.mark.parametrize("error", [None, RuntimeError("broken health")])
def test_a_scraper_that_hangs_up_is_no_error_and_a_fault_of_ours_is(
    error: Exception | None, capfd: pytest.CaptureFixture[str]
) -> None:
    part = Held()
    part.error = error
    with OpsServer(OpsSettings(port=0), Metrics(), [part]) as ops:
        host, _, port = ops.address.removeprefix("http://").rpartition(":")
        with socket.create_connection((host, int(port)), timeout=PATIENCE_S) as scraper:
            scraper.sendall(b"GET /livez HTTP/1.0\r\n\r\n")
            assert part.asked.wait(PATIENCE_S)
            # closing resets the connection, so that the answer's first bytes fail
            scraper.setsockopt(socket.SOL_SOCKET, socket.SO_LINGER, struct.pack("ii", 1, 0))
        part.answer.set()
        part.thread.join(PATIENCE_S)
        part.error = None
        assert get(ops.address + "/livez")[0] == 200
    said = capfd.readouterr().err
    assert "RuntimeError: broken health" in said if error else said == ""


def test_a_taken_port_is_a_clear_error() -> None:
    with OpsServer(OpsSettings(port=0), Metrics(), []) as ops:
        port = int(ops.address.rpartition(":")[2])
        with pytest.raises(SettingsError, match=f"ONRECORD_OPS__PORT: cannot listen on 127.0.0.1:{port}"):
            OpsServer(OpsSettings(port=port), Metrics(), [])


def test_the_table_of_metrics_keeps_prometheus_naming() -> None:
    names = [row.name for row in TABLE]
    assert len(set(names)) == len(names)
    for row in TABLE:
        assert row.help.endswith("."), row.name
        assert not row.name.endswith("_total"), "prometheus_client adds it"
        assert not {"actor", "actor_id", "url", "outlet", "article_id"} & set(row.labels), (
            f"{row.name} has a label without a bound"
        )
        assert bool(row.buckets) == (row.kind == "histogram"), row.name
    exposed = {family.name for family in Metrics().registry.collect()}
    assert all(name.startswith(PREFIX) for name in exposed)
    assert len(exposed) == len(TABLE)


def test_an_unknown_metric_or_label_is_an_error() -> None:
    with pytest.raises(KeyError):
        Metrics().counter("retreis")
    with pytest.raises(ValueError, match="Incorrect label names"):
        Metrics().counter("retries", srevice="extract")


class Failing(Part):
    def run(self) -> None:
        raise RuntimeError("broken service")


class Waiting(Part):
    def __init__(self, stop: threading.Event) -> None:
        super().__init__("waiting")
        self.stop = stop
        self.ended = False

    def run(self) -> None:
        self.stop.wait(PATIENCE_S)
        self.ended = True


def test_one_failing_service_stops_the_others_and_its_error_is_raised() -> None:
    stop = threading.Event()
    waiting = Waiting(stop)
    group = Group([waiting, Failing()], stop)
    group.start()
    with pytest.raises(RuntimeError, match="broken service"):
        group.join()
    assert waiting.ended
    assert group.failed


def test_services_stop_when_the_work_is_done() -> None:
    context = Context(Settings(ops=OpsSettings(port=0)), log=None, metrics=Metrics())  # type: ignore[arg-type]
    waiting = Waiting(context.stop)
    run_services(context, [waiting], lambda _: None)
    assert waiting.ended


SCRIPT = """
import sys, threading
from services.chassis import logging
from services.chassis.metrics import Metrics
from services.chassis.runner import run_services
from services.chassis.service import Context
from services.chassis.settings import OpsSettings, Settings

class Slow:
    name = "slow"
    def __init__(self, context): self.context = context
    def run(self):
        print("up", flush=True)
        self.context.stop.wait()
        print("draining", flush=True)
        if "hang" in sys.argv: threading.Event().wait()
    def live(self): return []
    def ready(self): return []

logging.configure(OpsSettings())
context = Context(Settings(ops=OpsSettings(port=0)), None, Metrics())
run_services(context, [Slow(context)])
print("clean end", flush=True)
"""


def started(tmp_path: Path, *arguments: str) -> subprocess.Popen[str]:
    script = tmp_path / "script.py"
    script.write_text(SCRIPT)
    environment = {**os.environ, "PYTHONPATH": os.getcwd()}
    process = subprocess.Popen(
        [sys.executable, str(script), *arguments], stdout=subprocess.PIPE, text=True, env=environment
    )
    assert process.stdout is not None
    assert process.stdout.readline() == "up\n"
    return process


def test_sigterm_drains_and_ends_cleanly(tmp_path: Path) -> None:
    with started(tmp_path) as process:
        process.send_signal(signal.SIGTERM)
        assert process.communicate(timeout=PATIENCE_S)[0] == "draining\nclean end\n"
        assert process.returncode == 0


def test_a_second_signal_leaves_at_once(tmp_path: Path) -> None:
    with started(tmp_path, "hang") as process:
        process.send_signal(signal.SIGTERM)
        assert process.stdout is not None
        assert process.stdout.readline() == "draining\n"
        process.send_signal(signal.SIGTERM)
        process.communicate(timeout=PATIENCE_S)
        assert process.returncode == 128 + signal.SIGTERM
