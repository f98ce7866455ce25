"""Several processes on one log file, and processes that are killed."""

from __future__ import annotations

import os
import signal
import sqlite3
from collections.abc import Iterator
from pathlib import Path

import pytest

from services.chassis.errors import GroupInUse
from services.chassis.failpoints import NAMES
from services.chassis.log.sqlite import SqliteLog
from services.chassis.log.types import Message
from tests.support.log import everything, values
from tests.support.log_process import (
    DEAD,
    GROUP,
    PARTITIONS,
    POISON,
    SOURCE,
    TARGET,
    copy,
    create,
    outputs,
    start,
)
from tests.support.patience import PATIENCE_S


@pytest.fixture
def path(tmp_path: Path) -> Path:
    return tmp_path / "log.db"


@pytest.fixture
def log(path: Path) -> Iterator[SqliteLog]:
    with SqliteLog(path, busy_timeout_s=PATIENCE_S) as log:
        create(log)
        yield log


def check_file(path: Path) -> None:
    connection = sqlite3.connect(path)
    assert connection.execute("PRAGMA integrity_check").fetchone() == ("ok",)
    connection.close()


@pytest.mark.parametrize("reaped", [True, False])
def test_a_dead_process_is_succeeded_at_once(log: SqliteLog, path: Path, reaped: bool) -> None:
    with start("hold", path) as owner:
        assert owner.stdout is not None
        assert owner.stdout.readline() == "holding\n"
        with pytest.raises(GroupInUse, match=f"process {owner.pid} "):
            log.stage_consumer(GROUP, [SOURCE], "0")
        owner.send_signal(signal.SIGKILL)
        # a process that nobody has reaped yet still has its pid
        os.waitid(os.P_PID, owner.pid, os.WEXITED | os.WNOWAIT)
        if reaped:
            owner.wait()
        log.stage_consumer(GROUP, [SOURCE], "0").close()


def test_a_process_that_ends_gives_its_group_back(log: SqliteLog, path: Path) -> None:
    with start("hold", path) as owner:
        assert owner.stdout is not None
        assert owner.stdout.readline() == "holding\n"
        owner.communicate("")
    assert owner.returncode == 0
    with sqlite3.connect(path) as connection:
        assert connection.execute("SELECT * FROM lease").fetchall() == []
    connection.close()


@pytest.mark.parametrize("name", NAMES)
@pytest.mark.parametrize("hit", [1, 3])
def test_kill_9_loses_nothing_and_doubles_nothing(log: SqliteLog, path: Path, name: str, hit: int) -> None:
    """Killed in the middle of a transaction, the log holds all of the batches before it and nothing of this
    one."""
    with log.producer("test") as producer:
        producer.append(
            [
                Message(SOURCE, b"k%d" % (n % 9), (POISON if n % 5 == 0 else b"fine") + b"-%03d" % n)
                for n in range(60)
            ]
        )
    with start("copy", path, failpoint=f"{name}:{hit}") as stage:
        stage.wait()
    assert stage.returncode == -signal.SIGKILL
    check_file(path)

    committed = log.committed(GROUP)
    done = [
        record for tp, offset in committed.items() for record in log.read(SOURCE, tp.partition, 0, offset)
    ]
    if hit == 1:
        assert bool(done) == (name == "after_commit")
    expected = [outputs(record) for record in done]
    assert values(everything(log, TARGET)) == sorted(m.value or b"" for m in expected if m.topic == TARGET)
    assert values(everything(log, DEAD)) == sorted(m.value or b"" for m in expected if m.topic == DEAD)

    copy(log)
    everything_once = sorted(record.value or b"" for record in everything(log, SOURCE))
    assert sorted([*values(everything(log, TARGET)), *values(everything(log, DEAD))]) == everything_once
    assert all(letter.startswith(POISON) for letter in values(everything(log, DEAD)))
    check_file(path)


def test_a_killed_append_happened_whole_or_not_at_all(log: SqliteLog, path: Path) -> None:
    with start("append", path, "a", 20, 10, failpoint="after_send:55") as writer:
        writer.wait()
    assert writer.returncode == -signal.SIGKILL
    assert values(everything(log, SOURCE)) == [b"a-%06d" % n for n in range(50)]
    with start("append", path, "b", 1, 10, failpoint="before_commit") as writer:
        writer.wait()
    assert len(everything(log, SOURCE)) == 50
    with start("append", path, "b", 1, 10, failpoint="after_commit") as writer:
        writer.wait()
    assert len(everything(log, SOURCE)) == 60


def test_writers_and_readers_in_several_processes(log: SqliteLog, path: Path) -> None:
    names = ["a", "b", "c"]
    writers = [start("append", path, name, 30, 10) for name in names]
    with log.stage_consumer(GROUP, [SOURCE], "0") as stage:
        read = 0
        while read < 900:
            batch = stage.poll(PATIENCE_S, 50)
            assert batch.records, "a writer stopped"
            read += len(batch.records)
            stage.commit(batch, batch.next_offsets, [outputs(record) for record in batch.records])
    for writer in writers:
        writer.communicate()
        assert writer.returncode == 0
    copied = [record for number in range(PARTITIONS) for record in log.read(TARGET, number)]
    for name in names:
        assert [r.value for r in copied if r.key == name.encode()] == [
            b"%s-%06d" % (name.encode(), n) for n in range(300)
        ]
    assert sum(log.committed(GROUP).values()) == 900
    check_file(path)


def test_processes_that_make_the_file_together(path: Path) -> None:
    racers = [start("create", path) for _ in range(3)]
    for racer in racers:
        racer.communicate()
        assert racer.returncode == 0
    with SqliteLog(path) as log:
        assert sorted(log.topics()) == sorted([SOURCE, TARGET, DEAD])
    check_file(path)
