"""The record's database when it cannot be used: named, with the cure, and never tried again for ever."""

from __future__ import annotations

import sqlite3
from collections.abc import Callable
from io import StringIO
from pathlib import Path

import pytest
import sqlalchemy as sa
from rich.console import Console

from services.aggregate.store import Store
from services.aggregate.store.engine import failure_kind, open_engine, reading, transaction
from services.chassis.errors import CommitFailed, OnrecordError, SettingsError, TransientError
from services.chassis.settings import Settings, StoreSettings
from services.cli.record import print_record
from tests.support.disk import small_disk
from tests.support.record import feed
from tests.support.statements import actor, make

NO_DATABASE = b"no database, but long enough to be looked at as one" * 50
SECRET = "words of an article"


def in_a_file(tmp_path: Path) -> Path:
    (tmp_path / "a.txt").write_text("x")
    return tmp_path / "a.txt" / "record.db"


def below_a_file(tmp_path: Path) -> Path:
    return in_a_file(tmp_path) / "deeper" / "record.db"


def a_folder(tmp_path: Path) -> Path:
    (tmp_path / "record.db").mkdir()
    return tmp_path / "record.db"


def no_database(tmp_path: Path) -> Path:
    (tmp_path / "record.db").write_bytes(NO_DATABASE)
    return tmp_path / "record.db"


@pytest.mark.parametrize(
    ("make", "words"),
    [
        (in_a_file, "folder that can be written to"),
        (below_a_file, "folder that can be written to"),
        (a_folder, "folder that can be written to"),
        (no_database, "file is not a database.*move it away"),
    ],
)
def test_a_file_that_cannot_be_used_is_a_settings_error(
    tmp_path: Path, make: Callable[[Path], Path], words: str
) -> None:
    path = make(tmp_path)
    with pytest.raises(SettingsError, match=rf"^ONRECORD_STORE__URL: {path}: .*{words}") as raised:
        Store(f"sqlite:///{path}", "group")
    assert len(raised.value.problems) == 1


def test_a_file_that_may_not_be_written_is_a_settings_error(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.chdir(tmp_path)  # the address of a URI file names a folder below here
    path = tmp_path / "record.db"
    Store(f"sqlite:///{path}", "group").close()
    # root may write anything, so the file itself is opened for reading only
    with pytest.raises(
        SettingsError, match=r"^ONRECORD_STORE__URL: .*cannot be written \(.*readonly database\); name a file"
    ):
        Store(f"sqlite:///file:{path}?mode=ro&uri=true", "group")


def test_trying_a_file_leaves_nothing_in_it(tmp_path: Path) -> None:
    with open_engine(f"sqlite:///{tmp_path / 'record.db'}").connect() as connection:
        assert sa.inspect(connection).get_table_names() == []


def test_another_writer_is_no_mistake_of_the_settings(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr("services.aggregate.store.engine.BUSY_MS", 10)
    address = f"sqlite:///{tmp_path / 'record.db'}"
    with transaction(open_engine(address)):
        other = open_engine(address)
        with pytest.raises(CommitFailed, match="locked"), transaction(other):
            pass


def test_a_file_damaged_while_it_is_used_is_not_tried_again(tmp_path: Path) -> None:
    path = tmp_path / "record.db"
    engine = open_engine(f"sqlite:///{path}")
    path.write_bytes(NO_DATABASE)
    for use in (transaction, reading):
        with (
            pytest.raises(
                OnrecordError, match=rf"{path} is damaged .*not a database.*move it away"
            ) as raised,
            use(engine),
        ):
            pass
        assert not isinstance(raised.value, TransientError)


def test_messages_hold_no_article_text(tmp_path: Path) -> None:
    engine = open_engine(f"sqlite:///{tmp_path / 'record.db'}")
    with engine.connect() as connection, pytest.raises(sa.exc.DBAPIError) as raised:
        connection.execute(sa.text("INSERT INTO nowhere VALUES (:text)"), {"text": SECRET})
    assert SECRET not in str(raised.value)


def test_a_record_that_cannot_be_shown_is_one_clear_message(tmp_path: Path) -> None:
    path = tmp_path / "record.db"
    sqlite3.connect(path).close()
    settings = Settings(store=StoreSettings(url=f"sqlite:///{path}"))
    with pytest.raises(
        OnrecordError, match=r"^the record cannot be shown: The database of the record holds no tables yet"
    ):
        print_record(settings, Console(file=StringIO()))


def test_a_lock_that_is_not_granted_in_time_is_a_timeout(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr("services.aggregate.store.engine.BUSY_MS", 10)
    first, second = (open_engine(f"sqlite:///{tmp_path / 'record.db'}") for _ in range(2))
    with transaction(first), pytest.raises(CommitFailed) as failed, transaction(second):
        pass
    assert failure_kind(failed.value.__cause__) == "timeout"
    first.dispose()
    second.dispose()


@pytest.mark.parametrize(
    ("error", "kind"),
    [
        (ConnectionResetError(), "connection"),
        (TimeoutError(), "timeout"),
        (OverflowError(), "integrity"),
        (sa.exc.ProgrammingError("", {}, Exception({"C": "42P01"})), "other"),
        (sa.exc.OperationalError("", {}, Exception({"C": "57P01"})), "connection"),
        (sa.exc.OperationalError("", {}, Exception({"C": "57014"})), "timeout"),
        (sa.exc.InterfaceError("", {}, Exception("network error")), "connection"),
        (RuntimeError("the log refused a record"), None),
        (None, None),
    ],
)
def test_failures_are_counted_under_what_failed(error: BaseException | None, kind: str | None) -> None:
    assert failure_kind(error) == kind


def test_a_full_disk_is_named_with_its_cure_and_heals(tmp_path: Path) -> None:
    with small_disk(tmp_path / "small") as disk:
        store = Store(f"sqlite:///{disk.path / 'record.db'}", "group")
        store.migrate()
        disk.fill()
        made = [make(f"art-{n}", speakers=(actor("Ana Lee"),)) for n in range(100)]
        with pytest.raises(CommitFailed, match=r"record\.db: .*full.*make room"):
            feed(store, [[event for one in made for event in one.events]])
        disk.make_room()
        feed(store, [[event for one in made for event in one.events]])
        assert store.entries()["quote"] == 100
        store.close()
