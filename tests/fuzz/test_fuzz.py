"""The bounded form of fuzzing, for every test run: what once broke, edits of what means something, and a
while of following coverage."""

from __future__ import annotations

import json
import os
import subprocess
import sys
from pathlib import Path

import pytest
from hypothesis import HealthCheck, Phase, given, settings

from tests.fuzz.engines import HAS_ATHERIS, NO_ATHERIS, inputs
from tests.fuzz.registry import TARGETS
from tests.fuzz.target import Target
from tests.fuzz.watch import CASES, TooSlow, Watched
from tests.support.patience import PATIENCE_S

_ROOT = Path(__file__).parents[2]
_EXAMPLES = {"extract-model": 12, "extract-page": 20, "extract-rules": 60, "tagger-decode": 80, "feed": 60}
_FOLLOWED = (
    "event",
    "dead-letter",
    "charset",
    "prescan",
    "read-text",
    "read-lines",
    "read-json",
    "read-gzip",
    "robots",
    "address",
    "normaliser",
)
"""Those of which thousands of inputs take seconds."""
_RUNS = 8_000


@pytest.mark.parametrize(
    "case", sorted(CASES.glob("*/*.bin")), ids=lambda path: f"{path.parent.name}/{path.stem}"
)
def test_what_once_broke_does_not_break_again(case: Path) -> None:
    TARGETS[case.parent.name].check(case.read_bytes())


@pytest.mark.parametrize("target", TARGETS.values(), ids=TARGETS)
def test_edits_of_meaningful_inputs_keep_every_promise(target: Target) -> None:
    for data in target.seeds():
        target.check(data)

    @settings(
        max_examples=_EXAMPLES.get(target.name, 100),
        phases=[Phase.generate, Phase.shrink],
        suppress_health_check=list(HealthCheck),
    )
    @given(inputs(target))
    def look(data: bytes) -> None:
        target.check(data)

    look()


@pytest.mark.skipif(not HAS_ATHERIS, reason=NO_ATHERIS)
def test_following_coverage_finds_nothing(tmp_path: Path) -> None:
    command = [
        sys.executable,
        "-m",
        "tests.fuzz.one",
        ",".join(_FOLLOWED),
        "atheris",
        "--runs",
        str(_RUNS),
        "--into",
        str(tmp_path),
    ]
    always_the_same = {**os.environ, "PYTHONHASHSEED": "0"}
    done = subprocess.run(
        command,
        cwd=_ROOT,
        env=always_the_same,
        capture_output=True,
        text=True,
        timeout=PATIENCE_S * 3,
        check=False,
    )
    assert done.returncode == 0, done.stderr[-4_000:]
    account = json.loads((tmp_path / "account.json").read_text())
    assert account["crashed"] is False
    assert account["peak_mb"] < 500


def _refuses_x(data: bytes) -> None:
    assert b"x" not in data, "x"


def test_an_input_that_breaks_a_promise_is_kept(tmp_path: Path) -> None:
    watched = Watched(Target("picky", _refuses_x), tmp_path, "test", 60)
    watched(b"abc")
    with pytest.raises(AssertionError, match="x"):
        watched(b"axc")
    account = json.loads((tmp_path / "account.json").read_text())
    assert (account["inputs"], account["crashed"]) == (1, True)
    assert [path.read_bytes() for path in tmp_path.glob("*.bin")] == [b"axc"]


def _works(data: bytes) -> None:
    sum(range(200_000))


def test_an_input_that_takes_too_long_breaks_a_promise(tmp_path: Path) -> None:
    slow = Target("slow", _works, seconds=0.0)
    with pytest.raises(TooSlow):
        Watched(slow, tmp_path, "test", 60)(b"abc")
