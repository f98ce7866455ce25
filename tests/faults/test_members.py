"""Groups with several members, and brokers that go away: what only Kafka has."""

from __future__ import annotations

import gc
import os
import socket
import threading
import time
from collections import Counter
from collections.abc import Callable, Iterator, Sequence
from contextlib import ExitStack, suppress

import pytest
from kafka.errors import KafkaError
from prometheus_client import CollectorRegistry, generate_latest

from services.chassis import reach
from services.chassis.devkafka.ports import free_ports
from services.chassis.errors import CommitFailed, FencedError, TransientError
from services.chassis.log.kafka import KafkaClientCollector, KafkaLog, config
from services.chassis.log.kafka.member import Member
from services.chassis.log.kafka.sink import KafkaSinkConsumer
from services.chassis.log.kafka.stage import KafkaStageConsumer
from services.chassis.log.types import Batch, Consumer, EventLog, Message, Offsets, TopicPartition
from services.chassis.settings import KafkaSettings
from tests.support.kafka import FAST, Kafka, insisted
from tests.support.log import everything, new_group, new_topic, numbered, polled, values
from tests.support.patience import PATIENCE_S

pytestmark = pytest.mark.kafka

SESSION_S = 3.0
"""Of members that others wait for in vain; it also ends where the machine stands still that long, and the
member comes back."""


@pytest.fixture
def rebalances() -> Counter[str]:
    return Counter()


@pytest.fixture
def log(kafka_cluster: Kafka, rebalances: Counter[str]) -> Iterator[KafkaLog]:
    settings = kafka_cluster.settings(session_timeout_s=SESSION_S)
    with KafkaLog(settings, on_rebalance=lambda kind, count: rebalances.update({kind: count})) as log:
        yield log


def until(condition: Callable[[], bool], *turns: Callable[[], object]) -> None:
    """Take turns until the condition holds."""
    deadline = time.monotonic() + PATIENCE_S
    while not condition():
        assert time.monotonic() < deadline, "it never happened"
        for turn in turns:
            turn()


def copy(consumer: KafkaStageConsumer, out: str) -> None:
    """One turn of a stage that copies; failures are recovered from, as the stage loop does."""
    try:
        batch = consumer.poll(0.1)
        if not batch.records:
            return
        try:
            consumer.commit(
                batch,
                batch.next_offsets,
                [Message(out, record.key, record.value) for record in batch.records],
            )
        except CommitFailed:
            recovered(consumer, batch)
    except TransientError:
        consumer.keep_alive()


def recovered(consumer: KafkaStageConsumer, batch: Batch) -> None:
    """Recover until it works: reading on without would lose the batch."""
    insisted(lambda: consumer.recover(batch))


def shared(members: Sequence[Consumer], partitions: int) -> bool:
    """Whether every member has partitions, and together they have each once."""
    owned = [member.assignment() for member in members]
    return all(owned) and sum(map(len, owned)) == partitions == len(frozenset().union(*owned))


def caught_up(consumer: KafkaStageConsumer) -> bool:
    """Whether everything is read: asks the brokers, unlike the lag, which is as of the last fetch."""
    try:
        ends = consumer.consumer.end_offsets(list(consumer.consumer.assignment()))
        return bool(ends) and all(consumer.consumer.position(tp) == end for tp, end in ends.items())
    except KafkaError:
        return False


def append(log: EventLog, topic: str, numbers: range) -> None:
    with log.producer(new_group()) as producer:
        producer.append(numbered(topic, numbers, keys=40))


def test_members_share_and_the_rest_takes_over(log: KafkaLog, rebalances: Counter[str]) -> None:
    topic, out, group = new_topic(log, 4), new_topic(log, 1), new_group()
    append(log, topic, range(100))
    one = log.stage_consumer(group, [topic], "one")
    until(lambda: shared([one], 4), lambda: copy(one, out))
    two = log.stage_consumer(group, [topic], "two")
    until(lambda: shared([one, two], 4), lambda: copy(one, out), lambda: copy(two, out))
    append(log, topic, range(100, 200))
    until(lambda: len(everything(log, out)) >= 200, lambda: copy(one, out), lambda: copy(two, out))
    two.close()  # as a static member it does not say goodbye: the others wait for its session to end
    append(log, topic, range(200, 300))
    until(lambda: len(everything(log, out)) >= 300 and shared([one], 4), lambda: copy(one, out))
    assert values(everything(log, out)) == [b"%06d" % n for n in range(300)]
    assert rebalances["assigned"] >= 4 + 4 + 4
    assert rebalances["revoked"] >= 4


def test_a_batch_read_before_a_rebalance_is_not_committed_after_it(log: KafkaLog) -> None:
    topic, out, group = new_topic(log, 4), new_topic(log, 1), new_group()
    append(log, topic, range(100))
    one = log.stage_consumer(group, [topic], "one")
    batch, *_ = polled(one, 1)
    two = log.stage_consumer(group, [topic], "two")
    until(lambda: shared([one, two], 4), one.keep_alive, lambda: copy(two, out))
    with pytest.raises(CommitFailed) as caught:
        one.commit(
            batch, batch.next_offsets, [Message(out, record.key, record.value) for record in batch.records]
        )
    assert caught.value.cause == "membership"
    recovered(one, batch)
    until(lambda: len(everything(log, out)) >= 100, lambda: copy(one, out), lambda: copy(two, out))
    assert values(everything(log, out)) == [b"%06d" % n for n in range(100)]


def test_a_restarted_slot_has_its_partitions_back_before_its_session_ends(kafka_cluster: Kafka) -> None:
    long_session = kafka_cluster.settings(
        session_timeout_s=4 * PATIENCE_S, max_poll_interval_s=4 * PATIENCE_S
    )
    with KafkaLog(long_session) as log:
        topic, group = new_topic(log, 2), new_group()
        append(log, topic, range(10))
        first = log.stage_consumer(group, [topic], "0")
        assert next(polled(first, 1)).records
        first.close()
        second = log.stage_consumer(group, [topic], "0")
        assert next(polled(second, 1)).records, "within a patience that ends long before the session"


@pytest.mark.parametrize("kind", ["stage", "sink"])
def test_a_member_whose_slot_is_taken_learns_it_with_nothing_to_commit(log: KafkaLog, kind: str) -> None:
    """Control: the client itself goes on fetching for ever after its heartbeat was refused."""
    topic, group = new_topic(log, 2), new_group()

    def member() -> KafkaStageConsumer | KafkaSinkConsumer:
        if kind == "stage":
            return log.stage_consumer(group, [topic], "0")
        return log.sink_consumer(group, [topic], "0", lambda _: {})

    first = member()
    until(lambda: len(first.assignment()) == 2, lambda: first.poll(0.1))
    second = member()
    until(lambda: len(second.assignment()) == 2, lambda: second.poll(0.1))
    with pytest.raises(FencedError, match="another process owns this slot now"):
        until(lambda: False, lambda: first.poll(0.1), lambda: second.poll(0.1))


def test_sinks_ask_again_for_positions_after_every_rebalance(log: KafkaLog) -> None:
    topic, group = new_topic(log, 4), new_group()
    append(log, topic, range(100))
    stored: dict[TopicPartition, int] = {}
    rows: list[bytes | None] = []

    def positions(partitions: frozenset[TopicPartition]) -> Offsets:
        return {tp: stored[tp] for tp in partitions if tp in stored}

    def apply(consumer: KafkaSinkConsumer) -> None:
        """One turn of a sink whose database refuses what it has already: offsets and rows change together."""
        batch = consumer.poll(0.1, max_records=7)
        for record in batch.records:
            if record.offset >= stored.get(record.tp, 0):
                rows.append(record.value)
                stored[record.tp] = record.offset + 1
        if batch.records:
            consumer.report(batch.next_offsets)

    one = log.sink_consumer(group, [topic], "one", positions)
    until(lambda: len(rows) >= 30, lambda: apply(one))
    two = log.sink_consumer(group, [topic], "two", positions)
    until(
        lambda: shared([one, two], 4), lambda: apply(one), one.keep_alive, lambda: apply(two), two.keep_alive
    )
    until(lambda: len(rows) >= 100, lambda: apply(one), lambda: apply(two))
    two.close()
    append(log, topic, range(100, 150))
    until(lambda: len(rows) >= 150, lambda: apply(one))
    assert sorted(row for row in rows if row) == [b"%06d" % n for n in range(150)]
    # nothing depends on a report: one that failed is made good by the next
    until(lambda: log.committed(group) == stored, lambda: one.report(stored), one.keep_alive)


def test_a_sink_whose_database_is_down_reads_nothing_until_it_is_back(log: KafkaLog) -> None:
    topic = new_topic(log, 2)
    append(log, topic, range(10))
    down = [True]

    def positions(partitions: frozenset[TopicPartition]) -> Offsets:
        if down:
            raise TransientError("the database is down")
        return {}

    consumer = log.sink_consumer(new_group(), [topic], "0", positions)

    def poll_in_vain() -> None:
        try:
            assert consumer.poll(0.1).records == ()
        except TransientError:
            down.append(True)

    until(lambda: len(down) > 3, poll_in_vain)
    consumer.keep_alive()
    down.clear()
    assert sum(len(batch.records) for batch in polled(consumer, 10)) == 10


def test_client_metrics_are_finite_and_named(log: KafkaLog) -> None:
    topic, out = new_topic(log, 1), new_topic(log, 1)
    append(log, topic, range(10))
    consumer = log.stage_consumer(new_group(), [topic], "0")
    until(lambda: bool(everything(log, out)), lambda: copy(consumer, out))
    registry = CollectorRegistry()
    registry.register(KafkaClientCollector(log))
    lines = [line for line in generate_latest(registry).decode().splitlines() if not line.startswith("#")]
    names = {line.partition("{")[0] for line in lines}
    assert {
        "kafka_client_producer_metrics_record_send_rate",
        "kafka_client_consumer_fetch_manager_metrics_records_lag_max",
    } <= names
    assert all(abs(float(line.rpartition(" ")[2])) < 1e18 for line in lines)
    assert len(lines) == len({line.rpartition(" ")[0] for line in lines}), "no series twice"


def test_brokers_that_cannot_be_reached_are_a_transient_error() -> None:
    threads = {thread.name for thread in threading.enumerate()}
    (port,) = free_ports(1)
    settings = KafkaSettings.model_validate(
        {
            "bootstrap_servers": f"127.0.0.1:{port}", "request_timeout_s": 0.6, "delivery_timeout_s": 0.8, "transaction_timeout_s": 1.0,
            "bootstrap_timeout_s": 1.0,
        }
    )  # fmt: skip
    with KafkaLog(settings) as log:
        for call in (
            log.topics,
            lambda: Member(settings, "g", "0"),
            lambda: log.producer("p"),
            lambda: log.committed("g"),
        ):
            with pytest.raises(TransientError):
                call()
    assert {thread.name for thread in threading.enumerate()} <= threads, (
        "a client that cannot connect leaves no thread behind"
    )


def sockets() -> int:
    """Of this process."""
    found = 0
    for entry in os.scandir("/proc/self/fd"):
        with suppress(FileNotFoundError):  # the one that lists
            found += os.readlink(entry.path).startswith("socket:")
    return found


@pytest.mark.parametrize("protocol", ["PLAINTEXT", "SSL"])
def test_sockets_that_do_not_connect_are_closed_at_once(protocol: str, only_counted: None) -> None:
    """Not when the garbage collector finds them: in a large process it hardly ever runs in full, and they
    were many by then."""
    with ExitStack() as stack:
        if protocol == "SSL":  # takes connections, and hangs up in the handshake
            listener = stack.enter_context(socket.create_server(("127.0.0.1", 0)))
            port = listener.getsockname()[1]
            hanging_up = threading.Thread(target=_hang_up, args=(listener,))
            stack.callback(hanging_up.join)
            stack.callback(listener.shutdown, socket.SHUT_RDWR)
            hanging_up.start()
        else:
            (port,) = free_ports(1)
        settings = KafkaSettings.model_validate(
            {
                "bootstrap_servers": f"127.0.0.1:{port}", "security_protocol": protocol, "request_timeout_s": 0.6,
                "delivery_timeout_s": 0.8, "transaction_timeout_s": 1.0, "bootstrap_timeout_s": 1.0,
            }
        )  # fmt: skip
        before = sockets()
        with KafkaLog(settings) as log:
            for call in (log.topics, lambda: Member(settings, "g", "0"), lambda: log.producer("p")):
                with pytest.raises(TransientError):
                    call()
                assert sockets() == before


def _hang_up(listener: socket.socket) -> None:
    with suppress(OSError):
        while True:
            listener.accept()[0].close()


@pytest.fixture
def only_counted() -> Iterator[None]:
    """Without the garbage collector: what is not referred to goes at once, a cycle stays."""
    gc.collect()
    gc.disable()
    yield
    gc.enable()


def test_closing_the_log_ends_clients_that_nobody_refers_to(kafka_cluster: Kafka) -> None:
    before = set(threading.enumerate())
    with KafkaLog(kafka_cluster.settings()) as log:
        topic = new_topic(log, 1)
        log.stage_consumer(new_group(), [topic], "0").poll(0.1)
        log.sink_consumer(new_group(), [topic], "0", lambda _: {}).poll(0.1)
        log.producer(new_group())
        assert not set(threading.enumerate()) <= before
    until(lambda: set(threading.enumerate()) <= before)


def test_answers_come_while_a_topic_is_idle_and_through_a_rebalance_and_end_with_the_broker(
    kafka_behind_proxy: Kafka, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(config, "METADATA_MAX_AGE_MS", 200)
    assert kafka_behind_proxy.cluster is not None
    (broker,) = kafka_behind_proxy.cluster.brokers
    with KafkaLog(kafka_behind_proxy.settings()) as log:
        topic, group = new_topic(log, 2), new_group()
        one = log.stage_consumer(group, [topic], "one")
        until(lambda: len(one.assignment()) == 2, lambda: one.poll(0.1))

        def heard(answers: int, turn: Callable[[], object]) -> None:
            at = {log.reach.at}
            until(lambda: len(at) > answers, turn, lambda: at.add(log.reach.at))

        # nobody polls, as while a long article is read
        heard(5, lambda: time.sleep(0.01))
        two = log.stage_consumer(group, [topic], "two")
        heard(5, lambda: two.poll(0.1))
        assert not two.assignment(), "the rebalance waits for the first member"
        assert log.reach.problem() == ""
        broker.pause()
        try:
            monkeypatch.setattr(reach, "LATELY_S", 1.0)
            until(lambda: log.reach.problem().startswith("log unreachable since 20"), lambda: two.poll(0.1))
            assert len(one.assignment()) == 2, "which says nothing about the brokers"
        finally:
            broker.resume()
        until(lambda: log.reach.problem() == "", lambda: time.sleep(0.01))


def test_a_frozen_broker_holds_up_and_loses_nothing(kafka_behind_proxy: Kafka) -> None:
    assert kafka_behind_proxy.cluster is not None
    (broker,) = kafka_behind_proxy.cluster.brokers
    quick = kafka_behind_proxy.settings(**{**FAST, "session_timeout_s": SESSION_S})
    with KafkaLog(kafka_behind_proxy.settings()) as log, KafkaLog(quick) as impatient:
        topic, out = new_topic(log, 2), new_topic(log, 1)
        append(log, topic, range(50))
        consumer = insisted(lambda: impatient.stage_consumer(new_group(), [topic], "0"))
        batch, *_ = polled(consumer, 1, max_records=20)
        outputs = [Message(out, record.key, record.value) for record in batch.records]
        broker.pause()
        try:
            started = time.monotonic()
            with pytest.raises(CommitFailed):
                consumer.commit(batch, batch.next_offsets, outputs)
            with pytest.raises(TransientError):
                consumer.recover(batch)
            assert time.monotonic() - started < PATIENCE_S, "no call may wait for ever"
        finally:
            broker.resume()
        recovered(consumer, batch)
        until(lambda: len(everything(log, out)) >= 50, lambda: copy(consumer, out))
        assert values(everything(log, out)) == [b"%06d" % n for n in range(50)]


@pytest.mark.slow
@pytest.mark.timeout(2400)
def test_the_loss_of_any_one_of_three_brokers_loses_nothing(kafka_cluster_three: Kafka) -> None:
    cluster = kafka_cluster_three.cluster
    assert cluster is not None
    with ExitStack() as stack:
        quick = kafka_cluster_three.settings(**{**FAST, "session_timeout_s": SESSION_S})
        log = stack.enter_context(KafkaLog(kafka_cluster_three.settings(), replication_factor=3))
        impatient = stack.enter_context(KafkaLog(quick))
        topic, out = new_topic(log, 6), new_topic(log, 3)
        consumer = stack.enter_context(insisted(lambda: impatient.stage_consumer(new_group(), [topic], "0")))
        stop = threading.Event()
        written: list[int] = []
        writer = threading.Thread(target=_write, args=(quick, topic, stop, written))
        writer.start()
        try:
            for broker in cluster.brokers:
                goal = len(written) + 100
                until(lambda goal=goal: len(written) >= goal, lambda: copy(consumer, out))  # type: ignore[misc]
                broker.kill()
                goal = len(written) + 100
                until(lambda goal=goal: len(written) >= goal, lambda: copy(consumer, out))  # type: ignore[misc]
                cluster.restart(broker)
        finally:
            stop.set()
            writer.join()
        source = values(everything(log, topic))
        until(lambda: caught_up(consumer), lambda: copy(consumer, out))
        assert values(everything(log, out)) == source
        assert set(source) == {b"%06d" % n for n in written}


def _write(settings: KafkaSettings, topic: str, stop: threading.Event, written: list[int]) -> None:
    """Append numbers in tens until told to stop; a batch that failed is appended again, so the topic may hold
    some twice."""
    with KafkaLog(settings) as log, insisted(lambda: log.producer(new_group())) as producer:
        number = 0
        while not stop.is_set():
            chunk = range(number, number + 10)
            # also the last one until it succeeds: what became of a failed append is unknown
            insisted(lambda chunk=chunk: producer.append(numbered(topic, chunk, keys=40)))  # type: ignore[misc]
            written.extend(chunk)
            number += 10
