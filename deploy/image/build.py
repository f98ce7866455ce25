"""Build the image with docker, podman or buildah, whichever is here: ``python deploy/image/build.py [--tag
NAME] [-- OPTION …]``.

The same as building by hand, with the labels filled in from the checkout. Options after ``--`` go to the
builder as they are.
"""

from __future__ import annotations

import argparse
import datetime as dt
import shutil
import subprocess
import sys
import tomllib
from pathlib import Path

ROOT = Path(__file__).resolve().parents[2]
ENGINES = ("docker", "podman", "buildah")


def build_arguments() -> dict[str, str]:
    """The Dockerfile's build arguments for the labels.

    The time is that of the commit, not of the build, so that the same commit gives the same labels. A changed
    working tree is told by the suffix ``-dirty`` of the revision. Outside a git checkout the Dockerfile's own
    defaults stay for all but the version.
    """
    project = tomllib.loads((ROOT / "pyproject.toml").read_text(encoding="utf-8"))["project"]
    found = {"VERSION": str(project["version"])}
    revision = _git("rev-parse", "HEAD")
    if not revision:
        return found
    seconds = int(_git("log", "-1", "--format=%ct"))
    found["REVISION"] = revision + ("-dirty" if _git("status", "--porcelain", "--untracked-files=no") else "")
    found["CREATED"] = dt.datetime.fromtimestamp(seconds, dt.UTC).strftime("%Y-%m-%dT%H:%M:%SZ")
    source = _git("remote", "get-url", "origin")
    if source.startswith("https://") and "@" not in source:  # never a local path or a credential
        found["SOURCE"] = source.removesuffix(".git")
    return found


def _git(*words: str) -> str:
    try:
        done = subprocess.run(["git", *words], cwd=ROOT, capture_output=True, text=True, check=False)
    except FileNotFoundError:
        return ""
    return done.stdout.strip() if done.returncode == 0 else ""


def main() -> None:
    """Build."""
    parser = argparse.ArgumentParser(description=__doc__.partition("\n")[0])
    parser.add_argument("--tag", default="onrecord", help="name of the image (default: onrecord)")
    parser.add_argument("options", nargs="*", help="options for the builder, after --")
    asked = parser.parse_args()
    engine = next((name for name in ENGINES if shutil.which(name)), None)
    if engine is None:
        sys.exit(f"no builder here: install one of {', '.join(ENGINES)}")
    # HEALTHCHECK is no part of the OCI image format: podman and buildah must be asked for Docker's
    form = [] if engine == "docker" else ["--format=docker"]
    arguments = [f"--build-arg={name}={value}" for name, value in build_arguments().items()]
    command = [
        engine,
        "build",
        "--file=deploy/Dockerfile",
        f"--tag={asked.tag}",
        *form,
        *arguments,
        *asked.options,
        ".",
    ]
    sys.exit(subprocess.run(command, cwd=ROOT, check=False).returncode)


if __name__ == "__main__":
    main()
