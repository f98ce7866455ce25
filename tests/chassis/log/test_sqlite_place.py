"""The file is moved, deleted, replaced, cut short or may not be written: said by name with the cure, and
never a new log in silence."""

from __future__ import annotations

import os
import shutil
from collections.abc import Callable
from pathlib import Path

import pytest

from services.chassis.errors import CommitFailed, LogUnreadable, TransientError
from services.chassis.log.open import open_log
from services.chassis.log.sqlite import SqliteLog
from services.chassis.log.types import Message, TopicSpec
from services.chassis.metrics import Metrics
from services.chassis.settings import IngestSettings, LogSettings, Settings, StoreSettings
from tests.support.disk import small_disk
from tests.support.log import everything

SUFFIXES = ("", "-wal", "-shm")
GONE = r"log\.db: the file is gone; put it back"


@pytest.fixture
def path(tmp_path: Path) -> Path:
    path = tmp_path / "var" / "log.db"
    make(path)
    return path


def make(path: Path) -> None:
    with SqliteLog(path) as log:
        log.create_topics([TopicSpec("t", 1, None)])
        with log.producer("test") as producer:
            producer.append([Message("t", b"k", b"%d" % n * 1_000) for n in range(50)])


def move_the_file(path: Path) -> None:
    path.rename(path.with_name("away.db"))


def move_all_of_it(path: Path) -> None:
    for suffix in SUFFIXES:
        Path(f"{path}{suffix}").rename(f"{path}-away{suffix}")


def delete(path: Path) -> None:
    for suffix in SUFFIXES:
        os.unlink(f"{path}{suffix}")


def delete_the_folder(path: Path) -> None:
    shutil.rmtree(path.parent)


def move_the_folder(path: Path) -> None:
    path.parent.rename(path.parent.with_name("elsewhere"))


def replace(path: Path) -> None:
    delete(path)
    make(path)


@pytest.mark.parametrize(
    ("happens", "words"),
    [
        (move_the_file, GONE),
        (move_all_of_it, GONE),
        (delete, GONE),
        (delete_the_folder, GONE),
        (move_the_folder, GONE),
        (replace, r"log\.db: another file stands in its place; put it back"),
    ],
)
def test_a_log_that_goes_while_in_use_takes_nothing_more(
    path: Path, happens: Callable[[Path], None], words: str
) -> None:
    with (
        SqliteLog(path) as log,
        log.producer("test") as producer,
        log.stage_consumer("g", ["t"], "0") as consumer,
    ):
        batch = consumer.poll(0.0)
        happens(path)
        before = sorted(path.parent.glob("log.db")), path.exists() and path.stat().st_size
        attempts: list[Callable[[], object]] = [
            lambda: producer.append([Message("t", b"k", b"lost?")]),
            lambda: consumer.commit(batch, batch.next_offsets, []),
            lambda: consumer.poll(0.0),
            consumer.lag,
            log.topics,
            lambda: list(log.read("t", 0)),
            lambda: log.committed("g"),
            lambda: log.producer("another"),
            lambda: log.stage_consumer("another", ["t"], "0"),
        ]
        for attempt in attempts:
            with pytest.raises(TransientError, match=words) as raised:
                attempt()
            assert str(path) in str(raised.value)
        for attempt in attempts[:2]:
            with pytest.raises(CommitFailed, match=words):
                attempt()
        assert (sorted(path.parent.glob("log.db")), path.exists() and path.stat().st_size) == before, (
            "none was made in its place"
        )


def test_put_back_it_goes_on(path: Path) -> None:
    with (
        SqliteLog(path) as log,
        log.producer("test") as producer,
        log.stage_consumer("g", ["t"], "0") as consumer,
    ):
        move_the_folder(path)
        with pytest.raises(CommitFailed, match=GONE):
            producer.append([Message("t", b"k", b"later")])
        path.parent.with_name("elsewhere").rename(path.parent)
        producer.append([Message("t", b"k", b"later")])
        assert len(consumer.poll(0.0).records) == 51


def test_a_file_cut_short_is_refused_and_left_alone(path: Path) -> None:
    os.truncate(path, path.stat().st_size // 2 // 4_096 * 4_096)
    content = path.read_bytes()
    with (
        pytest.raises(LogUnreadable, match=r"log\.db is damaged.*restore it from a copy"),
        SqliteLog(path) as log,
    ):
        everything(log, "t")
    assert path.read_bytes() == content


@pytest.mark.parametrize("empty", [False, True])
def test_what_only_the_write_ahead_log_holds_is_not_thrown_away(path: Path, empty: bool) -> None:
    """SQLite deletes a write-ahead log it finds beside an empty file, and with it what was appended last."""
    with SqliteLog(path) as log, log.producer("test") as producer:
        producer.append([Message("t", b"k", b"last")])
        kept = path.with_name("kept.db")
        shutil.copy(f"{path}-wal", f"{kept}-wal")
        shutil.copy(path, kept.with_name("moved.db"))
    if empty:
        kept.touch()
    content = Path(f"{kept}-wal").read_bytes()
    with pytest.raises(
        LogUnreadable,
        match=r"kept\.db is not there or empty, but its write-ahead log .*kept\.db-wal is: put the file back",
    ):
        SqliteLog(kept)
    assert Path(f"{kept}-wal").read_bytes() == content
    kept.with_name("moved.db").rename(kept)
    with SqliteLog(kept) as log:
        assert [record.value for record in log.read("t", 0, 50)] == [b"last"]


def test_a_log_that_may_not_be_written_is_refused(tmp_path: Path) -> None:
    with small_disk(tmp_path / "small") as disk:
        make(disk.path / "log.db")
        disk.make_read_only()
        with pytest.raises(LogUnreadable, match=r"log\.db is read-only: make it and its directory writable"):
            SqliteLog(disk.path / "log.db")
        with pytest.raises(LogUnreadable, match=r"new\.db: its directory is read-only: make it writable"):
            SqliteLog(disk.path / "new.db")


def settings(folder: Path) -> Settings:
    return Settings(
        log=LogSettings(path=folder / "log.db"),
        store=StoreSettings(url=f"sqlite:///{folder / 'record.db'}"),
        ingest=IngestSettings(index_path=folder / "ingest.db"),
    )


@pytest.mark.parametrize("old", ["record.db", "ingest.db"])
@pytest.mark.parametrize("empty", [False, True])
def test_no_new_log_beside_an_old_record_unless_it_is_asked_for(
    tmp_path: Path, old: str, empty: bool
) -> None:
    found = settings(tmp_path)
    with open_log(found, Metrics(), "extract"):
        pass
    delete_log = tmp_path / "log.db"
    delete_log.unlink()
    (tmp_path / old).write_bytes(b"made from the log that is gone")
    if empty:
        delete_log.touch()
    with pytest.raises(
        LogUnreadable,
        match=rf"log\.db is not there.*{old} was made from one: put the log back.*onrecord topics create",
    ):
        open_log(found, Metrics(), "extract")
    assert not delete_log.exists() or delete_log.stat().st_size == 0
    with open_log(found, Metrics(), "topics", begin=True) as log:
        assert log.topics() == {}
    with open_log(found, Metrics(), "extract") as log:
        assert log.topics() == {}
