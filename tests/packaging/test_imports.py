"""The import contract can be broken: each of its clauses is, by one planted module."""

from __future__ import annotations

import re
import shutil
import subprocess
import sys
from pathlib import Path

import pytest

ROOT = Path(__file__).parents[2]
LINTER = Path(sys.executable).with_name("lint-imports")

PLANTED = {
    "layers": ("services/chassis/planted.py", "from services.ingest import files"),
    "events": ("schemas/planted.py", "import services.chassis.errors"),
    "pure": ("services/extract/types.py", "import services.chassis.settings"),
    "kafka": ("services/ingest/planted.py", "from kafka.errors import KafkaError"),
    "database": ("services/lag/planted.py", "import sqlalchemy.orm"),
    "model": ("services/query/planted.py", "import onnxruntime"),
    "lab": ("services/extract/planted.py", "from lab.quality import gate"),
}
"""For every clause a module that breaks it, and the line it does it with."""


@pytest.fixture
def tree(tmp_path: Path) -> Path:
    for package in ("lab", "services", "schemas"):
        shutil.copytree(ROOT / package, tmp_path / package, ignore=_no_python)
    shutil.copy(ROOT / "pyproject.toml", tmp_path)
    return tmp_path


def _no_python(folder: str, names: list[str]) -> list[str]:
    return [name for name in names if not (name.endswith(".py") or Path(folder, name).is_dir())]


def lint(tree: Path) -> subprocess.CompletedProcess[str]:
    return subprocess.run(
        [LINTER, "--no-cache", "--no-logo"], cwd=tree, capture_output=True, text=True, check=False
    )


def broken(tree: Path) -> set[str]:
    """The names of the clauses that this tree breaks."""
    return set(re.findall(r"^(.*) BROKEN$", lint(tree).stdout, re.MULTILINE))


def test_the_code_keeps_the_contract(tree: Path) -> None:
    done = lint(tree)
    assert done.returncode == 0, done.stdout + done.stderr
    assert f"Contracts: {len(PLANTED)} kept, 0 broken." in done.stdout


def test_every_clause_can_be_broken(tree: Path) -> None:
    clauses = dict(
        re.findall(r'^id = "(.*)"\nname = "(.*)"$', (ROOT / "pyproject.toml").read_text(), re.MULTILINE)
    )
    assert clauses.keys() == PLANTED.keys()
    for file, line in PLANTED.values():
        with (tree / file).open("a") as module:
            module.write(f"{line}\n")
    assert broken(tree) == set(clauses.values())
