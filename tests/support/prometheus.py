"""A real Prometheus, from Debian's package, scraping addresses of this machine.

Strict about what it says, patient about when: an answer that does not come is asked for again, and an answer
is never made up.
"""

from __future__ import annotations

import http.client
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

from tests.support.patience import PATIENCE_S
from tests.support.pipeline import free_port

CURE = "install Debian's package `prometheus`"

SCRAPE_S = 5
"""Between two scrapes, and the longest that one may take: a target that answers later counts as down until
the next."""
LOOK_S = 0.2
"""Between two looks at Prometheus."""


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
    """A configuration that scrapes ``targets`` (job → host:port) every few seconds."""
    jobs = [{"job_name": job, "static_configs": [{"targets": [target]}]} for job, target in targets.items()]
    return {
        "global": dict.fromkeys(("scrape_interval", "scrape_timeout"), f"{SCRAPE_S}s"),
        "scrape_configs": jobs,
    }


class Prometheus:
    """A server on ``config`` (or scraping ``targets``) until closed; its data stays in ``folder``."""

    def __init__(
        self,
        folder: Path,
        targets: Mapping[str, str] | None = None,
        *,
        config: Mapping[str, Any] | None = None,
        port: int | None = None,
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

    def __exit__(
        self, kind: type[BaseException] | None, error: BaseException | None, trace: TracebackType | None
    ) -> None:
        self._process.terminate()
        self._process.wait(PATIENCE_S)

    def get(self, path: str, **parameters: str) -> Any:
        """The ``data`` of an API answer; asked for again while Prometheus starts, or is too busy to answer.

        Raises:
            QueryRefused: with Prometheus' own words.
            AssertionError: Prometheus has ended, or gave no answer for minutes.
        """
        deadline = time.monotonic() + PATIENCE_S
        while True:
            answer, said = self._ask(path, parameters)
            if answer is not None:
                return answer["data"]
            assert self._process.poll() is None, f"Prometheus has ended\n{self._tail()}"
            assert time.monotonic() < deadline, f"no answer from Prometheus: {said}\n{self._tail()}"
            time.sleep(LOOK_S)

    def query(self, expression: str) -> list[dict[str, Any]]:
        """The instant vector of an expression, as of now."""
        return list(self.get("query", query=expression)["result"])

    def query_range(self, expression: str, start: float, end: float, step_s: float) -> list[dict[str, Any]]:
        """The expression's series between two Unix times."""
        return list(
            self.get(
                "query_range", query=expression, start=f"{start:.3f}", end=f"{end:.3f}", step=f"{step_s:g}"
            )["result"]
        )

    def alerts(self) -> list[dict[str, Any]]:
        """Pending and firing alerts: ``labels``, ``annotations``, ``state``, ``activeAt``."""
        return list(self.get("alerts")["alerts"])

    def wait(self, expression: str, patience_s: float = PATIENCE_S) -> list[dict[str, Any]]:
        """The expression's value once it has one.

        What takes figures of several targets must be one expression: between two, one of the targets may have
        been scraped late.
        """
        deadline = time.monotonic() + patience_s
        while not (result := self.query(expression)):
            # `sum(x) == 3` has no value; what its parts say is what one wants to know
            assert time.monotonic() < deadline, (
                f"no value for {expression}\n{json.dumps(self._targets(), indent=1)}"
            )
            time.sleep(LOOK_S)
        return result

    def _ask(self, path: str, parameters: Mapping[str, str]) -> tuple[dict[str, Any] | None, str]:
        """The answer, or None and why there is none."""
        url = f"{self.address}/api/v1/{path}?" + urllib.parse.urlencode(parameters)
        try:
            with urllib.request.urlopen(url, timeout=PATIENCE_S / 4) as answer:
                return json.load(answer), ""
        except urllib.error.HTTPError as refused:
            with refused:
                said = refused.read().decode(errors="replace")
            if refused.code == 503:  # it says so while it reads its log, and of a query that took too long
                return None, said
            raise QueryRefused(f"{parameters.get('query', path)}\n{said}") from refused
        except (OSError, http.client.HTTPException) as error:
            return None, repr(error)

    def _targets(self) -> list[dict[str, Any]]:
        told = ("scrapeUrl", "health", "lastError", "lastScrapeDuration")
        return [{name: target[name] for name in told} for target in self.get("targets")["activeTargets"]]

    def _tail(self) -> str:
        return (self._folder / "prometheus.log").read_text(errors="replace")[-2000:]
