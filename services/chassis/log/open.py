"""Opens the event log that the settings name."""

from __future__ import annotations

from pathlib import Path
from typing import Final

from services.chassis.errors import LogUnreadable, SettingsError
from services.chassis.log.types import EventLog
from services.chassis.metrics import Metrics
from services.chassis.settings import Settings

SQLITE: Final = "sqlite:///"


def open_log(settings: Settings, metrics: Metrics, service: str, *, begin: bool = False) -> EventLog:
    """The embedded log or Kafka; ``service`` labels its failed publications, rebalances and producer
    rebuilds.

    Only with ``begin`` is an embedded log made anew where a record was made from one before: it was moved or
    deleted more likely.

    Raises:
        SettingsError: the embedded log's folder cannot be made.
        LogUnreadable: the embedded log's file is not one of ours, or gone.
    """

    def failed(error: str) -> None:
        metrics.counter("publish_failures", service=service, error=error).inc()

    if settings.log.engine == "sqlite":
        from services.chassis.log.sqlite import SqliteLog
        from services.chassis.log.sqlite.place import is_missing

        path = settings.log.path
        try:
            path.parent.mkdir(parents=True, exist_ok=True)
        except OSError as error:
            problem = (
                f"the folder of {path} cannot be made ({error.strerror}); name a file in a folder that can be"
                " written"
            )
            raise SettingsError([f"ONRECORD_LOG__PATH: {problem}"]) from error
        if not begin and is_missing(path):
            _require_no_record(settings)
        return SqliteLog(path, on_failure=failed)
    # imported here so that the embedded engine never loads the Kafka client
    from services.chassis.log.kafka import KafkaLog
    from services.chassis.log.kafka.metrics import KafkaClientCollector

    def rebalanced(kind: str, count: int) -> None:
        metrics.counter("rebalances", service=service, kind=kind).inc(count)

    def rebuilt(cause: str) -> None:
        metrics.counter("producer_rebuilds", service=service, cause=cause).inc()

    def replaced(partitions: int) -> None:
        metrics.counter("positions_forgotten", service=service).inc(partitions)

    log = KafkaLog(
        settings.kafka,
        replication_factor=settings.log.replication_factor,
        on_rebalance=rebalanced,
        on_rebuild=rebuilt,
        on_failure=failed,
        on_replaced=replaced,
    )
    metrics.registry.register(KafkaClientCollector(log))
    return log


def _require_no_record(settings: Settings) -> None:
    made = [settings.ingest.index_path]
    address = settings.store.url.get_secret_value()
    if address.startswith(SQLITE) and settings.store.url_file is None:
        made.append(Path(address.removeprefix(SQLITE)))
    for path in made:
        if path.is_file() and path.stat().st_size:
            raise LogUnreadable(
                f"event log {settings.log.path} is not there (or empty), and {path} was made from one: put"
                " the log back, with its -wal file beside it, or name it (ONRECORD_LOG__PATH); to begin a"
                " new log instead, run `onrecord topics create`"
            )
