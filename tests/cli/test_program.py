"""The program as a whole: its version, and what a shell needs to complete its commands."""

from __future__ import annotations

import os
import subprocess
import sys
from importlib.metadata import version

import pytest


def onrecord(*arguments: str, **variables: str) -> subprocess.CompletedProcess[str]:
    command = [sys.executable, "-m", "services.cli", *arguments]
    return subprocess.run(command, env=os.environ | variables, capture_output=True, text=True, check=False)


def test_version() -> None:
    done = onrecord("--version")
    assert (done.returncode, done.stdout) == (0, f"onrecord {version('onrecord')}\n")


@pytest.mark.parametrize("shell", ["bash", "zsh", "fish"])
def test_a_script_that_completes_in_this_shell(shell: str) -> None:
    done = onrecord(_ONRECORD_COMPLETE=f"source_{shell}")
    assert done.returncode == 0
    assert f"complete_{shell}" in done.stdout
    assert "onrecord" in done.stdout


def test_what_the_script_asks_is_answered() -> None:
    done = onrecord(_ONRECORD_COMPLETE="complete_bash", COMP_WORDS="onrecord ser", COMP_CWORD="1")
    assert done.stdout.split() == ["service"]
