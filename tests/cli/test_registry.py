"""``onrecord actors import`` and its companions as a person runs them."""

from __future__ import annotations

import json
from collections.abc import Iterator
from pathlib import Path

import pytest

from services.aggregate.identity import registry
from services.cli.main import main
from tests.support.reading import fill
from tests.support.statements import actor, make

LIST = "kind,names,alone\nperson,Ida Marlowe|Ida Wrenfield,Marlowe\norganization,Springfield Gazette,\n"


@pytest.fixture(autouse=True)
def record(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Iterator[None]:
    address = f"sqlite:///{tmp_path / 'record.db'}"
    monkeypatch.setenv("ONRECORD_STORE__URL", address)
    names = ("Ida Wrenfield", "Marlowe", "Ida Marlowe")
    fill(
        address,
        [event for n, name in enumerate(names) for event in make(f"art-{n}", speakers=(actor(name),)).events],
    )
    (tmp_path / "list.csv").write_text(LIST, encoding="utf-8")
    yield
    registry.use(())


def run(monkeypatch: pytest.MonkeyPatch, *arguments: object) -> int:
    monkeypatch.setattr("sys.argv", ["onrecord", "actors", *map(str, arguments)])
    with pytest.raises(SystemExit) as ended:
        main()
    return int(ended.value.code or 0)


def test_a_list_is_taken_in_shown_and_forgotten(
    monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str], tmp_path: Path
) -> None:
    assert run(monkeypatch, "import", tmp_path / "list.csv", "--check") == 0
    assert capsys.readouterr().out == f"{tmp_path / 'list.csv'}: 2 entries, all right\n"
    assert run(monkeypatch, "imported", "--jsonl") == 0
    assert capsys.readouterr().out == ""
    for told in ("2 added, 0 changed, 0 removed, 0 as before", "0 added, 0 changed, 0 removed, 2 as before"):
        assert run(monkeypatch, "import", tmp_path / "list.csv") == 0
        assert capsys.readouterr().out == f"list.csv: {told}\n"
    assert run(monkeypatch, "show", "person:ida-wrenfield") == 0
    assert capsys.readouterr().out.startswith("person:ida-marlowe: Ida ")
    assert run(monkeypatch, "imported") == 0
    lines = [line.split() for line in capsys.readouterr().out.splitlines()]
    assert ["list.csv", "person:ida-marlowe", "Ida", "Marlowe,", "Ida", "Wrenfield"] in lines
    assert run(monkeypatch, "imported", "--jsonl") == 0
    (tmp_path / "again.jsonl").write_text(capsys.readouterr().out, encoding="utf-8")
    assert run(monkeypatch, "import", tmp_path / "again.jsonl", "--as", "list.csv") == 0
    assert capsys.readouterr().out == "list.csv: 0 added, 0 changed, 0 removed, 2 as before\n"
    assert run(monkeypatch, "forget", "list.csv") == 0
    assert run(monkeypatch, "forget", "list.csv") == 1
    assert "list.csv: no list and no id among the imported entries" in capsys.readouterr().err


def test_what_is_wrong_is_told_and_nothing_taken_in(
    monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str], tmp_path: Path
) -> None:
    (tmp_path / "bad.csv").write_text("kind,names\nrobot,R2\nperson,\n", encoding="utf-8")
    assert run(monkeypatch, "import", tmp_path / "bad.csv") == 1
    assert "bad.csv:2: kind: 'robot'; write person or organization" in capsys.readouterr().err
    (tmp_path / "same.csv").write_text("kind,names\nperson,Rodney Starmer|Keir Starmer\n", encoding="utf-8")
    assert run(monkeypatch, "import", tmp_path / "same.csv") == 1
    assert "a name of person:keir-starmer too; list it under shared" in capsys.readouterr().err
    assert run(monkeypatch, "imported", "--jsonl") == 0
    assert capsys.readouterr().out == ""


def test_a_dump_of_wikidata_becomes_a_list(
    monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str], tmp_path: Path
) -> None:
    dump = Path(__file__).parents[1] / "aggregate" / "identity" / "wikidata.json"
    out = tmp_path / "list.jsonl"
    assert run(monkeypatch, "wikidata", dump, "--out", out, "--country", "Q30") == 0
    assert (
        capsys.readouterr().out
        == f"7 entities, 1 entries in {out}, 0 left out: without a name of their own\n"
    )
    assert json.loads(out.read_text(encoding="utf-8"))["wikidata"] == "Q900000001"
    assert run(monkeypatch, "import", out) == 0
