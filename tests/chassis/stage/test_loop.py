"""The stage loop's policy, on a session in memory."""

from __future__ import annotations

import threading
from collections.abc import Callable, Sequence

import pytest
from hypothesis import given
from hypothesis import strategies as st

from services.chassis.errors import (
    CommitFailed,
    DeadLetterLimit,
    FencedError,
    LimitExceeded,
    PoisonError,
    TransientError,
)
from services.chassis.log.types import Message, Offsets, Record, TopicPartition
from services.chassis.metrics import Metrics
from services.chassis.settings import StageSettings
from services.chassis.stage.dead_letters import contract_of, read_dead_letter
from services.chassis.stage.handled import Handled
from services.chassis.stage.loop import StageLoop
from tests.support.memory_session import TOPIC, MemorySession, records

QUICK = {"backoff_min_s": 0.0001, "backoff_max_s": 0.0002, "poll_timeout_s": 0.001}


def echo(record: Record) -> Handled[Message]:
    value = record.value or b""
    if value.startswith(b"poison"):
        raise PoisonError("bad article", stage="decode", reason="not_json")
    if value.startswith(b"bug"):
        raise ZeroDivisionError
    return Handled([Message("out", record.key, value)], "extracted")


class Rig:
    """A loop over a memory session, run until the source is exhausted."""

    def __init__(
        self, session: MemorySession, handler: Callable[[Record], Handled[Message]] = echo, **settings: float
    ) -> None:
        self.session = session
        self.metrics = Metrics()
        self.stop = threading.Event()
        self.after: list[str] = []
        self.loop = StageLoop(
            name="extract",
            group="g",
            session=session,
            handler=handler,
            settings=StageSettings(**{**QUICK, **settings}),
            metrics=self.metrics,
            stop=self.stop,
            article_topic=TOPIC,
            after_commit=lambda handled: self.after.extend(h.outcome for h in handled),
        )

    def run(self, turns: int = 500) -> None:
        for _ in range(turns):
            self.loop.turn()
            if self.session.exhausted:
                return

    def value(self, name: str, **labels: str) -> float:
        return self.metrics.registry.get_sample_value(name, labels) or 0.0

    def out(self) -> list[bytes | None]:
        return [message.value for message in self.session.outputs]


def test_every_record_ends_as_output_or_dead_letter_and_is_counted_once() -> None:
    rig = Rig(MemorySession(records([b"a", b"poison", b"b", b"bug", b"c"])))
    rig.run()
    assert rig.out() == [b"a", b"b", b"c"]
    letters = [
        read_dead_letter(Record(m.topic, 0, 0, m.timestamp_ms or 0, m.key, m.value, m.headers))
        for m in rig.session.dead
    ]
    assert [(letter.value, letter.stage, letter.reason) for letter in letters] == [
        (b"poison", "decode", "not_json"), (b"bug", "process", "unexpected"),
    ]  # fmt: skip
    assert rig.session.committed == {TopicPartition(TOPIC, 0): 5}
    assert rig.value("onrecord_articles_processed_total", service="extract", outcome="extracted") == 3
    assert rig.value("onrecord_articles_processed_total", service="extract", outcome="dead_lettered") == 2
    assert rig.after == ["extracted"] * 3


def test_transient_errors_are_retried_in_place_and_keep_the_order() -> None:
    failures = {b"b": 2}

    def handler(record: Record) -> Handled[Message]:
        value = record.value or b""
        if failures.get(value, 0):
            failures[value] -= 1
            raise TransientError("not yet")
        return echo(record)

    rig = Rig(MemorySession(records([b"a", b"b", b"c"])), handler)
    rig.run()
    assert rig.out() == [b"a", b"b", b"c"]
    assert rig.value("onrecord_retries_total", service="extract") == 2
    assert rig.session.kept_alive > 0
    assert not rig.session.dead


def test_exhausted_attempts_are_dead_lettered_with_their_number() -> None:
    def handler(record: Record) -> Handled[Message]:
        raise TransientError("never")

    rig = Rig(MemorySession(records([b"a"])), handler, attempts=4)
    rig.run()
    (message,) = rig.session.dead
    assert contract_of(message.headers)["attempts"] == "4"


def test_a_failed_commit_is_replayed_and_counts_nothing() -> None:
    calls = iter([CommitFailed("no answer", cause="timeout")])
    rig = Rig(MemorySession(records([b"a", b"b"]), lambda *_: next(calls, None)))
    rig.run()
    assert rig.out() == [b"a", b"b"]
    assert rig.session.recoveries == 1
    assert rig.value("onrecord_transactions_total", service="extract", outcome="failed") == 1
    assert rig.value("onrecord_articles_processed_total", service="extract", outcome="extracted") == 2


def refuse(value: bytes) -> Callable[[Sequence[Message], Offsets], Exception | None]:
    """A log that cannot commit this output, but everything else, its dead letter included."""

    def fail(messages: Sequence[Message], _: Offsets) -> Exception | None:
        return (
            CommitFailed("refused", cause="rejected")
            if any(m.topic == "out" and m.value == value for m in messages)
            else None
        )

    return fail


def test_one_record_that_breaks_every_batch_is_found_and_dead_lettered() -> None:
    values = [b"%d" % n for n in range(40)]
    rig = Rig(MemorySession(records(values), refuse(b"17")), max_records=16)
    rig.run()
    assert rig.out() == [value for value in values if value != b"17"]
    assert [m.value for m in rig.session.dead] == [b"17"]
    assert rig.session.commits[-1] > 1, "back to whole batches behind the culprit"


def test_an_outage_blames_no_record() -> None:
    down = {"left": 40}

    def fail(*_: object) -> Exception | None:
        down["left"] -= 1
        return CommitFailed("broker away", cause="timeout") if down["left"] > 0 else None

    rig = Rig(MemorySession(records([b"a", b"b", b"c"]), fail))
    rig.run()
    assert rig.out() == [b"a", b"b", b"c"]
    assert not rig.session.dead


def test_an_outage_of_the_outputs_alone_blames_no_record() -> None:
    """Output partitions without a leader: an empty transaction succeeds, every article's fails."""
    down = {"left": 60}

    def fail(messages: Sequence[Message], _: Offsets) -> Exception | None:
        down["left"] -= 1
        return CommitFailed("no leader", cause="timeout") if messages and down["left"] > 0 else None

    rig = Rig(MemorySession(records([b"a", b"b", b"c"]), fail))
    rig.run()
    assert rig.out() == [b"a", b"b", b"c"]
    assert not rig.session.dead


def test_the_culprit_is_found_though_other_partitions_go_on() -> None:
    source = records([b"%d" % n for n in range(30)]) + records([b"x%d" % n for n in range(200)], partition=1)
    rig = Rig(MemorySession(source, refuse(b"7")), max_records=8)
    rig.run(turns=2000)
    assert [m.value for m in rig.session.dead] == [b"7"]
    assert len(rig.out()) == 229
    assert rig.session.commits[-1] > 1, "back to whole batches behind the culprit"


def test_records_condemned_at_commit_count_towards_the_limit() -> None:
    def fail(messages: Sequence[Message], _: Offsets) -> Exception | None:
        large = any(m.topic == "out" for m in messages)
        return LimitExceeded("too large", stage="produce", reason="too_large") if large else None

    rig = Rig(MemorySession(records([b"%d" % n for n in range(100)]), fail), echo, max_consecutive_dead=10)
    with pytest.raises(DeadLetterLimit):
        rig.run()
    assert len(rig.session.dead) == 10


def test_a_commit_whose_answer_was_lost_is_counted_and_not_replayed() -> None:
    session = MemorySession(records([b"a", b"b"]))
    session.lost = [CommitFailed("no answer", cause="timeout")]
    rig = Rig(session)
    rig.run()
    assert rig.out() == [b"a", b"b"]
    assert rig.value("onrecord_articles_processed_total", service="extract", outcome="extracted") == 2
    assert rig.after == ["extracted"] * 2


def test_a_partition_without_a_leader_does_not_stop_the_others() -> None:
    session = MemorySession(records([b"a"]))
    session.lag_error = TransientError("no end offset")
    rig = Rig(session)
    rig.run()
    assert rig.out() == [b"a"]


def test_a_dead_letter_too_large_for_its_topic_stops_the_stage() -> None:
    rig = Rig(
        MemorySession(
            records([b"a"]), lambda *_: LimitExceeded("too large", stage="produce", reason="too_large")
        )
    )
    with pytest.raises(LimitExceeded):
        rig.run()
    assert not rig.session.committed


def test_outputs_too_large_for_their_topic_dead_letter_only_their_record() -> None:
    def fail(messages: Sequence[Message], _: Offsets) -> Exception | None:
        large = any(m.topic == "out" and m.value == b"huge" for m in messages)
        return LimitExceeded("too large", stage="produce", reason="too_large") if large else None

    rig = Rig(MemorySession(records([b"a", b"huge", b"b"]), fail))
    rig.run()
    assert rig.out() == [b"a", b"b"]
    assert [m.value for m in rig.session.dead] == [b"huge"]


def test_fenced_is_raised() -> None:
    rig = Rig(MemorySession(records([b"a"]), lambda *_: FencedError("taken over")))
    with pytest.raises(FencedError):
        rig.run()


@pytest.mark.parametrize(
    ("values", "settings"),
    [
        ([b"poison"] * 50, {"max_consecutive_dead": 10, "max_records": 4}),
        ([b"poison", b"poison", b"a"] * 50, {"dead_window": 12, "max_records": 4}),
    ],
)
def test_too_much_poison_stops_the_stage_before_the_batch_is_committed(
    values: list[bytes], settings: dict[str, float]
) -> None:
    rig = Rig(MemorySession(records(values)), echo, **settings)
    with pytest.raises(DeadLetterLimit, match="onrecord dlq list"):
        rig.run()
    assert len(rig.session.dead) <= 12
    assert sum(rig.session.committed.values()) < len(values)


def test_a_stop_in_the_middle_of_a_batch_commits_what_is_done() -> None:
    session = MemorySession(records([b"a", b"b", b"c", b"d"]))
    rig = Rig(session)

    def handler(record: Record) -> Handled[Message]:
        if record.value == b"b":
            rig.stop.set()
        return echo(record)

    rig.loop._handler = handler
    rig.loop.run()
    assert rig.out() == [b"a", b"b"]
    assert session.committed == {TopicPartition(TOPIC, 0): 2}


def test_a_stop_while_waiting_to_retry_leaves_the_record_for_the_next_start() -> None:
    session = MemorySession(records([b"a", b"b"]))
    rig = Rig(session, backoff_min_s=30, backoff_max_s=30)

    def handler(record: Record) -> Handled[Message]:
        if record.value == b"b":
            threading.Timer(0.05, rig.stop.set).start()
            raise TransientError("later")
        return echo(record)

    rig.loop._handler = handler
    rig.loop.run()
    assert rig.out() == [b"a"]
    assert session.committed == {TopicPartition(TOPIC, 0): 1}
    assert not session.dead


@given(
    values=st.lists(st.sampled_from([b"a", b"b", b"poison", b"bug", b"refused"]), max_size=30),
    outage=st.tuples(st.integers(0, 40), st.integers(0, 30)),
    batch=st.integers(1, 8),
)
def test_whatever_fails_each_record_has_exactly_one_end(
    values: list[bytes], outage: tuple[int, int], batch: int
) -> None:
    numbered = [value + b"%d" % n for n, value in enumerate(values)]
    begin, length = outage
    calls = {"made": 0}

    def fail(messages: Sequence[Message], _: Offsets) -> Exception | None:
        calls["made"] += 1
        if begin <= calls["made"] < begin + length:
            return CommitFailed("outage", cause="timeout")
        refused = any(m.topic == "out" and (m.value or b"").startswith(b"refused") for m in messages)
        return CommitFailed("refused", cause="rejected") if refused else None

    rig = Rig(
        MemorySession(records(numbered), fail),
        max_records=batch,
        max_consecutive_dead=1000,
        max_dead_ratio=1.0,
    )
    rig.run(turns=5000)
    assert [v for v in rig.out() if v] == [
        v for v in numbered if v.startswith((b"a", b"b")) and not v.startswith(b"bug")
    ]
    assert [m.value for m in rig.session.dead] == [
        v for v in numbered if v.startswith((b"poison", b"bug", b"refused"))
    ]
