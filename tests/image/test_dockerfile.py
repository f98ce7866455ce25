"""The image's sources, checked without building: the Dockerfile, what is sent to the builder, the locks, the
bill of materials."""

from __future__ import annotations

import json
import re
import subprocess
import sys
import tomllib
from pathlib import Path
from typing import Any

import pytest

from tests.support.image import ROOT, script

DOCKERFILE = (ROOT / "deploy" / "Dockerfile").read_text(encoding="utf-8")
PYPROJECT = tomllib.loads((ROOT / "pyproject.toml").read_text(encoding="utf-8"))
PROJECT = PYPROJECT["project"]


def pins(lock: str) -> dict[str, str]:
    """Each entry of a lock, ``name==version ; marker``, with its checksums."""
    text = (ROOT / "requirements" / lock).read_text(encoding="utf-8")
    return dict(
        re.findall(r"^([a-z0-9][^\n]*?) \\\n((?:    --hash=[^\n]*\n)+)", text, re.MULTILINE | re.IGNORECASE)
    )


def test_hadolint_finds_nothing() -> None:
    hadolint = Path(sys.executable).with_name("hadolint")
    done = subprocess.run(
        [hadolint, "deploy/Dockerfile"], cwd=ROOT, capture_output=True, text=True, check=False
    )
    assert (done.returncode, done.stdout, done.stderr) == (0, "", "")


def test_base_is_one_exact_tag_for_both_stages() -> None:
    assert re.findall(r"^FROM (.*)$", DOCKERFILE, re.MULTILINE) == ["${BASE} AS build", "${BASE}"]
    [base] = re.findall(r"^ARG BASE=(.*)$", DOCKERFILE, re.MULTILINE)
    assert re.fullmatch(r"python:3\.\d+\.\d+-slim-[a-z]+", base)


def test_labels_are_the_projects() -> None:
    assert f"ARG VERSION={PROJECT['version']}\n" in DOCKERFILE
    labels = dict(re.findall(r'org\.opencontainers\.image\.([a-z.]+)="(.*?)"', DOCKERFILE))
    assert labels["title"] == PROJECT["name"]
    assert labels["description"] == PROJECT["description"]
    assert labels["licenses"] == PROJECT["license"]


def test_build_arguments_are_the_dockerfiles() -> None:
    declared = set(re.findall(r"^ARG ([A-Z]+)", DOCKERFILE, re.MULTILINE))
    given = script("build").build_arguments()
    assert given["VERSION"] == PROJECT["version"]
    assert set(given) <= declared


def test_the_builder_is_sent_what_is_copied_and_nothing_else() -> None:
    """``.dockerignore`` leaves all out and lets in by name, so that a new folder, a secret or a corpus stays
    here."""
    lines = [
        line
        for line in (ROOT / ".dockerignore").read_text().splitlines()
        if line and not line.startswith("#")
    ]
    assert lines[0] == "*"
    copies = re.findall(r"^COPY (?!--from)(.*)$", DOCKERFILE, re.MULTILINE)
    copied = {source.partition("/")[0] for line in copies for source in line.split()[:-1]}
    assert {line.removeprefix("!") for line in lines if line.startswith("!")} == copied
    assert all((ROOT / name).exists() for name in copied)


def test_every_file_beside_the_code_is_package_data() -> None:
    """A file that ``package-data`` does not name would be missing from the image, and only there."""
    patterns = PYPROJECT["tool"]["setuptools"]["package-data"]
    listed = subprocess.run(
        ["git", "ls-files", "services", "schemas"], cwd=ROOT, capture_output=True, text=True, check=True
    ).stdout
    files = [Path(name) for name in listed.splitlines() if not name.endswith((".py", "README.md"))]
    assert len(files) > 50
    assert [name for name in files if f"**/*{name.suffix}" not in patterns[name.parts[0]]] == []


@pytest.fixture(scope="module")
def bill() -> dict[str, Any]:
    """The bill of materials as generated; the generator validates it against CycloneDX's schema."""
    document: dict[str, Any] = json.loads(script("sbom").sbom())
    return document


def test_bill_of_materials_lists_what_the_lock_installs(bill: dict[str, Any]) -> None:
    assert (bill["bomFormat"], bill["specVersion"]) == ("CycloneDX", "1.6")
    assert bill["metadata"]["component"]["name"] == "onrecord"
    assert bill["metadata"]["component"]["version"] == PROJECT["version"]
    names = [part["name"] for part in bill["components"]]
    assert len(names) == len(set(names)), "one version of each"
    unconditional = {tuple(entry.split("==")) for entry in pins("otel.txt") if ";" not in entry}
    assert {(part["name"], part["version"]) for part in bill["components"]} >= unconditional
    assert "numpy" in names
    assert "colorama" not in names, "Windows only"
    assert "pytest" not in names


def test_bill_of_materials_has_checksums_and_says_the_same_each_time(bill: dict[str, Any]) -> None:
    for part in bill["components"]:
        assert part["purl"].startswith("pkg:pypi/"), part["name"]
        assert any(reference.get("hashes") for reference in part["externalReferences"]), part["name"]
    assert "serialNumber" not in bill
    assert "timestamp" not in bill["metadata"]
