"""The aggregate service: documents, quotes and claims from the log into the record, changed records back onto the log.

State and consumed offsets change in one database transaction; the changed actors' records are published after it from an outbox
filled in it, so a crash in between repeats a record (same event id) and never loses one. Dead letters are published before the
transaction: a crash in between repeats them too.
"""

from __future__ import annotations

import time
from collections.abc import Mapping, Sequence
from dataclasses import replace

import structlog

from schemas.events import ActorRecord, Claim, Document, Quote
from services.aggregate.changes import Change, change_of
from services.aggregate.store import Store
from services.chassis import cloudevents
from services.chassis.log.types import EventLog, Message, Offsets, Producer, Record, TopicPartition
from services.chassis.metrics import Metrics
from services.chassis.service import Context
from services.chassis.settings import Settings
from services.chassis.stage import Handled, SinkSession, StageService

NAME = "aggregate"
GROUP = "onrecord-aggregate"
SOURCE = "/onrecord/aggregate"

_EVENTS: Mapping[str, type[Document] | type[Quote] | type[Claim]] = {event.topic: event for event in (Document, Quote, Claim)}
TOPICS = tuple(_EVENTS)

BATCH_FACTOR, MAX_BATCH = 16, 500
"""A record costs a hundredth of an extraction here, so a batch may hold more of them than the setting, which is made for extract."""
PUBLISH_EVERY_S = 1.0
"""Under a backlog a much quoted actor changes with every batch: one record a second says as much, and saves half the work."""
PUBLISHES = 10
"""Transactions of the outbox per turn of the loop: after an outage it may hold every actor, and the loop must go on turning."""

logger = structlog.get_logger()


def build(context: Context) -> AggregateService:
    """The service; it connects to the database and the log when it runs.

    Raises:
        SettingsError: the database's address is of no known form.
    """
    return AggregateService(context, Store(context.settings.store.address(), GROUP))


class AggregateService(StageService[Change]):
    """Keeps the record."""

    def __init__(self, context: Context, store: Store) -> None:
        self._store = store
        self._metrics = context.metrics
        self._log = context.log
        self._slot = context.settings.log.instance
        super().__init__(
            replace(context, settings=_with_larger_batches(context.settings)),
            name=NAME,
            group=GROUP,
            open_session=self._join,
            handler=handle,
            article_topic=Document.topic,
            after_commit=self._observe_age,
        )

    def run(self) -> None:
        try:
            super().run()
        finally:
            self._store.close()

    def _join(self) -> SinkSession[Change]:
        self._store.migrate()
        reread_replaced_partitions(self._store, self._log)
        producer = self._log.producer(f"{GROUP}-{self._slot}")
        try:
            return SinkSession(
                lambda assigned: self._log.sink_consumer(GROUP, TOPICS, self._slot, assigned),
                RecordSink(self._store, producer, self._metrics),
                producer,
            )
        except BaseException:
            producer.close()
            raise

    def _observe_age(self, handled: Sequence[Handled[Change]]) -> None:
        now = time.time()
        for done in handled:
            if isinstance(done.detail, float):
                self._metrics.histogram("event_age").observe(max(0.0, now - done.detail))


def _with_larger_batches(settings: Settings) -> Settings:
    stage = settings.stage.model_copy(update={"max_records": min(MAX_BATCH, BATCH_FACTOR * settings.stage.max_records)})
    return settings.model_copy(update={"stage": stage})


class RecordSink:
    """The store as a sink of the stage loop, with its outbox emptied onto the log after commits."""

    def __init__(self, store: Store, producer: Producer, metrics: Metrics) -> None:
        self._store = store
        self._producer = producer
        self._metrics = metrics
        self._published_at = 0.0
        self.positions = store.positions

    def apply(self, changes: Sequence[Change], expected: Offsets, offsets: Offsets) -> None:
        """Apply the changes and move the offsets in one transaction."""
        with self._metrics.timed("store_transaction_duration"):
            written = self._store.apply(changes, expected, offsets)
        for table, rows in written.items():
            self._metrics.counter("store_rows", table=table).inc(rows)

    def after_commit(self, *, idle: bool) -> bool:
        """Publish the records that changed: at once when idle, every second while a backlog is worked off."""
        if not idle and time.monotonic() - self._published_at < PUBLISH_EVERY_S:
            return False
        for _ in range(PUBLISHES):
            sent = self._store.publish(self._send)
            if not sent:
                self._published_at = time.monotonic()
                return True
            self._metrics.counter("actor_records_published").inc(sent)
        return False

    def _send(self, records: Sequence[tuple[str, ActorRecord | None]]) -> None:
        self._producer.append([message_of(actor, record) for actor, record in records])


def handle(record: Record) -> Handled[Change]:
    """The change a record stands for.

    Raises:
        PoisonError: it is no event of its topic, or holds what the database cannot.
    """
    event = cloudevents.decode(record, _EVENTS[record.topic]).event
    change = change_of(event)
    if isinstance(event, Document):
        return Handled([change], event.outcome.value, event.fetched_at.timestamp())
    return Handled([change], "")


def message_of(actor: str, record: ActorRecord | None) -> Message:
    """The record on its compacted topic; None becomes a tombstone, which deletes the actor there."""
    if record is None:
        return Message(ActorRecord.topic, actor.encode(), None)
    return cloudevents.encode(record, source=SOURCE)


def reread_replaced_partitions(store: Store, log: EventLog) -> None:
    """Forget the positions that lie beyond the end of the log: it was replaced by a new one.

    Without this the service would wait for ever for offsets to come. Reading from the beginning is harmless.
    """
    # positions first: another replica may commit, and extract append, while the ends are read
    positions = store.positions()
    ends = {
        TopicPartition(name, partition): end
        for name, state in log.topics().items()
        if name in _EVENTS
        for partition, (_, end) in state.ranges.items()
    }
    beyond = [tp for tp, offset in positions.items() if offset > ends.get(tp, 0)]
    if beyond:
        logger.warning("the log is a new one; reading it from its beginning", service=NAME, partitions=len(beyond))
        store.forget(beyond)
