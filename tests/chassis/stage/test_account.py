"""What a stage says of each record: one line and one span after the commit, whatever was retried before, and
never text."""

from __future__ import annotations

import threading
import time
from collections.abc import Callable
from typing import Any

import pytest
import structlog

from services.chassis.errors import CommitFailed, PoisonError, TransientError
from services.chassis.log.types import Message, Record
from services.chassis.metrics import Metrics
from services.chassis.settings import StageSettings
from services.chassis.stage.dead_letters import PREFIX
from services.chassis.stage.handled import Handled
from services.chassis.stage.loop import StageLoop
from services.chassis.tracing import FinishedSpan, Span
from tests.support.memory_session import TOPIC, MemorySession

TRACE = "0af7651916cd43dd8448eb211c80319c"
SECRET = "the minister said nothing"


def source(*values: bytes, ahead_s: float = 0.0) -> list[Record]:
    headers = (("traceparent", f"00-{TRACE}-b7ad6b7169203331-01".encode()), ("ce_subject", b"art-1"))
    stamp = int((time.time() + ahead_s) * 1000)
    return [Record(TOPIC, 0, offset, stamp, b"key", value, headers) for offset, value in enumerate(values)]


def handle(record: Record) -> Handled[Message]:
    if record.value == b"poison":
        raise PoisonError("Article art-1: not JSON", stage="decode", reason="not_json")
    if record.value == b"bug":
        raise ValueError(SECRET)
    return Handled(
        [Message("out", record.key, record.value)],
        "extracted",
        facts={"article_id": "art-1", "revision": 2, "quotes": 3},
    )


def run(
    session: MemorySession, handler: Callable[[Record], Handled[Message]] = handle, **settings: float
) -> tuple[list[dict[str, Any]], list[FinishedSpan], Metrics]:
    spans: list[FinishedSpan] = []
    metrics = Metrics()
    quick = {"backoff_min_s": 0.0001, "backoff_max_s": 0.0002, "poll_timeout_s": 0.001}
    loop = StageLoop(
        name="extract", group="g", session=session, handler=handler, settings=StageSettings(**{**quick, **settings}), metrics=metrics,
        stop=threading.Event(), article_topic=TOPIC, spans=spans.append,
    )  # fmt: skip
    with structlog.testing.capture_logs() as lines:
        for _ in range(100):
            loop.turn()
            if session.exhausted:
                break
    return [dict(line) for line in lines], spans, metrics


def test_one_line_and_one_span_per_article_though_its_commit_failed_twice() -> None:
    failing = [CommitFailed("no answer", cause="timeout"), CommitFailed("no answer", cause="timeout")]
    session = MemorySession(source(b"a", b"b"), fail=lambda *_: failing.pop() if failing else None)
    lines, spans, _ = run(session)
    processed = [line for line in lines if line["event"] == "article processed"]
    assert [line.pop("duration_s") >= 0 for line in processed] == [True, True]
    assert processed[0] == {
        "event": "article processed", "log_level": "info", "service": "extract", "article_id": "art-1", "revision": 2, "quotes": 3,
        "outcome": "extracted", "topic": TOPIC, "partition": 0, "offset": 0, "trace_id": TRACE,
    }  # fmt: skip
    assert [line["offset"] for line in processed] == [0, 1]
    assert [span.attributes["messaging.kafka.offset"] for span in spans] == [0, 1]
    assert len([line for line in lines if line["event"] == "commit failed"]) == 2


def test_the_commit_whose_answer_was_lost_is_told_once() -> None:
    session = MemorySession(source(b"a"))
    session.lost.append(CommitFailed("no answer", cause="timeout"))
    lines, spans, _ = run(session)
    assert len([line for line in lines if line["event"] == "article processed"]) == 1
    assert len(spans) == 1


def test_a_dead_letter_is_one_warning_with_its_reason() -> None:
    lines, spans, _ = run(MemorySession(source(b"poison")))
    (line,) = lines
    assert line.pop("duration_s") >= 0
    assert line == {
        "event": "dead letter", "log_level": "warning", "service": "extract", "article_id": "art-1", "outcome": "dead_lettered",
        "stage": "decode", "reason": "not_json", "attempts": 1, "error": "Article art-1: not JSON",
        "topic": TOPIC, "partition": 0, "offset": 0, "trace_id": TRACE,
    }  # fmt: skip
    (span,) = spans
    assert (span.name, span.error, span.span.trace_id) == (f"process {TOPIC}", "not_json", TRACE)


def test_the_message_of_an_unforeseen_error_is_withheld() -> None:
    session = MemorySession(source(b"bug"))
    lines, _, _ = run(session)
    assert [line["event"] for line in lines] == ["unexpected error", "dead letter"]
    assert SECRET not in str(lines)
    assert lines[0]["error_class"] == lines[1]["error"] == "ValueError"
    assert lines[0]["at"].startswith("test_account.py:")
    assert SECRET.encode() in dict(session.dead[0].headers)[PREFIX + "error-message"], (
        "the dead letter holds it"
    )


def test_retries_are_warnings_and_the_span_covers_them() -> None:
    tries: list[int] = []

    def flaky(record: Record) -> Handled[Message]:
        tries.append(1)
        if len(tries) < 3:
            raise TransientError("busy")
        return handle(record)

    lines, (span,), _ = run(MemorySession(source(b"a")), flaky)
    assert [line["event"] for line in lines] == ["retry", "retry", "article processed"]
    assert span.ended_ns > span.started_ns


def test_a_better_span_of_the_handler_is_kept_and_records_that_are_only_noted_have_none() -> None:
    own = Span.after(f"00-{'1' * 32}-{'2' * 16}-01")
    lines, spans, _ = run(MemorySession(source(b"a")), lambda _: Handled([], "extracted", span=own))
    assert [span.span for span in spans] == [own]
    assert lines[0]["trace_id"] == "1" * 32
    lines, spans, _ = run(MemorySession(source(b"a")), lambda _: Handled([], "", judged=False))
    assert (lines, spans) == ([], [])


@pytest.mark.parametrize(("ahead_s", "counted"), [(60.0, 2), (1.0, 0), (-3600.0, 0)])
def test_events_from_a_wrong_clock_are_counted(ahead_s: float, counted: int) -> None:
    _, _, metrics = run(MemorySession(source(b"a", b"b", ahead_s=ahead_s)))
    assert (
        metrics.registry.get_sample_value("onrecord_clock_skew_total", {"service": "extract"}) or 0
    ) == counted
