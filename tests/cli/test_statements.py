"""``onrecord statements`` and ``onrecord show`` as a person runs them."""

from __future__ import annotations

import json
from pathlib import Path

import pytest

from services.cli.main import main
from tests.support.appearances import TUNNEL, told
from tests.support.reading import fill


@pytest.fixture(autouse=True)
def record(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    address = f"sqlite:///{tmp_path / 'record.db'}"
    monkeypatch.setenv("ONRECORD_STORE__URL", address)
    events = [
        told("art-1", TUNNEL),
        told("art-2", f"{TUNNEL}\x1b", on=1, outlet="Herald"),
        told("art-3", "It will cost nothing at all", on=2),
    ]
    fill(address, [event for part in events for event in part])


def run(monkeypatch: pytest.MonkeyPatch, *arguments: str) -> int:
    monkeypatch.setattr("sys.argv", ["onrecord", *arguments])
    with pytest.raises(SystemExit) as ended:
        main()
    return int(ended.value.code or 0)


def test_statements_are_listed_once_with_where_they_are_told(
    monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str]
) -> None:
    assert run(monkeypatch, "statements", "person:ida-holm") == 0
    first, *table = capsys.readouterr().out.splitlines()
    assert first == "person:ida-holm: Ida Holm, 2 statements"
    (tunnel,) = [row for row in table if "tunnel" in row]
    assert "2026-03-01" in tunnel
    assert "2 articles, 2 outlets" in tunnel
    assert run(monkeypatch, "statements", "person:ida-holm", "--all", "--json") == 0
    assert json.loads(capsys.readouterr().out)["total"] == 3
    assert run(monkeypatch, "statements", "person:ida-holm", "--from", "soon") == 2
    assert "from" in capsys.readouterr().err


def test_a_statement_is_shown_with_every_article(
    monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str]
) -> None:
    run(monkeypatch, "statements", "person:ida-holm", "--words", "tunnel", "--json")
    identity = json.loads(capsys.readouterr().out)["items"][0]["statement_id"]
    assert run(monkeypatch, "show", identity) == 0
    shown = capsys.readouterr().out
    assert "told in 2 articles, 2 outlets, first 2026-03-01" in shown
    assert "art-1" in shown
    assert "\x1b" not in shown
    assert run(monkeypatch, "show", "quote-nobody") == 1
    assert "No statement 'quote-nobody' is on record" in capsys.readouterr().err
