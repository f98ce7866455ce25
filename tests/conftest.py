"""What all tests share: quiet logs, a hypothesis profile without timing, and the servers' fixtures."""

from __future__ import annotations

import importlib.util
import os

import structlog
from hypothesis import HealthCheck, settings

pytest_plugins = [name for name in ("tests.support.kafka", "tests.support.postgres") if importlib.util.find_spec(name)]

# a slow machine must not fail a test: timing belongs to the benchmarks
settings.register_profile("onrecord", deadline=None, suppress_health_check=[HealthCheck.too_slow], derandomize=bool(os.environ.get("CI")))
settings.load_profile("onrecord")

structlog.configure(processors=[structlog.processors.KeyValueRenderer()], logger_factory=structlog.ReturnLoggerFactory())
