"""A member of a consumer group: what stage and sink consumers share.

Range assignment, the eager protocol, on purpose. kafka-python's cooperative sticky assignor is young (3.0.12
still fixed bugs in it), and stopping the world costs us nothing: no state is kept between two polls. Range
also gives one member the same partition numbers of all topics it reads, so an actor's quotes and claims,
keyed alike, meet in one process.
"""

from __future__ import annotations

from collections.abc import Collection, Sequence
from types import TracebackType
from typing import Any, Self

from kafka import ConsumerRebalanceListener, KafkaConsumer
from kafka import TopicPartition as KafkaTopicPartition
from kafka.coordinator.assignors.range import RangePartitionAssignor
from kafka.errors import FencedInstanceIdError, KafkaError

from services.chassis.log.kafka import config
from services.chassis.log.kafka.failures import log_error
from services.chassis.log.kafka.opening import Answered, open_client, unheard
from services.chassis.log.types import Batch, Offsets, Record, TopicPartition
from services.chassis.settings import KafkaSettings

KEEP_ALIVE_S = 0.1
"""A poll of no time at all does not wait for the answers that a rebalance needs."""
DEFAULT_MAX_RECORDS = 500
"""The client's own default, for callers that do not say."""


def record(one: Any) -> Record:
    """The client's record as ours. A header without a value, which Kafka allows, becomes an empty one."""
    headers = tuple((name, b"" if value is None else bytes(value)) for name, value in one.headers)
    return Record(one.topic, one.partition, one.offset, one.timestamp, one.key, one.value, headers)


class Listener(ConsumerRebalanceListener):  # type: ignore[misc]
    """Hears of rebalances on the client's I/O thread, where nothing may block: changes plain state and
    counts."""

    def __init__(self, on_rebalance: config.Rebalanced) -> None:
        self._on_rebalance = on_rebalance

    def on_partitions_assigned(self, assigned: Collection[KafkaTopicPartition]) -> None:
        """Count."""
        if assigned:
            self._on_rebalance("assigned", len(assigned))

    def on_partitions_revoked(self, revoked: Collection[KafkaTopicPartition]) -> None:
        """Count; a batch read before is refused by the broker at commit, under the membership it was read
        with."""
        if revoked:
            self._on_rebalance("revoked", len(revoked))

    def on_partitions_lost(self, lost: Collection[KafkaTopicPartition]) -> None:
        """Count."""
        if lost:
            self._on_rebalance("lost", len(lost))


def never_forget_a_join(consumer: KafkaConsumer) -> None:
    """Keep a consumer from sticking in a rebalance for ever (hazard H6, kafka-python 3.0.12).

    A poll may time out while a join is under way; it goes on in the background, and the next poll should take
    up its result. It does not, in two ways, and either can repeat without end, with heartbeats off:

    - Where changed metadata started the rebalance, the client asks "do metadata and assignment differ?"
      before every step, and the leader's own assignment makes them equal again before the join is complete:
      the join is never taken up. The Java client notes the need once and forgets it when the join is
      complete; so do we.
    - A join that completed between two polls is thrown away and begun anew, which makes all other members
      join again. Here its result is kept until it is taken up.
    """
    coordinator = consumer._coordinator
    asks, joins, takes_up = (
        coordinator.need_rejoin,
        coordinator._do_join_and_sync_async,
        coordinator._on_join_complete_async,
    )
    kept: list[tuple[Any, Any]] = []

    def need_rejoin() -> bool:
        needed = bool(asks())
        if needed:
            coordinator.request_rejoin()
        return needed

    async def join() -> Any:
        if kept and kept[0][0] is coordinator._generation:  # the membership has not been lost since
            return kept[0][1]
        kept.clear()
        assignment = await joins()
        kept.append((coordinator._generation, assignment))
        return assignment

    async def take_up(*arguments: Any) -> None:
        kept.clear()
        await takes_up(*arguments)

    coordinator.need_rejoin = need_rejoin
    coordinator._do_join_and_sync_async = join
    coordinator._on_join_complete_async = take_up


class Member:
    """A live consumer. Not for use by several threads at once."""

    def __init__(self, settings: KafkaSettings, group: str, slot: str, answered: Answered = unheard) -> None:
        """``answered`` is told of every answer of a broker."""
        self._settings = settings
        self._name = f"{group}-{slot}"
        self._closed = False
        try:
            configuration = {
                **config.member(settings, group, slot),
                "partition_assignment_strategy": (RangePartitionAssignor,),
            }
            self._consumer = open_client(KafkaConsumer, configuration, answered)
        except KafkaError as error:
            raise log_error(error, f"consumer {self._name}") from error
        never_forget_a_join(self._consumer)
        self._fenced: KafkaError | None = None
        self._notice_a_fence()

    def _notice_a_fence(self) -> None:
        """Remember that a heartbeat was told another process has this slot (hazard H9, kafka-python 3.0.12).

        The client logs it and ends the heartbeats, and goes on fetching for ever: a member with nothing to
        commit would never learn.
        """
        coordinator = self._consumer._coordinator
        beats = coordinator._send_heartbeat_request

        async def beat() -> Any:
            try:
                return await beats()
            except FencedInstanceIdError as error:
                self._fenced = error
                raise

        coordinator._send_heartbeat_request = beat

    @property
    def consumer(self) -> KafkaConsumer:
        """The client, for its metrics."""
        return self._consumer

    @property
    def closed(self) -> bool:
        """Whether it has been closed."""
        return self._closed

    def subscribe(self, topics: Sequence[str], listener: Listener) -> None:
        """Join the group at the next poll."""
        self._consumer.subscribe(topics=list(topics), listener=listener)

    def fetch(self, timeout_s: float, max_records: int | None) -> dict[KafkaTopicPartition, list[Any]]:
        """The client's poll.

        Raises:
            FencedError: somebody else owns this membership, or it is not authorised.
            TransientError: the brokers cannot be reached just now.
        """
        if self._fenced is not None:
            raise log_error(self._fenced, f"consumer {self._name}")
        try:
            found: dict[KafkaTopicPartition, list[Any]] = self._consumer.poll(
                timeout_ms=config.milliseconds(timeout_s), max_records=max_records or DEFAULT_MAX_RECORDS
            )
        except KafkaError as error:
            raise log_error(error, f"consumer {self._name}") from error
        return found

    def rewind(self, found: dict[KafkaTopicPartition, list[Any]]) -> None:
        """Go back to before these records: they will be read again."""
        self.seek({TopicPartition(*tp): records[0].offset for tp, records in found.items()})

    def keep_alive(self) -> None:
        """See :meth:`services.chassis.log.types.Consumer.keep_alive`: polls with everything paused."""
        paused_before = self._consumer.paused()
        self._consumer.pause(*(self._consumer.assignment() - paused_before))
        try:
            # a rebalance inside this poll may bring new partitions, which are not paused
            self.rewind(self.fetch(KEEP_ALIVE_S, None))
        finally:
            self._consumer.resume(*(self._consumer.paused() - self._held()))

    def assignment(self) -> frozenset[TopicPartition]:
        """See :meth:`services.chassis.log.types.Consumer.assignment`."""
        return frozenset(TopicPartition(*tp) for tp in self._consumer.assignment())

    def seek(self, positions: Offsets) -> None:
        """See :meth:`services.chassis.log.types.Consumer.seek`."""
        assigned = self._consumer.assignment()
        for tp, offset in positions.items():
            if tp in assigned:
                self._consumer.seek(KafkaTopicPartition(*tp), offset)

    def lag(self) -> dict[TopicPartition, int]:
        """See :meth:`services.chassis.log.types.Consumer.lag`. Offsets, so transaction markers count until
        they are passed."""
        assigned = self._consumer.assignment()
        try:
            positions = {tp: self._consumer.position(tp, timeout_ms=0) for tp in assigned}
            ends = {tp: self._consumer.highwater(tp) for tp in assigned}
            unknown = [tp for tp, end in ends.items() if end is None]
            if unknown:
                ends.update(
                    self._consumer.end_offsets(
                        unknown, timeout_ms=config.milliseconds(self._settings.request_timeout_s)
                    )
                )
        except KafkaError as error:
            raise log_error(error, f"lag of {self._name}") from error
        return {TopicPartition(*tp): max(0, ends[tp] - at) for tp, at in positions.items() if at is not None}

    def close(self) -> None:
        """Stop; safe to call twice. A static member keeps its partitions for the session timeout, for its
        successor."""
        if self._closed:
            return
        self._closed = True
        self._consumer.close(
            autocommit=False, timeout_ms=config.milliseconds(self._settings.request_timeout_s)
        )

    def __enter__(self) -> Self:
        return self

    def __exit__(
        self, kind: type[BaseException] | None, error: BaseException | None, trace: TracebackType | None
    ) -> None:
        self.close()

    def _held(self) -> frozenset[KafkaTopicPartition]:
        """Partitions that must stay paused."""
        return frozenset()


def as_batch(found: dict[KafkaTopicPartition, list[Any]], membership: object = None) -> Batch:
    """What the client returned, as a batch."""
    return Batch(tuple(record(one) for records in found.values() for one in records), membership)
