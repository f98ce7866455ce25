"""The locks are whole and agree, and nothing that installs from them resolves anything."""

from __future__ import annotations

import re
import subprocess
from itertools import combinations
from pathlib import Path

import pytest

from tests.support.locks import ROOT, environments, installed_needs, missing, pins, wanted

LOCKS = {
    "run": wanted(),
    "otel": wanted(extra="otel"),
    "parquet": wanted(extra="parquet"),
    "dev": wanted(group="dev"),
    "train": wanted(group="train"),
}
INSTALLED = ("run", "otel", "parquet", "dev")
"""These are installed where the tests run, so that what their packages need is known; of train's own, pip
says so when it installs them."""
ENTRY = re.compile(r"^([A-Za-z0-9][^\n]*?) \\\n((?:    --hash=[^\n]*\n)+)", re.MULTILINE)
"""``name==version ; marker`` and its checksums."""
LOCKED = ("--no-deps", "--require-hashes", "--only-binary")


def text_of(lock: str) -> str:
    return (ROOT / "requirements" / f"{lock}.txt").read_text(encoding="utf-8")


@pytest.mark.parametrize("lock", LOCKS)
def test_a_lock_holds_whatever_its_packages_need_on_every_machine(lock: str) -> None:
    text = text_of(lock)
    problems = [
        problem
        for machine in environments()
        for problem in missing(text, LOCKS[lock], machine, installed_needs)
    ]
    assert problems == []


@pytest.mark.parametrize("lock", INSTALLED)
def test_what_packages_need_is_known(lock: str) -> None:
    """Otherwise the test above would be idle; a package for other machines only may be unknown here."""
    unknown = [pin for pin in pins(text_of(lock)) if installed_needs(pin.name, pin.version) is None]
    assert [pin.name for pin in unknown if pin.requirement.marker is None] == []


@pytest.mark.parametrize(
    "left_out", ["h11", "lz4", "tzdata"], ids=["of a package", "of an extra", "of another machine"]
)
def test_a_lock_with_a_gap_is_noticed(left_out: str) -> None:
    text = re.sub(rf"^{left_out}==.*\n(?:    .*\n)+", "", text_of("dev"), count=1, flags=re.MULTILINE)
    assert text != text_of("dev")
    problems = [
        problem
        for machine in environments()
        for problem in missing(text, LOCKS["dev"], machine, installed_needs)
    ]
    assert {left_out} == {re.search(r"needs ([\w-]+)", problem).group(1) for problem in problems}  # type: ignore[union-attr]


def test_a_version_too_old_is_noticed() -> None:
    text = re.sub(r"^h11==[\d.]+", "h11==0.1", text_of("run"), flags=re.MULTILINE)
    assert any(
        "the lock has h11==0.1" in problem
        for problem in missing(text, wanted(), next(environments()), installed_needs)
    )


def test_what_is_in_two_locks_is_the_same() -> None:
    """Version, machines and checksums: what the tests ran with is what runs."""
    entries = {lock: dict(ENTRY.findall(text_of(lock))) for lock in (*LOCKS, "build", "installer")}
    for one, other in combinations(entries, 2):
        shared = {entry.partition("==")[0] for entry in entries[one]} & {
            entry.partition("==")[0] for entry in entries[other]
        }
        for name in shared:
            assert of(name, entries[one]) == of(name, entries[other]), (
                f"{one}.txt and {other}.txt differ: `make lock`"
            )
    for extra in ("otel", "parquet"):
        assert entries["run"].items() < entries[extra].items() < entries["dev"].items()


def of(name: str, entries: dict[str, str]) -> dict[str, str]:
    return {entry: sums for entry, sums in entries.items() if entry.partition("==")[0] == name}


def test_nothing_that_installs_from_a_lock_resolves_or_builds() -> None:
    """Wherever pip is handed a lock it is told to add nothing to it, in every file of the project."""
    listed = subprocess.run(
        ["git", "ls-files"], cwd=ROOT, capture_output=True, text=True, check=True
    ).stdout.splitlines()
    found = 0
    for name in listed:
        path = ROOT / name
        if (
            path.suffix in {".md", ".txt", ".json", ".onnx", ".png"}
            or name.startswith("tests/")
            or not path.is_file()
        ):
            continue
        for command in pip_commands(path):
            if re.search(r"(?:^|\s)-r\s", command):
                found += 1
                assert [option for option in LOCKED if option not in command] == [], f"{name}: {command}"
    assert found


def pip_commands(path: Path) -> list[str]:
    """The pip commands in a file of shell, make or Docker, continued lines joined."""
    joined = path.read_text(encoding="utf-8", errors="replace").replace("\\\n", " ")
    return re.findall(r"\bpip\b[^\n&|;]*\b(?:install|wheel|download)\b[^\n&|;]*", joined)
