"""The killable worker, on the real processes; what its work does is made up here, in functions that the child
imports by name."""

from __future__ import annotations

import os
import re
import signal
import sys
import time
from collections.abc import Callable, Iterator

import pytest

from services.chassis import worker as module
from services.chassis.errors import TransientError
from services.chassis.worker import Worker, WorkerFailed, WorkerLimits, WorkerUnfit
from tests.support.patience import PATIENCE_S

LIMITS = WorkerLimits(timeout_s=PATIENCE_S, memory_mb=256)


class Stopped(Exception):
    """What a parent raises that wants to stop."""


def echo(argument: str) -> Callable[[bytes], bytes]:
    def work(request: bytes) -> bytes:
        if request == b"crash":
            os.kill(os.getpid(), signal.SIGSEGV)
        if request == b"fill":
            return b"x" * (1 << 30)
        if request == b"loop":
            re.fullmatch(r"(a|aa)+", "a" * 200 + "b")
        if request == b"raise":
            raise KeyError("Secret\nwords")
        if request == b"print":
            sys.stdout.write("words of a library")
        return f"{argument}:{os.getpid()}:".encode() + request

    return work


def broken(_: str) -> Callable[[bytes], bytes]:
    raise ValueError("no model there")


@pytest.fixture
def worker() -> Iterator[Worker]:
    made = Worker(f"{__name__}:echo", "said", LIMITS)
    yield made
    made.close()


def failure(worker: Worker, request: bytes) -> WorkerFailed:
    with pytest.raises(WorkerFailed) as caught:
        worker.ask(request)
    return caught.value


def test_it_answers_with_its_argument_however_long_request_and_answer_are(worker: Worker) -> None:
    for length in (0, 1, 1 << 16, 5_000_000):
        assert worker.ask(b"y" * length) == f"said:{worker.pid}:".encode() + b"y" * length


def test_a_process_that_was_killed_is_replaced(worker: Worker) -> None:
    worker.start()
    first = worker.pid
    assert first is not None
    os.kill(first, signal.SIGKILL)
    assert worker.ask(b"x").endswith(b":x")
    assert worker.pid != first


def test_one_killed_in_the_middle_of_a_request_is_replaced_and_asked_again(
    worker: Worker, monkeypatch: pytest.MonkeyPatch
) -> None:
    worker.start()
    exchange = module.exchange
    killed: list[int] = []

    def kill_first(process, *rest):  # type: ignore[no-untyped-def]
        if not killed:
            killed.append(process.pid)
            process.kill()
            process.wait()
        return exchange(process, *rest)

    monkeypatch.setattr(module, "exchange", kill_first)
    assert worker.ask(b"x").endswith(b":x")
    assert killed


def test_a_request_that_crashes_it_twice_is_given_up_and_the_next_one_answered(worker: Worker) -> None:
    assert failure(worker, b"crash").kind == "died"
    assert worker.ask(b"x").endswith(b":x")


def test_a_catastrophic_pattern_is_ended_at_the_limit_and_the_next_request_answered() -> None:
    worker = Worker(f"{__name__}:echo", "said", WorkerLimits(timeout_s=2.0, memory_mb=256))
    try:
        assert failure(worker, b"loop").kind == "timeout"
        assert worker.pid is None
        assert worker.ask(b"x").endswith(b":x")
    finally:
        worker.close()


def test_more_memory_than_allowed_is_refused_and_the_next_request_answered(worker: Worker) -> None:
    assert failure(worker, b"fill").kind == "memory"
    assert worker.ask(b"x").endswith(b":x")


def test_what_it_raises_is_told_and_the_process_goes_on(worker: Worker) -> None:
    worker.start()
    first = worker.pid
    told = failure(worker, b"raise")
    assert (told.kind, told.cause) == ("failed", "KeyError")
    assert "in work" in told.traceback
    assert "Secret" not in str(told)
    assert worker.ask(b"x").endswith(b":x")
    assert worker.pid == first


def test_what_a_library_prints_does_not_disturb(worker: Worker) -> None:
    assert worker.ask(b"print").endswith(b":print")
    assert worker.ask(b"x").endswith(b":x")


def test_a_waiting_parent_looks_up_every_second_and_can_stop_at_once(worker: Worker) -> None:
    worker.start()
    seen: list[float] = []

    def look_up() -> None:
        seen.append(time.monotonic())
        if len(seen) == 3:
            raise Stopped

    with pytest.raises(Stopped):
        worker.ask(b"loop", look_up)
    assert worker.pid is None, "its answer might be taken for the next one's"
    assert worker.ask(b"x").endswith(b":x")


def test_it_is_replaced_after_so_many_requests() -> None:
    worker = Worker(f"{__name__}:echo", "said", WorkerLimits(PATIENCE_S, 256, requests=2))
    try:
        pids = [worker.ask(b"x").split(b":")[1] for _ in range(4)]
    finally:
        worker.close()
    assert pids[0] == pids[1] != pids[2] == pids[3]


def test_ctrl_c_reaches_the_parent_only(worker: Worker) -> None:
    worker.start()
    first = worker.pid
    assert first is not None
    for number in (signal.SIGINT, signal.SIGTERM):
        os.kill(first, number)
    assert worker.ask(b"x").endswith(b":x")
    assert worker.pid == first


def test_work_that_cannot_be_made_says_why() -> None:
    with pytest.raises(WorkerUnfit, match=r"^no model there$"):
        Worker(f"{__name__}:broken", "", LIMITS).ask(b"x")


def test_a_process_that_does_not_start_is_tried_again_another_time(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(sys, "executable", "/nowhere/python")
    with pytest.raises(TransientError, match="does not start"):
        Worker(f"{__name__}:echo", "said", LIMITS).ask(b"x")
