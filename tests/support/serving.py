"""A running query service for tests."""

from __future__ import annotations

import threading
from collections.abc import Iterator
from contextlib import contextmanager

import httpx

from services.query.service import QueryService
from tests.support.patience import PATIENCE_S


@contextmanager
def serving(service: QueryService, stop: threading.Event) -> Iterator[str]:
    """The address of the service while it runs on a thread."""
    failures: list[BaseException] = []

    def run() -> None:
        try:
            service.run()
        except BaseException as error:  # noqa: BLE001 - raised below
            failures.append(error)

    thread = threading.Thread(target=run, name="query")
    thread.start()
    try:
        # the kernel refuses until the server listens
        with httpx.Client(transport=httpx.HTTPTransport(retries=10), timeout=PATIENCE_S) as client:
            client.get(f"{service.address}/method").raise_for_status()
        yield service.address
    finally:
        stop.set()
        thread.join(PATIENCE_S)
    assert not thread.is_alive(), "the service does not stop"
    if failures:
        raise failures[0]
