"""A real Prometheus, from Debian's package, scraping addresses of this machine."""

from __future__ import annotations

import json
import os
import shutil
import subprocess
import time
import urllib.error
import urllib.parse
import urllib.request
from collections.abc import Mapping
from pathlib import Path
from types import TracebackType
from typing import Any, Self

import pytest

from tests.support.pipeline import PATIENCE_S, free_port

CURE = "install Debian's package `prometheus`"


class QueryRefused(AssertionError):
    """Prometheus does not take the expression."""


def require(program: str, cure: str = CURE) -> str:
    """The program's path; without it the test is skipped, or fails where servers are required."""
    found = shutil.which(program)
    if found is None:
        message = f"{program} is missing: {cure}"
        if os.environ.get("REQUIRE_SERVICES") == "1":
            pytest.fail(message)
        pytest.skip(message)
    return found


def scraping(targets: Mapping[str, str]) -> dict[str, Any]:
    """A configuration that scrapes ``targets`` (job → host:port) every second."""
    jobs = [{"job_name": job, "static_configs": [{"targets": [target]}]} for job, target in targets.items()]
    return {"global": {"scrape_interval": "1s", "scrape_timeout": "1s"}, "scrape_configs": jobs}


class Prometheus:
    """A server on ``config`` (or scraping ``targets``) until closed; its data stays in ``folder``."""

    def __init__(
        self, folder: Path, targets: Mapping[str, str] | None = None, *, config: Mapping[str, Any] | None = None, port: int | None = None
    ) -> None:
        self._program = require("prometheus")
        self._folder = folder
        self.address = f"http://127.0.0.1:{port or free_port()}"
        self._config = folder / "prometheus.json"
        self._config.write_text(json.dumps(config or scraping(targets or {})))

    def __enter__(self) -> Self:
        with (self._folder / "prometheus.log").open("wb") as log:
            self._process = subprocess.Popen(
                [
                    self._program, f"--config.file={self._config}", f"--storage.tsdb.path={self._folder / 'tsdb'}",
                    f"--web.listen-address={self.address.removeprefix('http://')}", "--enable-feature=exemplar-storage",
                ],
                stdout=log, stderr=subprocess.STDOUT,
            )  # fmt: skip
        return self

    def __exit__(self, kind: type[BaseException] | None, error: BaseException | None, trace: TracebackType | None) -> None:
        self._process.terminate()
        self._process.wait(PATIENCE_S)

    def get(self, path: str, **parameters: str) -> Any:
        """The ``data`` of an API answer; None while Prometheus starts.

        Raises:
            QueryRefused: with Prometheus' own words.
        """
        url = f"{self.address}/api/v1/{path}?" + urllib.parse.urlencode(parameters)
        try:
            with urllib.request.urlopen(url, timeout=30) as answer:
                return json.load(answer)["data"]
        except urllib.error.HTTPError as refused:
            with refused:
                said = refused.read().decode(errors="replace")
            if refused.code == 503:  # it says so while it reads its log
                return None
            raise QueryRefused(f"{parameters.get('query', path)}\n{said}") from refused
        except (urllib.error.URLError, ConnectionError):
            assert self._process.poll() is None, (self._folder / "prometheus.log").read_text()[-2000:]
            return None

    def query(self, expression: str) -> list[dict[str, Any]]:
        """The instant vector of an expression; empty while Prometheus starts."""
        data = self.get("query", query=expression)
        return list(data["result"]) if data else []

    def query_range(self, expression: str, start: float, end: float, step_s: float) -> list[dict[str, Any]]:
        """The expression's series between two Unix times."""
        data = self.get("query_range", query=expression, start=f"{start:.3f}", end=f"{end:.3f}", step=f"{step_s:g}")
        return list(data["result"]) if data else []

    def alerts(self) -> list[dict[str, Any]]:
        """Pending and firing alerts: ``labels``, ``annotations``, ``state``, ``activeAt``."""
        data = self.get("alerts")
        return list(data["alerts"]) if data else []

    def wait(self, expression: str, patience_s: float = PATIENCE_S) -> list[dict[str, Any]]:
        """The expression's value once it has one."""
        deadline = time.monotonic() + patience_s
        while not (result := self.query(expression)):
            assert time.monotonic() < deadline, f"no data for {expression}"
            time.sleep(0.2)
        return result
