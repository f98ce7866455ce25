"""Opens the event log that the settings name."""

from __future__ import annotations

from services.chassis.errors import SettingsError
from services.chassis.log.types import EventLog
from services.chassis.metrics import Metrics
from services.chassis.settings import Settings


def open_log(settings: Settings, metrics: Metrics, service: str) -> EventLog:
    """The embedded log or Kafka; ``service`` labels its failed publications, rebalances and producer rebuilds.

    Raises:
        SettingsError: the embedded log's folder cannot be made.
        LogUnreadable: the embedded log's file is not one of ours.
    """

    def failed(error: str) -> None:
        metrics.counter("publish_failures", service=service, error=error).inc()

    if settings.log.engine == "sqlite":
        from services.chassis.log.sqlite import SqliteLog

        path = settings.log.path
        try:
            path.parent.mkdir(parents=True, exist_ok=True)
        except OSError as error:
            problem = f"the folder of {path} cannot be made ({error.strerror}); name a file in a folder that can be written"
            raise SettingsError([f"ONRECORD_LOG__PATH: {problem}"]) from error
        return SqliteLog(path, on_failure=failed)
    # imported here so that the embedded engine never loads the Kafka client
    from services.chassis.log.kafka import KafkaLog
    from services.chassis.log.kafka.metrics import KafkaClientCollector

    def rebalanced(kind: str, count: int) -> None:
        metrics.counter("rebalances", service=service, kind=kind).inc(count)

    def rebuilt(cause: str) -> None:
        metrics.counter("producer_rebuilds", service=service, cause=cause).inc()

    log = KafkaLog(
        settings.kafka,
        replication_factor=settings.log.replication_factor,
        on_rebalance=rebalanced,
        on_rebuild=rebuilt,
        on_failure=failed,
    )
    metrics.registry.register(KafkaClientCollector(log))
    return log
