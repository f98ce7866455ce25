"""``onrecord actors merge`` and its like, as a person runs them on the embedded log."""

from __future__ import annotations

import json
from pathlib import Path

import pytest

from schemas.events import Decision
from services.chassis.cloudevents import decode
from services.chassis.log.sqlite import SqliteLog
from services.chassis.log.topics import declared
from services.cli.main import main
from tests.support.log import everything
from tests.support.reading import fill
from tests.support.statements import actor, make

NAMES = ("Bohdan Dolynsky", "Bohdan Dolynskyy", "Carl Anders", "Karl Anders", "Marlowe")
DOLYNSKY, DOLYNSKYY, CARL, KARL = (
    "person:bohdan-dolynsky",
    "person:bohdan-dolynskyy",
    "person:carl-anders",
    "person:karl-anders",
)
MADE = [make(f"art-{n}", speakers=(actor(name),)) for n, name in enumerate(NAMES)]


class Bench:
    """A record and a log, and what was decided."""

    def __init__(self, folder: Path) -> None:
        self.address = f"sqlite:///{folder / 'record.db'}"
        self._log = folder / "log.db"
        fill(self.address, [event for made in MADE for event in made.events])
        with SqliteLog(self._log) as log:
            log.create_topics(declared(2))

    @property
    def decisions(self) -> list[Decision]:
        with SqliteLog(self._log) as log:
            return [decode(record, Decision).event for record in everything(log, Decision.topic)]


@pytest.fixture
def bench(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Bench:
    made = Bench(tmp_path)
    monkeypatch.setenv("ONRECORD_STORE__URL", made.address)
    monkeypatch.setenv("ONRECORD_LOG__PATH", str(tmp_path / "log.db"))
    monkeypatch.setenv("LOGNAME", "ana")
    return made


def run(monkeypatch: pytest.MonkeyPatch, *arguments: str) -> int:
    monkeypatch.setattr("sys.argv", ["onrecord", "actors", *arguments])
    with pytest.raises(SystemExit) as ended:
        main()
    return int(ended.value.code or 0)


def test_each_command_puts_its_decision_on_the_log(
    bench: Bench, monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str]
) -> None:
    quote = MADE[0].statements[0].event_id
    for arguments in (
        ("merge", CARL, KARL), ("split", DOLYNSKYY), ("rename", CARL, "Carl A. Anders"), ("link", CARL, "Q7"), ("reject", KARL, CARL),
        ("reassign", quote, CARL, "--by", "bo"),
    ):  # fmt: skip
        assert run(monkeypatch, *arguments, "--why", "Because.") == 0, capsys.readouterr().err
    made = bench.decisions
    assert sorted((one.kind.value, one.actor_id, one.other_id, one.decided_by) for one in made) == sorted([
        ("merge", CARL, KARL, "ana"), ("split", DOLYNSKYY, None, "ana"), ("rename", CARL, None, "ana"), ("link", CARL, None, "ana"),
        ("reject", CARL, KARL, "ana"), ("reassign", None, CARL, "bo"),
    ])  # fmt: skip
    printed = capsys.readouterr()
    assert set(printed.out.split()) == {one.decision_id for one in made}
    assert "on record as soon as aggregate has read it" in printed.err


def test_decisions_are_listed_with_who_when_and_why_and_undone(
    bench: Bench, monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str]
) -> None:
    assert run(monkeypatch, "merge", CARL, KARL, "--why", "One [bold]and[/] the same.\n", "--by", "bo") == 0
    fill(bench.address, bench.decisions)
    merged = capsys.readouterr().out.strip()
    assert run(monkeypatch, "decisions") == 0
    row = next(line for line in capsys.readouterr().out.splitlines() if merged in line)
    assert "bo" in row
    assert "person:carl-anders is Karl Anders (person:karl-anders)" in row
    assert "One [bold]and[/] the same." in row
    assert run(monkeypatch, "undo", merged, "--why", "Two.") == 0
    fill(bench.address, bench.decisions)
    capsys.readouterr()
    assert run(monkeypatch, "decisions", CARL, "--json") == 0
    found = [json.loads(line) for line in capsys.readouterr().out.splitlines()]
    assert [(one["kind"], one["in_force"]) for one in found] == [("undo", True), ("merge", False)]


def test_what_the_record_contradicts_is_refused_and_not_written(
    bench: Bench, monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str]
) -> None:
    for arguments, cure in (
        (("merge", DOLYNSKYY, CARL), "split it first"), (("undo", "decision-none"), "no decision 'decision-none' is on record"),
        (("link", CARL, "none"), "has no item already"), (("rename", CARL, ""), "name"),
    ):  # fmt: skip
        assert run(monkeypatch, *arguments, "--why", "Because.") == 1
        assert cure in capsys.readouterr().err
    assert run(monkeypatch, "split", DOLYNSKYY) == 2, "why it is so must be said"
    assert bench.decisions == []
