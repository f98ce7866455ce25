"""``onrecord actors`` as a person runs it."""

from __future__ import annotations

import json
from pathlib import Path

import pytest

from services.cli.main import main
from tests.support.reading import fill
from tests.support.statements import actor, make

NAMES = ("Bohdan Dolynsky", "Bohdan Dolynskyy", "Carl Anders", "Karl Anders", "Marlowe")


@pytest.fixture(autouse=True)
def record(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    address = f"sqlite:///{tmp_path / 'record.db'}"
    monkeypatch.setenv("ONRECORD_STORE__URL", address)
    fill(
        address,
        [event for n, name in enumerate(NAMES) for event in make(f"art-{n}", speakers=(actor(name),)).events],
    )


def run(monkeypatch: pytest.MonkeyPatch, *arguments: str) -> int:
    monkeypatch.setattr("sys.argv", ["onrecord", "actors", *arguments])
    with pytest.raises(SystemExit) as ended:
        main()
    return int(ended.value.code or 0)


def test_the_names_of_an_actor_and_why_they_are_one(
    monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str]
) -> None:
    assert run(monkeypatch, "show", "person:bohdan-dolynskyy") == 0
    first, *table = capsys.readouterr().out.splitlines()
    assert first == "person:bohdan-dolynsky: Bohdan Dolynsky, 2 statements"
    linked = next(line.split() for line in table if line.strip().startswith("person:bohdan-dolynsky "))
    assert linked == ["person:bohdan-dolynsky", "1", "person:bohdan-dolynskyy", "spelling", "0.98"]
    assert run(monkeypatch, "show", "person:bohdan-dolynsky", "--json") == 0
    assert len(json.loads(capsys.readouterr().out)["names"]) == 2


def test_names_that_may_be_one_are_listed(
    monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str]
) -> None:
    assert run(monkeypatch, "candidates") == 0
    lines = [line.split() for line in capsys.readouterr().out.splitlines()]
    assert ["person:carl-anders", "person:karl-anders", "alike", "0.80"] in lines


def test_an_unknown_actor_is_said_to_be_unknown(
    monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str]
) -> None:
    assert run(monkeypatch, "show", "person:marlowe") == 1
    assert "No actor 'person:marlowe' is on record" in capsys.readouterr().err
