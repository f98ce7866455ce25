"""``onrecord search``."""

from __future__ import annotations

import json
import os
import subprocess
import sys
from pathlib import Path

import pytest

from tests.support.reading import fill, sample


@pytest.fixture(scope="module")
def record(tmp_path_factory: pytest.TempPathFactory) -> str:
    folder: Path = tmp_path_factory.mktemp("record")
    address = f"sqlite:///{folder / 'record.db'}"
    fill(address, sample())
    return address


def run(record: str, *arguments: str) -> tuple[int, str, str]:
    environment = {**os.environ, "ONRECORD_STORE__URL": record, "COLUMNS": "200", "NO_COLOR": "1"}
    command = [sys.executable, "-m", "services.cli", "search", *arguments]
    done = subprocess.run(command, capture_output=True, text=True, env=environment, check=False)
    return done.returncode, done.stdout, done.stderr


def test_statements_are_printed(record: str) -> None:
    code, out, _ = run(record, "bridges safe")
    assert code == 0
    assert "nobody will be hurt, […] It is safe." in out, "pieces that stand apart are not joined"
    assert "says it is not so" in out
    assert "2 statements" in out
    assert "Ana Lee 1" in out


def test_json_is_what_the_api_answers(record: str) -> None:
    code, out, _ = run(record, "bridge", "--json", "--max", "1", "--actor", "lee", "--kind", "quote")
    answer = json.loads(out)
    assert code == 0
    assert answer["statements"]["total"] == 1
    assert answer["facets"]["kinds"] == [{"value": "quote", "name": None, "statements": 1}]


def test_nothing_found_says_why(record: str) -> None:
    code, out, _ = run(record, "brigde")
    assert code == 1
    assert "Not on record: “brigde”" in out
    assert "did you mean: bridge" in out


@pytest.mark.parametrize(
    ("arguments", "words"),
    [
        (["(bridge"], "parenthesis is open"),
        (["bridge", "--kind", "rumour"], "--kind"),
        (["bridge", "--from", "yesterday"], "--from"),
        (["x" * 201], "QUERY"),
    ],
)
def test_what_is_wrong_is_named(record: str, arguments: list[str], words: str) -> None:
    code, out, error = run(record, *arguments)
    assert (code != 0, out) == (True, "")
    assert words in error
    assert "Traceback" not in error


def test_hostile_words_do_not_steer_the_terminal(record: str) -> None:
    _, out, _ = run(record, "script")
    assert "\x07" not in out
    assert "\u202e" not in out
    assert "alert('x')" in out
