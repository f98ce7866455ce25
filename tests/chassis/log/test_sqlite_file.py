"""The file itself: what is refused, with which words, and what survives."""

from __future__ import annotations

import sqlite3
import threading
from pathlib import Path

import pytest

from services.chassis.errors import CommitFailed, LogUnreadable, TransientError
from services.chassis.log.sqlite import SqliteLog, schema
from services.chassis.log.types import Message, TopicSpec
from tests.support.disk import small_disk
from tests.support.log import everything
from tests.support.patience import PATIENCE_S


@pytest.fixture
def path(tmp_path: Path) -> Path:
    return tmp_path / "var" / "log.db"


def make(path: Path) -> None:
    with SqliteLog(path) as log:
        log.create_topics([TopicSpec("t", 1, None)])
        with log.producer("test") as producer:
            producer.append([Message("t", b"k", b"%d" % n * 1_000) for n in range(50)])


def change(path: Path, statement: str) -> None:
    connection = sqlite3.connect(path)
    connection.execute(statement)
    connection.commit()
    connection.close()


def test_settings_of_the_file(path: Path) -> None:
    make(path)
    with SqliteLog(path) as log:
        connection = log._shared.file.connect()
        settings = {
            name: connection.execute(f"PRAGMA {name}").fetchone()[0]
            for name in ("journal_mode", "synchronous", "user_version")
        }
        connection.close()
    assert settings == {"journal_mode": "wal", "synchronous": 2, "user_version": schema.VERSION}


def test_one_file_remains_and_opens_again(path: Path) -> None:
    make(path)
    assert [file.name for file in path.parent.iterdir()] == ["log.db"]
    with SqliteLog(path) as log:
        assert len(everything(log, "t")) == 50


def test_another_version_is_refused(path: Path) -> None:
    make(path)
    change(path, f"PRAGMA user_version = {schema.VERSION + 1}")
    with pytest.raises(LogUnreadable, match=r"log\.db.*version 3.*reads version 2"):
        SqliteLog(path)


def test_another_database_is_refused_and_left_alone(tmp_path: Path) -> None:
    path = tmp_path / "record.db"
    change(path, "CREATE TABLE statement (id INTEGER)")
    before = path.read_bytes()
    with pytest.raises(LogUnreadable, match=r"record\.db.*not an event log"):
        SqliteLog(path)
    assert path.read_bytes() == before


@pytest.mark.parametrize(
    "content", [b"not a database at all, only text" * 100, b"SQLite format 3\0" + b"\xff" * 4_080]
)
def test_a_file_that_is_no_database_is_refused(tmp_path: Path, content: bytes) -> None:
    path = tmp_path / "log.db"
    path.write_bytes(content)
    with pytest.raises(LogUnreadable, match=r"log\.db"):
        SqliteLog(path)
    assert path.read_bytes() == content


def test_damage_inside_is_named_when_it_is_met(path: Path) -> None:
    make(path)
    raw = bytearray(path.read_bytes())
    raw[8_192:] = b"\xa5" * (len(raw) - 8_192)
    path.write_bytes(raw)
    with pytest.raises(LogUnreadable, match=r"log\.db is damaged"), SqliteLog(path) as log:
        everything(log, "t")


def test_a_directory_that_cannot_be(tmp_path: Path) -> None:
    (tmp_path / "file").write_text("")
    with pytest.raises(LogUnreadable, match=r"file/log\.db"):
        SqliteLog(tmp_path / "file" / "log.db")
    with pytest.raises(LogUnreadable, match="is a directory, not an event log: name a file in it"):
        SqliteLog(tmp_path)


def test_a_locked_file_is_transient(path: Path) -> None:
    make(path)
    change(path, "PRAGMA journal_mode = DELETE")
    blocker = sqlite3.connect(path, isolation_level=None)
    blocker.execute("BEGIN EXCLUSIVE")
    with pytest.raises(TransientError, match="locked"):
        SqliteLog(path, busy_timeout_s=0.05)
    blocker.close()
    SqliteLog(path).close()


def test_threads_that_open_it_together(path: Path) -> None:
    opened: list[list[str]] = []

    def open_it() -> None:
        with SqliteLog(path, busy_timeout_s=PATIENCE_S) as log:
            opened.append(log.create_topics([TopicSpec("t", 3, None)]))

    threads = [threading.Thread(target=open_it) for _ in range(6)]
    for thread in threads:
        thread.start()
    for thread in threads:
        thread.join()
    assert sorted(opened) == [[], [], [], [], [], ["t"]]


def test_people_can_read_it_with_a_shell(path: Path) -> None:
    make(path)
    connection = sqlite3.connect(path)
    found = connection.execute(
        'SELECT topic, partition, "offset", length(value) FROM readable_record WHERE "offset" = 12'
    ).fetchall()
    connection.close()
    assert found == [("t", 0, 12, 2_000)]


def test_a_full_disk_is_named_with_its_cure_and_heals(tmp_path: Path) -> None:
    with small_disk(tmp_path / "small") as disk:
        make(disk.path / "log.db")
        with SqliteLog(disk.path / "log.db") as log, log.producer("test") as producer:
            disk.fill()
            for _ in range(2):
                with pytest.raises(CommitFailed, match=r"log\.db: .*full.*make room") as raised:
                    producer.append([Message("t", b"k", b"x" * 100_000)] * 5)
                assert raised.value.cause == "disk_full"
            assert len(everything(log, "t")) == 50
            disk.make_room()
            producer.append([Message("t", b"k", b"x" * 100_000)] * 5)
            assert len(everything(log, "t")) == 55


def test_a_new_log_on_a_full_disk_says_so(tmp_path: Path) -> None:
    with small_disk(tmp_path / "small") as disk:
        disk.fill()
        with pytest.raises(TransientError, match=r"log\.db: .*room"):
            SqliteLog(disk.path / "log.db")
