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
from pathlib import Path
from types import TracebackType
from typing import Any, Self

import pytest

from tests.support.pipeline import PATIENCE_S, free_port

CURE = "install Debian's package `prometheus`"


def require(program: str) -> str:
    """The program's path; without it the test is skipped, or fails where servers are required."""
    found = shutil.which(program)
    if found is None:
        message = f"{program} is missing: {CURE}"
        if os.environ.get("REQUIRE_SERVICES") == "1":
            pytest.fail(message)
        pytest.skip(message)
    return found


class Prometheus:
    """Scrapes ``targets`` (job → host:port) every second until closed."""

    def __init__(self, folder: Path, targets: dict[str, str]) -> None:
        self._program = require("prometheus")
        self._folder = folder
        self.address = f"http://127.0.0.1:{free_port()}"
        jobs = [{"job_name": job, "static_configs": [{"targets": [target]}]} for job, target in targets.items()]
        config = {"global": {"scrape_interval": "1s", "scrape_timeout": "1s"}, "scrape_configs": jobs}
        self._config = folder / "prometheus.json"
        self._config.write_text(json.dumps(config))

    def __enter__(self) -> Self:
        with (self._folder / "prometheus.log").open("wb") as log:
            self._process = subprocess.Popen(
                [
                    self._program, f"--config.file={self._config}", f"--storage.tsdb.path={self._folder / 'tsdb'}",
                    f"--web.listen-address={self.address.removeprefix('http://')}",
                ],
                stdout=log, stderr=subprocess.STDOUT,
            )  # fmt: skip
        return self

    def __exit__(self, kind: type[BaseException] | None, error: BaseException | None, trace: TracebackType | None) -> None:
        self._process.terminate()
        self._process.wait(PATIENCE_S)

    def query(self, expression: str) -> list[dict[str, Any]]:
        """The instant vector of an expression; empty while Prometheus starts."""
        url = f"{self.address}/api/v1/query?" + urllib.parse.urlencode({"query": expression})
        try:
            with urllib.request.urlopen(url, timeout=10) as answer:
                return list(json.load(answer)["data"]["result"])
        except (urllib.error.URLError, ConnectionError):
            assert self._process.poll() is None, (self._folder / "prometheus.log").read_text()[-2000:]
            return []

    def wait(self, expression: str) -> list[dict[str, Any]]:
        """The expression's value once it has one."""
        deadline = time.monotonic() + PATIENCE_S
        while not (result := self.query(expression)):
            assert time.monotonic() < deadline, f"no data for {expression}"
            time.sleep(0.2)
        return result
