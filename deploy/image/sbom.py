"""The image's Python packages as a CycloneDX bill of materials, from the lock: ``python deploy/image/sbom.py
[FILE]``.

Made on demand, not committed: the lock is the one source, and the output is the same, byte for byte, for the
same lock. Only what the lock installs in the image is listed (the lock serves every platform), each with the
checksums that pip holds its files to. What the base image brings is not: a scanner of the finished image
lists that (``docker buildx build --sbom=true``).
"""

from __future__ import annotations

import re
import subprocess
import sys
from pathlib import Path

from packaging.markers import default_environment
from packaging.requirements import Requirement

ROOT = Path(__file__).resolve().parents[2]
LOCK = ROOT / "requirements" / "otel.txt"
"""What the image installs: run.txt and the OpenTelemetry exporter."""
DOCKERFILE = ROOT / "deploy" / "Dockerfile"


def image_environment() -> dict[str, str]:
    """The environment that the image's lock is read in: Linux, and the Python that the Dockerfile's base
    names."""
    base = re.search(
        r"^ARG BASE=python:(\d+\.\d+)\.(\d+)-", DOCKERFILE.read_text(encoding="utf-8"), re.MULTILINE
    )
    if base is None:
        raise SystemExit(
            f"{DOCKERFILE}: no line `ARG BASE=python:X.Y.Z-…` to read the version of Python from"
        )
    return {name: str(value) for name, value in default_environment().items()} | {
        "implementation_name": "cpython", "os_name": "posix", "platform_machine": "x86_64", "platform_system": "Linux",
        "python_full_version": f"{base[1]}.{base[2]}", "python_version": base[1], "sys_platform": "linux",
    }  # fmt: skip


def installed(lock: str, environment: dict[str, str]) -> str:
    """The entries of a lock, checksums included, that apply in an environment."""
    entries = re.split(r"^(?=[A-Za-z0-9])", lock, flags=re.MULTILINE)
    return "".join(
        entry for entry in entries if (named := entry.partition(" \\\n")[0]) and _applies(named, environment)
    )


def _applies(named: str, environment: dict[str, str]) -> bool:
    if named.startswith("#"):
        return False
    marker = Requirement(named).marker
    return marker is None or marker.evaluate(environment)


def sbom() -> bytes:
    """The bill of materials, CycloneDX 1.6 JSON, validated.

    Raises:
        SystemExit: cyclonedx-py refused.
    """
    program = Path(sys.executable).with_name("cyclonedx-py")
    done = subprocess.run(
        [program, "requirements", "-", "--pyproject", "pyproject.toml", "--sv", "1.6", "--output-reproducible", "--validate"],
        input=installed(LOCK.read_text(encoding="utf-8"), image_environment()).encode(), cwd=ROOT, capture_output=True, check=False,
    )  # fmt: skip
    if done.returncode != 0:
        raise SystemExit(f"cyclonedx-py: {done.stderr.decode(errors='replace').strip()}")
    return done.stdout


if __name__ == "__main__":
    target = Path(sys.argv[1]) if len(sys.argv) > 1 else ROOT / "build" / "sbom.cdx.json"
    target.parent.mkdir(parents=True, exist_ok=True)
    target.write_bytes(sbom())
    print(target)
