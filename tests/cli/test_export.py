"""``onrecord export`` as a person runs it."""

from __future__ import annotations

import json
import subprocess
import sys
from pathlib import Path

import pytest

from services.cli.main import main
from tests.support.many import fill_many
from tests.support.reading import LEE, fill, sample

FEW, MANY = 10_000, 30_000
"""Statements: a row group of Parquet, and three of them."""


@pytest.fixture
def record(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    address = f"sqlite:///{tmp_path / 'record.db'}"
    monkeypatch.setenv("ONRECORD_STORE__URL", address)
    fill(address, sample())


def run(monkeypatch: pytest.MonkeyPatch, *arguments: str) -> int:
    monkeypatch.setattr("sys.argv", ["onrecord", "export", *arguments])
    with pytest.raises(SystemExit) as ended:
        main()
    return int(ended.value.code or 0)


@pytest.mark.usefixtures("record")
def test_filters_are_those_of_the_lists(
    monkeypatch: pytest.MonkeyPatch, capsysbinary: pytest.CaptureFixture[bytes]
) -> None:
    given = (
        "--format",
        "jsonl",
        "--actor",
        LEE,
        "--from",
        "2026-03-01",
        "--kind",
        "quote",
        "--sort",
        "oldest",
        "--words",
        "bridge",
    )
    assert run(monkeypatch, "statements", *given) == 0
    (line,) = capsysbinary.readouterr().out.splitlines()
    assert json.loads(line)["article"]["article_id"] == "art-bridge"
    assert run(monkeypatch, "actors", "--limit", "2") == 0
    assert len(capsysbinary.readouterr().out.splitlines()) == 3


@pytest.mark.usefixtures("record")
def test_a_file_has_its_name_when_it_is_whole(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    out = tmp_path / "claims.parquet"
    assert run(monkeypatch, "claims", "--format", "parquet", "--out", str(out)) == 0
    assert out.read_bytes().startswith(b"PAR1")
    assert (
        run(monkeypatch, "statements", "--actor", "person:nobody", "--out", str(tmp_path / "nothing.csv"))
        == 1
    )
    assert sorted(path.name for path in tmp_path.iterdir() if "record" not in path.name) == ["claims.parquet"]


@pytest.mark.usefixtures("record")
@pytest.mark.parametrize(
    ("arguments", "code", "said"),
    [
        (("statements", "--from", "2025-31-12"), 2, "onrecord: --from: Input should be a valid date"),
        (
            ("statements", "--min-statements", "3"),
            2,
            "onrecord: --min-statements: statements have no such filter",
        ),
        (("actors", "--actor", LEE), 2, "onrecord: --actor: actors have no such filter"),
        (("statements", "--from", "2026-02-01", "--to", "2026-01-01"), 2, "must not be after"),
        (("statements", "--actor", "person:nobody"), 1, "onrecord: No actor 'person:nobody' is on record."),
        (("actors", "--format", "webannotation"), 1, "annotations are of words in articles"),
        (("actors", "--out", "."), 2, "onrecord: --out: '.' names no file"),
        (
            ("actors", "--out", "/dev/null/actors.csv"),
            1,
            "/dev/null/actors.csv: cannot be written (Not a directory)",
        ),
        (
            ("actors", "--out", "/nowhere/actors.csv"),
            1,
            "/nowhere/actors.csv: cannot be written (No such file or directory)",
        ),
    ],
)
def test_mistakes_are_named(
    monkeypatch: pytest.MonkeyPatch,
    capsys: pytest.CaptureFixture[str],
    arguments: tuple[str, ...],
    code: int,
    said: str,
) -> None:
    assert run(monkeypatch, *arguments) == code
    assert said in capsys.readouterr().err


@pytest.mark.usefixtures("record")
def test_without_pyarrow_the_cure_is_named(
    monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str], tmp_path: Path
) -> None:
    monkeypatch.setitem(sys.modules, "pyarrow", None)
    assert run(monkeypatch, "actors", "--format", "parquet", "--out", str(tmp_path / "a.parquet")) == 1
    assert (
        "onrecord: Parquet needs the extra `parquet`: pip install 'onrecord[parquet]'"
        in capsys.readouterr().err
    )


MEASURED = """
import resource, sys
from services.cli.main import main
sys.argv = ["onrecord", "export", "statements", "--out", *sys.argv[1:]]
try:
    main()
finally:
    print(resource.getrusage(resource.RUSAGE_SELF).ru_maxrss // 1024)
"""
FLAT_MB = 20
"""Megabytes more of the larger record that are an allocator's whims. Gathered before it is written, it took
110 (CSV) and 91 (Parquet) more."""


@pytest.mark.slow
def test_memory_does_not_grow_with_the_record(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    for count in (FEW, MANY):
        fill_many(f"sqlite:///{tmp_path / str(count)}", count)

    def peak(form: str, count: int) -> int:
        monkeypatch.setenv("ONRECORD_STORE__URL", f"sqlite:///{tmp_path / str(count)}")
        out = tmp_path / "out"
        command = [sys.executable, "-c", MEASURED, str(out), "--format", form]
        done = subprocess.run(
            command, capture_output=True, text=True, check=True, cwd=Path(__file__).parents[2]
        )
        assert out.stat().st_size
        return int(done.stdout.splitlines()[-1])

    for form in ("csv", "parquet"):
        assert peak(form, MANY) < peak(form, FEW) + FLAT_MB, form
