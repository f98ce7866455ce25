"""The lag exporter: reads every group's position from the log and exposes how far it is behind.

Works on both logs and joins no group, so it sees a group whose members are all dead, which their own metrics
cannot. While the log cannot be read the gauges are removed: a figure that nobody measured would be a lie, and
an alert on progress (``onrecord_last_progress_timestamp_seconds{service="lag"}``) tells that they are
missing.
"""

from __future__ import annotations

import time

import structlog

from services.chassis.errors import TopicMissing, TransientError
from services.chassis.log.groups import READ
from services.chassis.log.topics import declared
from services.chassis.service import Context
from services.lag.measure import Reading, measure

NAME = "lag"
TOPICS = tuple(spec.name for spec in declared())
GAUGES = ("group_lag_records", "group_lag", "group_committed_records", "topic_records")

logger = structlog.get_logger()


def build(context: Context) -> LagService:
    """The service for ``onrecord service lag``."""
    return LagService(context)


class LagService:
    """Measures until asked to stop; an unreachable log is reported by :meth:`ready` and waited for."""

    name = NAME

    def __init__(self, context: Context) -> None:
        self._context = context
        self._settings = context.settings.lag
        self._problem = "has not measured yet"
        self._turned_at = time.monotonic()
        context.log.reach.expose(context.metrics, NAME)

    def run(self) -> None:
        """Measure every ``lag.interval_s`` seconds."""
        logger.info(
            "lag exporter started", service=NAME, groups=sorted(READ), interval_s=self._settings.interval_s
        )
        while not self._context.stop.is_set():
            self._turn()
            self._context.stop.wait(self._settings.interval_s)

    def _turn(self) -> None:
        metrics = self._context.metrics
        self._turned_at = time.monotonic()
        metrics.gauge("loop_turn_timestamp", service=NAME).set_to_current_time()
        try:
            reading = measure(self._context.log, READ, TOPICS, time.time_ns() // 1_000_000)
        except (TransientError, TopicMissing) as error:  # a topic may be deleted between two looks
            if self._problem != str(error):
                logger.warning("lag cannot be measured", service=NAME, error=str(error))
            self._problem = str(error)
            for name in GAUGES:
                metrics.replace(name, {})
            return
        self._expose(reading)
        missing = sorted({topic for topics in READ.values() for topic in topics} - reading.ends.keys())
        self._problem = (
            f"topics do not exist: {', '.join(missing)}; create them with `onrecord topics create`"
            if missing
            else ""
        )
        metrics.gauge("last_progress_timestamp", service=NAME).set_to_current_time()

    def _expose(self, reading: Reading) -> None:
        metrics = self._context.metrics
        metrics.replace("group_lag_records", {labels: lag.records for labels, lag in reading.groups.items()})
        metrics.replace("group_lag", {labels: lag.seconds for labels, lag in reading.groups.items()})
        metrics.replace(
            "group_committed_records", {labels: lag.committed for labels, lag in reading.groups.items()}
        )
        metrics.replace("topic_records", {(topic,): end for topic, end in reading.ends.items()})

    def live(self) -> list[str]:
        """Stuck when no measurement has begun for longer than any legitimate stall."""
        still = time.monotonic() - self._turned_at
        limit = self._context.settings.stage.stall_s + self._settings.interval_s
        return (
            [f"{NAME}: no measurement has begun for {still:.0f} s (limit {limit:.0f} s)"]
            if still > limit
            else []
        )

    def ready(self) -> list[str]:
        """Why there are no figures just now."""
        # first what is known without waiting: a measurement may take long to fail
        problem = self._context.log.reach.problem() or self._problem
        return [f"{NAME}: {problem}"] if problem else []
