from __future__ import annotations

import os
import signal
import subprocess
import sys

import pytest

from services.chassis.errors import SettingsError
from services.chassis.failpoints import NAMES, parse

PROGRAM = """
from services.chassis.failpoints import failpoint
for n in range(5):
    failpoint("after_send"); print(n, flush=True); failpoint("after_commit")
"""


def run(value: str | None) -> tuple[int, list[str]]:
    environment = {name: text for name, text in os.environ.items() if name != "ONRECORD_FAILPOINT"}
    if value is not None:
        environment["ONRECORD_FAILPOINT"] = value
    done = subprocess.run(
        [sys.executable, "-c", PROGRAM], env=environment, capture_output=True, text=True, check=False
    )
    return done.returncode, done.stdout.split()


@pytest.mark.parametrize(
    ("value", "printed"),
    [
        ("after_send", []),
        ("after_send:3", ["0", "1"]),
        ("after_commit:1", ["0"]),
        ("after_commit:5", list("01234")),
    ],
)
def test_the_process_is_killed_at_the_nth_hit(value: str, printed: list[str]) -> None:
    assert run(value) == (-signal.SIGKILL, printed)


@pytest.mark.parametrize("value", [None, "", "after_send:6", "before_commit"])
def test_it_runs_on_otherwise(value: str | None) -> None:
    assert run(value) == (0, list("01234"))


def test_values_are_parsed() -> None:
    assert [parse(name) for name in NAMES] == [(name, 1) for name in NAMES]
    assert parse("after_flush:12") == ("after_flush", 12)


@pytest.mark.parametrize(
    "value", ["nowhere", "after_send:0", "after_send:x", "after_send:-1", ":3", "after_send:²"]
)
def test_a_wrong_value_is_refused(value: str) -> None:
    with pytest.raises(SettingsError, match="ONRECORD_FAILPOINT"):
        parse(value)
