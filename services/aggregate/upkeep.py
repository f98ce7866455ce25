"""What aggregate does beside its loop: tells the metrics what is on record and which sources are silent, and
purges old trails."""

from __future__ import annotations

import threading
import time
from collections.abc import Iterator
from contextlib import contextmanager
from datetime import UTC, datetime, timedelta

import structlog

from services.aggregate.identity.linking import Reason
from services.aggregate.store import Store
from services.aggregate.store.engine import failure_kind
from services.chassis.errors import OnrecordError
from services.chassis.metrics import Metrics

REFRESH_S = 30.0
"""Two scrapes of Prometheus' usual 15 s."""
SHARE = 100
"""The gauges' queries may take a hundredth of the time: those that take longer than 0.3 s come less often."""
PURGE_EVERY_S = 3600.0
"""The trail is counted by the hour."""

logger = structlog.get_logger()


@contextmanager
def counting_errors(metrics: Metrics) -> Iterator[None]:
    """Count a transaction that the database failed; what the log or another consumer's progress made fail is
    no error of its own."""
    try:
        yield
    except OnrecordError as error:
        kind = failure_kind(error.__cause__)
        if kind is not None:
            metrics.counter("store_errors", kind=kind).inc()
        raise


class Upkeep:
    """Runs on a thread of its own until stopped; failures are logged and tried again at the next turn."""

    def __init__(self, store: Store, metrics: Metrics, trail_days: int, stop: threading.Event) -> None:
        """``trail_days`` is how long the trail is kept. ``stop`` ends the thread."""
        self._store = store
        self._metrics = metrics
        self._kept = timedelta(days=trail_days)
        self._stop = stop
        self._thread = threading.Thread(target=self._run, name="upkeep", daemon=True)

    def start(self) -> None:
        """Start the thread, once; the tables must be there."""
        if self._thread.ident is None:
            self._thread.start()

    def join(self) -> None:
        """Wait for the end of what is under way."""
        if self._thread.ident is not None:
            self._thread.join()

    def refresh(self) -> None:
        """Set the gauges once.

        Raises:
            OnrecordError: the database cannot answer just now.
        """
        entries, sources = self._store.entries(), self._store.sources(datetime.now(UTC))
        links, candidates = self._store.identities()
        for kind, count in entries.items():
            self._metrics.gauge("record_entries", kind=kind).set(count)
        for kind, count in self._store.decisions().items():
            self._metrics.gauge("decisions_in_force", kind=kind).set(count)
        for kind, count in self._store.identified().items():
            self._metrics.gauge("statements_identified", kind=kind).set(count)
        for reason in Reason:
            self._metrics.gauge("identity_links", reason=reason.value).set(links.get(reason.value, 0))
            self._metrics.gauge("identity_candidates", reason=reason.value).set(
                candidates.get(reason.value, 0)
            )
        self._metrics.gauge("sources_known").set(len(sources))
        self._metrics.gauge("sources_silent").set(sum(source.silent_since is not None for source in sources))

    def purge(self) -> None:
        """Delete what is older than the trail is kept, in small transactions.

        Raises:
            OnrecordError: the database failed; what was deleted before stays deleted.
        """
        deleted = 0
        while not self._stop.is_set() and (rows := self._store.purge_trail(datetime.now(UTC) - self._kept)):
            deleted += rows
        if deleted:
            logger.info(
                "old trails deleted", service="aggregate", rows=deleted, older_than_days=self._kept.days
            )

    def _run(self) -> None:
        purge_at = time.monotonic()
        wait = 0.0
        while not self._stop.wait(wait):
            began = time.monotonic()
            try:
                with counting_errors(self._metrics):
                    self.refresh()
                    wait = max(REFRESH_S, SHARE * (time.monotonic() - began))
                    if time.monotonic() >= purge_at:
                        purge_at = time.monotonic() + PURGE_EVERY_S
                        self.purge()
            except OnrecordError as error:
                wait = REFRESH_S
                logger.warning("upkeep failed; trying again later", service="aggregate", error=str(error))
