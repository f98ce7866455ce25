"""The aggregate service: documents, quotes, claims and decisions from the log into the record, changed
records back onto the log.

It reads the articles and all dead letters too, by their headers only, for the trail of each article.

State and consumed offsets change in one database transaction; the changed actors' records are published after
it from an outbox filled in it, so a crash in between repeats a record (same event id) and never loses one.
Dead letters are published before the transaction: a crash in between repeats them too.
"""

from __future__ import annotations

import math
import threading
import time
from collections.abc import Callable, Mapping, Sequence
from dataclasses import replace

import structlog

from schemas.events import ActorRecord, Article, Claim, Decision, Document, Quote
from services.aggregate import trail
from services.aggregate.changes import Change, change_of
from services.aggregate.records import Gone, shortened
from services.aggregate.store import Store
from services.aggregate.upkeep import Upkeep, counting_errors
from services.chassis import cloudevents
from services.chassis.errors import LimitExceeded, TransientError
from services.chassis.log import identity
from services.chassis.log.groups import AGGREGATE_GROUP, READ
from services.chassis.log.limits import message_bytes
from services.chassis.log.topics import DLQ_SUFFIX
from services.chassis.log.types import EventLog, Message, Offsets, Origin, Producer, Record, TopicPartition
from services.chassis.metrics import Metrics
from services.chassis.reach import Asking, Reach
from services.chassis.service import Context
from services.chassis.settings import Settings
from services.chassis.stage import Handled, SinkSession, StageService
from services.chassis.stage.settled import is_mark

NAME = "aggregate"
GROUP = AGGREGATE_GROUP
SOURCE = "/onrecord/aggregate"

MERGED_INTO = "onrecord-merged-into"
"""Header of a tombstone: the actor that has everything now that was on record under its key."""

_Recorded = Document | Quote | Claim | Decision
_EVENTS: Mapping[str, type[_Recorded]] = {event.topic: event for event in (Document, Quote, Claim, Decision)}
TOPICS = READ[AGGREGATE_GROUP]

BATCH_FACTOR, MAX_BATCH = 16, 500
"""A record costs a hundredth of an extraction here, so a batch may hold more of them than the setting, which
is made for extract."""
PUBLISH_EVERY_S = 1.0
"""Under a backlog a much quoted actor changes with every batch: one record a second says as much, and saves
half the work."""
PUBLISHES = 10
"""Transactions of the outbox per turn of the loop: after an outage it may hold every actor, and the loop must
go on turning."""

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
        # not the context's event: a loop that ends with an error must end the upkeep too
        self._ended = threading.Event()
        self._upkeep = Upkeep(store, context.metrics, context.settings.store.trail_days, self._ended)
        reach = Reach("database")
        self._asking = Asking(reach, store.ping)
        super().__init__(
            replace(context, settings=_with_larger_batches(context.settings)),
            name=NAME,
            group=GROUP,
            open_session=self._join,
            handler=handle,
            article_topic=Document.topic,
            after_commit=self._observe_age,
            sinks=(reach,),
        )

    def run(self) -> None:
        self._asking.start()
        try:
            super().run()
        finally:
            self._ended.set()
            self._asking.close()
            self._upkeep.join()
            self._store.close()

    def _join(self) -> SinkSession[Change]:
        with counting_errors(self._metrics):
            self._store.migrate()
        self._upkeep.start()
        producer = self._log.producer(f"{GROUP}-{self._slot}")
        try:
            return SinkSession(
                lambda assigned: self._log.sink_consumer(GROUP, TOPICS, self._slot, assigned),
                RecordSink(self._store, self._log, producer, self._metrics, self._largest_record),
                producer,
            )
        except BaseException:
            producer.close()
            raise

    def _largest_record(self) -> int:
        """Bytes that the topic of actor records takes in one message."""
        return self._log.topics()[ActorRecord.topic].spec.max_message_bytes

    def _observe_age(self, handled: Sequence[Handled[Change]]) -> None:
        now = time.time()
        for done in handled:
            if isinstance(done.detail, float):
                age = max(0.0, now - done.detail)
                self._metrics.histogram("event_age").observe(
                    age, {"trace_id": done.span.trace_id} if done.span else None
                )


def _with_larger_batches(settings: Settings) -> Settings:
    stage = settings.stage.model_copy(
        update={"max_records": min(MAX_BATCH, BATCH_FACTOR * settings.stage.max_records)}
    )
    return settings.model_copy(update={"stage": stage})


class RecordSink:
    """The store as a sink of the stage loop, with its outbox emptied onto the log after commits."""

    def __init__(
        self, store: Store, log: EventLog, producer: Producer, metrics: Metrics, largest: Callable[[], int]
    ) -> None:
        """``largest`` tells how many bytes a message of an actor record may take; it is asked when one takes
        more."""
        self._store = store
        self._log = log
        self._producer = producer
        self._metrics = metrics
        self._largest = largest
        self._published_at = -math.inf
        self._topic_ids: dict[str, str] = {}

    def positions(self, partitions: frozenset[TopicPartition]) -> Offsets:
        """The next offset to read of each partition; one never read is left out, and one that was stored
        beside another log forgotten.

        It is asked for after a commit that failed, too: what is read again is judged by the registry as it is
        then.
        """
        with counting_errors(self._metrics):
            self._store.follow_registry()
            # before the log is looked at: another replica may commit, and extract append, meanwhile
            positions = self._store.positions(partitions)
        states = self._log.topics()
        self._topic_ids = {name: state.topic_id for name, state in states.items()}
        lost = identity.replaced(self._log, states, positions)
        if lost:
            identity.warn(GROUP, lost)
            self._metrics.counter("positions_forgotten", service=NAME).inc(len(lost))
            with counting_errors(self._metrics):
                self._store.forget({tp: positions[tp] for tp in lost})
        return {tp: position.offset for tp, position in positions.items() if tp not in lost}

    def apply(
        self,
        changes: Sequence[Change],
        expected: Offsets,
        offsets: Offsets,
        marks: Mapping[TopicPartition, str],
    ) -> None:
        """Apply the changes and move the offsets in one transaction."""
        origins = {tp: Origin(self._topic_ids.get(tp.topic, ""), marks.get(tp, "")) for tp in offsets}
        with counting_errors(self._metrics), self._metrics.timed("store_transaction_duration"):
            written = self._store.apply(changes, expected, offsets, origins)
        for table, rows in written.items():
            self._metrics.counter("store_rows", table=table).inc(rows)

    def after_commit(self, *, idle: bool) -> bool:
        """Publish the records that changed: at once when idle, every second while a backlog is worked off."""
        if not idle and time.monotonic() - self._published_at < PUBLISH_EVERY_S:
            return False
        for _ in range(PUBLISHES):
            with counting_errors(self._metrics):
                if not self._store.publish(self._send):
                    self._published_at = time.monotonic()
                    return True
        return False

    def _send(self, records: Sequence[tuple[str, ActorRecord | Gone]]) -> None:
        try:
            messages = [message_of(actor, record) for actor, record in records]
            self._producer.append(messages)
        except LimitExceeded:
            # nothing was appended
            messages = self._send_fitting(records)
        self._metrics.counter("actor_records_published").inc(len(messages))

    def _send_fitting(self, records: Sequence[tuple[str, ActorRecord | Gone]]) -> list[Message]:
        """Send what the topic takes, however large the records are; returns what was sent."""
        most = self._largest()
        fitted = [(actor, *fitting(actor, record, most)) for actor, record in records]
        messages = [message for _, message, _ in fitted if message is not None]
        try:
            self._producer.append(messages)
        except LimitExceeded as error:
            # the limit is changed just now, and the producer has not heard of it
            raise TransientError(str(error)) from error
        for actor, message, size in fitted:
            if size > most:
                self._tell_too_large(actor, size, most, left_out=message is None)
        return messages

    def _tell_too_large(self, actor: str, size: int, most: int, *, left_out: bool) -> None:
        self._metrics.counter(
            "actor_records_too_large", outcome="left_out" if left_out else "shortened"
        ).inc()
        problem = (
            f"the record of {actor[:80]} takes {size} bytes, topic {ActorRecord.topic} allows {most}: raise"
            " its max.message.bytes"
        )
        if left_out:
            logger.error("actor record left out", service=NAME, error=problem)
        else:
            logger.warning("actor record shortened", service=NAME, error=problem)


def handle(record: Record) -> Handled[Change]:
    """The changes a record stands for. Articles and dead letters are only noted: they cannot be poison here,
    so they are not judged.

    Raises:
        PoisonError: it is no event of its topic, or holds what the database cannot.
    """
    if record.topic == Article.topic:
        return Handled([trail.of_article(record)], "", judged=False)
    if record.topic.endswith(DLQ_SUFFIX):
        # a mark that letters are settled is not one
        return Handled([] if is_mark(record) else [trail.of_dead_letter(record)], "", judged=False)
    event = cloudevents.decode(record, _EVENTS[record.topic]).event
    change = change_of(event)
    if isinstance(event, Document):
        return Handled(
            [change, *trail.of_document(record, event)],
            event.outcome.value,
            event.fetched_at.timestamp(),
            facts=facts(event),
        )
    return Handled([change], "")


def facts(document: Document) -> dict[str, object]:
    """What the log says of an article once it is on record."""
    return {
        "article_id": document.article_id,
        "revision": document.revision,
        "quotes": len(document.quote_ids),
        "claims": len(document.claim_ids),
        "age_s": round(max(0.0, time.time() - document.fetched_at.timestamp()), 3),
    }


def message_of(actor: str, record: ActorRecord | Gone) -> Message:
    """The record on its compacted topic; one that is gone becomes a tombstone, which deletes the actor there
    and tells who has what it had."""
    if isinstance(record, Gone):
        headers = ((MERGED_INTO, record.merged_into.encode()),) if record.merged_into else ()
        return Message(ActorRecord.topic, actor.encode(), None, headers)
    return cloudevents.encode(record, source=SOURCE)


def fitting(actor: str, record: ActorRecord | Gone, most: int) -> tuple[Message | None, int]:
    """The message of at most ``most`` bytes that tells the record, shortened where it must be, and how many
    bytes the whole takes.

    None where not even the shortest form fits: the topic's limit is below what any record takes.
    """
    message = message_of(actor, record)
    size = message_bytes(message)
    if isinstance(record, Gone) or size <= most:
        return message, size
    message = message_of(actor, shortened(record, size - most))
    return (message if message_bytes(message) <= most else None), size
