"""What all tests share: quiet logs, a hypothesis profile without timing, and the servers' fixtures."""

from __future__ import annotations

import importlib.util
import logging
import os
from collections.abc import Iterator

import pytest
import structlog
from hypothesis import HealthCheck, settings

pytest_plugins = [
    name for name in ("tests.support.kafka", "tests.support.postgres") if importlib.util.find_spec(name)
]

# a slow machine must not fail a test: timing belongs to the benchmarks. A test that names health checks of
# its own replaces these.
settings.register_profile(
    "onrecord",
    deadline=None,
    suppress_health_check=[HealthCheck.too_slow, HealthCheck.function_scoped_fixture],
    # where tests decide on a change, a new example must not: people's own runs look for those, and print how
    # to have one again
    derandomize=any(os.environ.get(name) for name in ("CI", "REQUIRE_SERVICES")),
    print_blob=True,
)
settings.load_profile("onrecord")

structlog.configure(
    processors=[structlog.processors.KeyValueRenderer()], logger_factory=structlog.ReturnLoggerFactory()
)


@pytest.fixture(autouse=True)
def _nothing_of_the_working_folder(
    monkeypatch: pytest.MonkeyPatch, tmp_path_factory: pytest.TempPathFactory
) -> None:
    """What `make run` left in var/ is no test's: where a test names no file of its own, there is none."""
    nowhere = tmp_path_factory.getbasetemp() / "nowhere"
    monkeypatch.setenv("ONRECORD_INGEST__INDEX_PATH", str(nowhere / "ingest.db"))
    monkeypatch.setenv("ONRECORD_STORE__URL", f"sqlite:///{nowhere}/record.db")


@pytest.fixture(autouse=True)
def _handlers_of_this_test_only() -> Iterator[None]:
    """A handler that a test leaves behind would write to its captured stream, which is closed by then."""
    root = logging.getLogger()
    handlers, level = root.handlers[:], root.level
    yield
    root.handlers[:] = handlers
    root.setLevel(level)
