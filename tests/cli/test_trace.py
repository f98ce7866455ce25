"""``onrecord trace`` as a person runs it."""

from __future__ import annotations

import json
from dataclasses import replace
from pathlib import Path

import pytest

from services.chassis.stage.dead_letters import PREFIX
from services.cli.main import main
from services.ingest.identity import article_id
from tests.support.record import feed
from tests.support.statements import make
from tests.support.trail import TRACE, article, fill_trail, follow, letter, record


@pytest.fixture(autouse=True)
def store(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> str:
    address = f"sqlite:///{tmp_path / 'record.db'}"
    monkeypatch.setenv("ONRECORD_STORE__URL", address)
    return address


def trace(monkeypatch: pytest.MonkeyPatch, *arguments: str) -> int:
    monkeypatch.setattr("sys.argv", ["onrecord", "trace", *arguments])
    with pytest.raises(SystemExit) as ended:
        main()
    return int(ended.value.code or 0)


def test_each_stage_outcome_and_time_is_printed(
    store: str, monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str]
) -> None:
    fill_trail(store)
    assert trace(monkeypatch, "art-1") == 0
    first, second, *table = capsys.readouterr().out.splitlines()
    assert first == "art-1 · Gazette"
    assert second == "on record: revision 2, 2 quotes, 0 claims"
    lines = [line.split() for line in table if "onrecord." in line]
    assert lines[0][:6] == ["2026-03-01", "12:00:00.000", "ingest", "accepted", "1", "onrecord.articles"]
    assert lines[1][:6] == ["2026-03-01", "12:00:02.000", "2.0", "s", "extract", "extracted"]
    assert all(TRACE in line for line in lines)
    assert len(lines) == 6


def test_a_dead_letter_names_the_letter_and_the_reason(
    store: str, monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str]
) -> None:
    fill_trail(store)
    assert trace(monkeypatch, "art-poison") == 0
    printed = capsys.readouterr().out
    assert "not on record: it waits among the dead letters" in printed
    assert "onrecord.articles 0:9 (dead letter 0:41)" in printed
    assert "too_deep: article: too_deep" in printed


def test_headers_of_strangers_steer_no_terminal(
    store: str, monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str]
) -> None:
    from services.aggregate.store import Store

    opened = Store(store, "test")
    opened.migrate()
    foreign = letter(record(article("art-1"), 7))
    hostile = {
        "original-topic": b"[/red]\x1b[31mtopic",
        "reason": b"bad\x1b]0;title\x07[bold]",
        "error-message": b"\x1b[2J[/]",
    }
    headers = tuple((name, hostile.get(name.removeprefix(PREFIX), value)) for name, value in foreign.headers)
    follow(opened, [[replace(foreign, headers=headers, value=b'{"article": {"article_id": "art-1"}}')]])
    opened.close()
    assert trace(monkeypatch, "art-1") == 0
    printed = capsys.readouterr().out
    assert "[/red] [31mtopic 0:7" in printed
    assert "bad ]0;title [bold]:  [2J[/]" in printed
    assert "\x1b" not in printed


def test_json_is_what_the_api_answers(
    store: str, monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str]
) -> None:
    fill_trail(store)
    assert trace(monkeypatch, "art-gone", "--json") == 0
    found = json.loads(capsys.readouterr().out)
    assert (found["article_id"], found["status"]) == ("art-gone", "withdrawn")
    assert found["steps"][0]["at"] == "2026-03-01T12:00:00Z"


def test_an_address_finds_its_article(
    store: str, monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str]
) -> None:
    from services.aggregate.store import Store

    opened = Store(store, "test")
    opened.migrate()
    url = "https://www.example.org/bridge?utm_source=x"
    own = make("own-id").document.model_copy(update={"url": "https://example.org/own"})
    follow(opened, [[record(article(article_id(url, "", "text/plain")))]])
    feed(opened, [[own]])
    opened.close()
    assert trace(monkeypatch, "http://example.org/bridge") == 0
    assert "on its way" in capsys.readouterr().out
    assert trace(monkeypatch, "https://example.org/own") == 0
    assert capsys.readouterr().out.startswith("own-id")


def test_a_refused_feed_entry_is_found_by_its_address(
    store: str, monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str]
) -> None:
    fill_trail(store)
    assert trace(monkeypatch, "https://example.org/refused") == 0
    assert "refused when it came in" in capsys.readouterr().out


def test_an_argument_that_is_no_text_is_unknown(
    store: str, monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str]
) -> None:
    fill_trail(store)
    assert trace(monkeypatch, "art-\udcff") == 1
    assert "nothing is known of 'art-?'" in capsys.readouterr().err


def test_nothing_known_says_what_to_check(
    store: str, monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str]
) -> None:
    fill_trail(store)
    assert trace(monkeypatch, "art-never") == 1
    said = capsys.readouterr().err
    for word in ("'art-never'", "duplicate", "onrecord dlq list", "aggregate", "90 days"):
        assert word in said


def test_a_record_without_tables_says_so(
    monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str]
) -> None:
    assert trace(monkeypatch, "art-1") == 1
    assert "the trail cannot be read" in capsys.readouterr().err
