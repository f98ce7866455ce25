"""When what a service cannot work without last answered, and what readiness makes of it."""

from __future__ import annotations

import shutil
import threading
import time
from datetime import datetime, timedelta
from pathlib import Path

import pytest

from services.chassis.errors import CommitFailed, TransientError
from services.chassis.log.sqlite import SqliteLog
from services.chassis.log.topics import declared
from services.chassis.log.types import Message
from services.chassis.metrics import Metrics
from services.chassis.reach import LATELY_S, Asking, OpenedFile, Reach
from services.chassis.settings import StageSettings
from services.chassis.stage.handled import Handled
from services.chassis.stage.loop import StageLoop
from tests.support.memory_session import TOPIC, MemorySession, records
from tests.support.patience import PATIENCE_S, until


class Clock:
    def __init__(self) -> None:
        self.now = 1000.0

    def __call__(self) -> float:
        return self.now


def test_silence_is_a_problem_once_it_has_lasted_and_says_since_when() -> None:
    clock = Clock()
    reach = Reach("log", clock)
    clock.now += LATELY_S
    assert reach.problem() == "", "an answer is recent for so long"
    clock.now += 12
    before = datetime.now().astimezone()
    problem = reach.problem()
    assert problem.startswith("log unreachable since 20")
    assert problem.endswith(f"Z ({LATELY_S + 12:.0f} s)")
    since = datetime.fromisoformat(problem.split()[3])
    assert abs(before - timedelta(seconds=LATELY_S + 12) - since) < timedelta(seconds=5)
    reach.failed("connection refused")
    assert reach.problem().endswith("(42 s): connection refused")
    reach.answered()
    assert reach.problem() == ""


def test_the_gauge_tells_the_same() -> None:
    reach, metrics = Reach("database"), Metrics()
    reach.expose(metrics, "aggregate")

    def value() -> float:
        found = metrics.registry.get_sample_value(
            "onrecord_last_answer_timestamp_seconds", {"service": "aggregate", "dependency": "database"}
        )
        assert found is not None
        return found

    before = value()
    assert before == pytest.approx(time.time(), abs=PATIENCE_S)
    reach.failed("refused")
    assert value() == before

    def shows() -> bool:
        reach.answered()
        return value() > before

    until(shows, "an answer to show")


def test_asking_goes_on_through_failures_and_a_question_that_hangs_holds_nobody_up(
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    monkeypatch.setattr("services.chassis.reach.ASK_S", 0.01)
    monkeypatch.setattr("services.chassis.reach.LATELY_S", 0.0)
    reach = Reach("database")
    errors: list[Exception] = [TransientError("refused")]
    hang, asked = threading.Event(), threading.Event()

    def ask() -> None:
        if errors:
            raise errors[0]
        asked.set()
        hang.wait()

    asking = Asking(reach, ask)
    asking.start()
    try:
        until(lambda: reach.problem().endswith(": refused"), "the failure to be told")
        errors[0] = ValueError("a mistake of ours")
        until(lambda: reach.problem().endswith(": ValueError"), "the mistake to be told")
        errors.clear()
        until(asked.is_set, "the next question")
        assert "database unreachable" in reach.problem()
        asking.close()  # although the question is under way
    finally:
        hang.set()
    until(
        lambda: not any(thread.name == "asking database" for thread in threading.enumerate()),
        "the thread to end",
    )


def test_a_file_that_was_moved_or_replaced_is_noticed(tmp_path: Path) -> None:
    path, elsewhere = tmp_path / "record.db", tmp_path / "elsewhere.db"
    path.write_bytes(b"one")
    file = OpenedFile(path)
    file.check()
    path.rename(elsewhere)
    with pytest.raises(TransientError, match="the file is gone; put it back"):
        file.check()
    path.write_bytes(b"two")
    with pytest.raises(TransientError, match="another file stands in its place"):
        file.check()
    elsewhere.replace(path)
    file.check()


def test_the_embedded_log_is_out_of_reach_while_its_file_is_gone(tmp_path: Path) -> None:
    path, elsewhere = tmp_path / "log.db", tmp_path / "elsewhere.db"
    with SqliteLog(path) as log:
        log.create_topics(declared(1))
        assert log.reach.problem() == ""
        shutil.move(path, elsewhere)
        problem = log.reach.problem()
        assert problem.startswith("log unreachable since 20")
        assert problem.endswith(
            f"(0 s): {path}: the file is gone; put it back, or restart to go on with what is there"
        )
        shutil.move(elsewhere, path)
        assert log.reach.problem() == ""
    assert "log unreachable" in log.reach.problem(), "a log that was closed answers no more"


def test_a_loop_whose_commits_fail_says_since_when_and_why(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr("services.chassis.stage.loop.LATELY_S", 0.0)
    failing = [CommitFailed("too few replicas", cause="unavailable")]
    session = MemorySession(records([b"a"]), lambda *_: failing[0] if failing else None)
    loop = StageLoop[Message](
        name="extract", group="g", session=session, handler=lambda record: Handled([], ""), article_topic=TOPIC, metrics=Metrics(),
        settings=StageSettings(backoff_min_s=0.001, backoff_max_s=0.001), stop=threading.Event(),
    )  # fmt: skip
    assert loop.problem() == ""
    loop.turn()
    first = loop.problem()
    assert first.startswith("nothing gets through since 20")
    assert first.endswith("too few replicas")
    failing.clear()
    loop.turn()
    assert session.exhausted
    assert loop.problem() == ""
