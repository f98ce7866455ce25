"""The locks as they are read by pip: which packages, for which machines, and what these need in turn."""

from __future__ import annotations

import re
import tomllib
from collections.abc import Callable, Iterator, Mapping, Sequence
from dataclasses import dataclass
from functools import cache
from importlib import metadata
from itertools import product
from pathlib import Path

from packaging.markers import default_environment
from packaging.requirements import Requirement
from packaging.utils import canonicalize_name
from packaging.version import Version

ROOT = Path(__file__).parents[2]
PYTHONS = ("3.11.7", "3.12.3", "3.13.1", "3.14.0")
PLATFORMS = (("linux", "Linux", "posix"), ("darwin", "Darwin", "posix"), ("win32", "Windows", "nt"))

Needs = Callable[[str, str], Sequence[Requirement] | None]
"""What a package of a version needs, as its metadata says; None where that is not known."""


@dataclass(frozen=True, slots=True)
class Pin:
    """One entry of a lock."""

    name: str
    version: str
    requirement: Requirement


@cache
def pins(lock: str) -> list[Pin]:
    """The entries of a lock's text."""
    found = []
    for line in re.findall(r"^([A-Za-z0-9][^\n]*?)(?: \\)?$", lock, re.MULTILINE):
        requirement = Requirement(line)
        (version,) = requirement.specifier
        found.append(Pin(canonicalize_name(requirement.name), version.version, requirement))
    return found


def environments() -> Iterator[dict[str, str]]:
    """The machines that the locks are for, as markers see them."""
    own = {name: str(value) for name, value in default_environment().items()}
    for python, (sys_platform, system, os_name) in product(PYTHONS, PLATFORMS):
        yield own | {
            "python_version": python.rpartition(".")[0], "python_full_version": python, "implementation_version": python,
            "sys_platform": sys_platform, "platform_system": system, "os_name": os_name,
        }  # fmt: skip


def wanted(*, extra: str | None = None, group: str | None = None) -> list[Requirement]:
    """What the project asks for."""
    text = tomllib.loads((ROOT / "pyproject.toml").read_text(encoding="utf-8"))
    listed = list(text["project"]["dependencies"])
    listed += text["project"]["optional-dependencies"][extra] if extra else []
    listed += text["dependency-groups"][group] if group else []
    return [Requirement(line) for line in listed]


@cache
def installed_needs(name: str, version: str) -> Sequence[Requirement] | None:
    """:data:`Needs` of what is installed here."""
    try:
        found = metadata.distribution(name)
    except metadata.PackageNotFoundError:
        return None
    return (
        [Requirement(line) for line in found.requires or ()]
        if Version(found.version) == Version(version)
        else None
    )


def missing(
    lock: str, asked: Sequence[Requirement], environment: Mapping[str, str], needs: Needs
) -> list[str]:
    """What a lock leaves out on a machine: each requirement, extras followed, that none of its entries
    meets."""
    here = {pin.name: pin for pin in pins(lock) if _applies(pin.requirement, environment, "")}
    problems: list[str] = []
    seen: set[tuple[str, str]] = set()
    waiting = [
        ("the project", requirement) for requirement in asked if _applies(requirement, environment, "")
    ]
    while waiting:
        by, requirement = waiting.pop()
        pin = here.get(canonicalize_name(requirement.name))
        if pin is None or not requirement.specifier.contains(pin.version, prereleases=True):
            problems.append(
                f"{by} needs {requirement}, the lock has {pin.requirement if pin else 'no entry'}"
            )
            continue
        for extra in sorted({"", *requirement.extras}):
            if (pin.name, extra) in seen:
                continue
            seen.add((pin.name, extra))
            further = needs(pin.name, pin.version) or ()
            waiting += [(pin.name, found) for found in further if _applies(found, environment, extra)]
    return problems


def _applies(requirement: Requirement, environment: Mapping[str, str], extra: str) -> bool:
    return requirement.marker is None or requirement.marker.evaluate({**environment, "extra": extra})
