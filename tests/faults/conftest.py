"""Faults leave connections half open: the client drops sockets that never connected without closing them."""

from __future__ import annotations

import gc
import logging
from collections.abc import Iterator

import pytest


@pytest.fixture(autouse=True)
def _abandoned_sockets(caplog: pytest.LogCaptureFixture) -> Iterator[None]:
    """Let what the client abandoned be collected while this test's ``filterwarnings`` still holds.

    Captured log records would keep the errors, and through their tracebacks the sockets, beyond it.
    """
    with caplog.at_level(logging.CRITICAL, logger="kafka"):
        yield
        gc.collect()
