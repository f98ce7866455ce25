"""The image, really built: buildah without a daemon, on a base that debootstrap makes from this machine's
Debian mirror.

What is slow is kept in the user's cache folder, outside the checkout: the base, and each layer until what it
is made from changes. Package downloads use this machine's own pip configuration and certificates, mounted for
the build and not part of the image.
"""

from __future__ import annotations

import fcntl
import importlib.util
import json
import os
import re
import shutil
import subprocess
import sys
import tempfile
from collections.abc import Iterator, Sequence
from contextlib import contextmanager
from functools import cached_property
from pathlib import Path
from types import ModuleType
from typing import Any, Self

import pytest

ROOT = Path(__file__).parents[2]
CACHE = Path(os.environ.get("XDG_CACHE_HOME") or Path.home() / ".cache") / "onrecord" / "image"

PACKAGES = ("buildah", "debootstrap", "runc")
"""Debian's packages; each brings a program of its name."""
SUITE = "bookworm"
"""The Debian release whose Python is the minor version of the Dockerfile's base."""
BASE_PACKAGES = ("python3", "python3-venv", "ca-certificates")
BASE = f"localhost/onrecord-base:{SUITE}"
TAG = "localhost/onrecord:test"

CERTIFICATES = Path("/etc/ssl/certs")
PIP_OPTIONS = (
    "cert",
    "default-timeout",
    "extra-index-url",
    "find-links",
    "index-url",
    "no-index",
    "proxy",
    "trusted-host",
)
"""How to reach packages; nothing else of the machine's pip configuration concerns the image."""


def require_tools() -> None:
    """Skip the test, or fail where servers are required, when this machine cannot build and run images."""
    missing = [name for name in PACKAGES if shutil.which(name, path=_path()) is None]
    problem = (
        f"{', '.join(missing)} missing: apt-get install --no-install-recommends {' '.join(PACKAGES)}"
        if missing
        else ""
    )
    if not problem and os.geteuid() != 0:
        problem = "only root can mount an image and start containers from it"
    if problem:
        message = f"no image for this test: {problem}"
        if os.environ.get("REQUIRE_SERVICES") == "1":
            pytest.fail(message)
        pytest.skip(message)


def _path() -> str:
    return os.environ["PATH"] + ":/usr/sbin:/sbin"  # debootstrap and its helpers live there


def run(*words: str | Path, cwd: Path = ROOT) -> str:
    """Run a command to its end; its standard output."""
    done = subprocess.run(
        words, cwd=cwd, env=os.environ | {"PATH": _path()}, capture_output=True, text=True, check=False
    )
    assert done.returncode == 0, (
        f"{' '.join(map(str, words))}: exit {done.returncode}\n{done.stdout[-3000:]}\n{done.stderr[-6000:]}"
    )
    return done.stdout


def script(name: str) -> ModuleType:
    """A script of ``deploy/image``."""
    spec = importlib.util.spec_from_file_location(
        f"deploy_image_{name}", ROOT / "deploy" / "image" / f"{name}.py"
    )
    assert spec is not None
    assert spec.loader is not None
    module = importlib.util.module_from_spec(spec)
    spec.loader.exec_module(module)
    return module


class Buildah:
    """buildah with a store in the cache folder."""

    def __init__(self) -> None:
        self.folder = CACHE

    @cached_property
    def _store(self) -> tuple[str, ...]:
        # overlay shares layers; where the kernel refuses it (a container in a container) vfs copies each of
        # them
        overlay = self._at("overlay")
        probe = subprocess.run(
            ["buildah", *overlay, "from", "scratch"], capture_output=True, text=True, check=False
        )
        name = probe.stdout.strip()
        usable = (
            probe.returncode == 0
            and subprocess.run(
                ["buildah", *overlay, "mount", name], capture_output=True, check=False
            ).returncode
            == 0
        )
        if name:
            subprocess.run(["buildah", *overlay, "rm", name], capture_output=True, check=False)
        return overlay if usable else self._at("vfs")

    def _at(self, driver: str) -> tuple[str, ...]:
        store = self.folder / driver
        return "--storage-driver", driver, "--root", str(store), "--runroot", str(store / "run")

    def __call__(self, *arguments: str | Path) -> str:
        return run("buildah", *self._store, *arguments).strip()

    def has(self, image: str) -> bool:
        """Whether an image is in the store."""
        return any(
            image in (found.get("names") or ())
            for found in json.loads(self("images", "--json") or "[]") or ()
        )


def mirror() -> str:
    """The Debian mirror of this machine's apt sources."""
    found = run(
        "apt-get", "indextargets", "--format", "$(REPO_URI) $(RELEASE) $(COMPONENT)", "Created-By: Packages"
    )
    for line in found.splitlines():
        address, release, component = line.split(" ")
        if (release, component) == (SUITE, "main"):
            return address
    pytest.fail(
        f"apt's sources name no mirror of {SUITE} main to make a base from: set IMAGE_BASE to an image"
        " instead"
    )


def make_base(buildah: Buildah) -> None:
    """A Debian with Python, as an image."""
    # debootstrap mounts /proc in its tree and takes it down at the end; a tree it left half made is not
    # removed, lest mounts be emptied
    tree = Path(tempfile.mkdtemp(prefix="base-", dir=buildah.folder))
    run("debootstrap", "--variant=minbase", f"--include={','.join(BASE_PACKAGES)}", SUITE, tree, mirror())
    for folder in (
        "var/cache/apt/archives",
        "var/lib/apt/lists",
        "usr/share/doc",
        "usr/share/locale",
        "usr/share/man",
    ):
        run("find", tree / folder, "-xdev", "-mindepth", "1", "-delete")  # as the official slim images do
    container = buildah("from", "scratch")
    buildah("add", "--quiet", container, tree, "/")
    buildah("config", "--env", "PATH=/usr/local/sbin:/usr/local/bin:/usr/sbin:/usr/bin:/sbin:/bin", container)
    buildah("commit", "--quiet", "--rm", container, BASE)
    assert not any(f" {tree}" in line for line in Path("/proc/mounts").read_text().splitlines()), (
        f"debootstrap left mounts in {tree}"
    )
    run("rm", "-r", "--one-file-system", tree)


def pip_mounts(folder: Path) -> list[str]:
    """``--volume`` options that let pip reach packages as it does on this machine."""
    shown = run(sys.executable, "-m", "pip", "config", "list")
    options = dict(re.findall(r"^(?:global|:env:|user|site|install)\.([a-z-]+)='(.*)'$", shown, re.MULTILINE))
    options = {name: value for name, value in options.items() if name in PIP_OPTIONS}
    config = folder / "pip.conf"
    config.write_text("[global]\n" + "".join(f"{name} = {value}\n" for name, value in options.items()))
    folders = {CERTIFICATES, *(Path(options[name]).parent for name in ("cert",) if name in options)}
    folders |= {Path(place) for place in options.get("find-links", "").split() if place.startswith("/")}
    mounts = [f"--volume={config}:/etc/pip.conf:ro"]
    return mounts + [f"--volume={place}:{place}:ro" for place in sorted(folders) if place.is_dir()]


class Image:
    """A built image, mounted."""

    def __init__(self, buildah: Buildah, name: str) -> None:
        self._buildah = buildah
        self.name = name

    def __enter__(self) -> Self:
        self._container = self._buildah("from", "--pull-never", self.name)
        self.root = Path(self._buildah("mount", self._container))
        return self

    def __exit__(self, *_: object) -> None:
        self._buildah("rm", self._container)

    @cached_property
    def config(self) -> dict[str, Any]:
        """What the image says of how to run it, as Docker names it: ``Env``, ``Entrypoint``, ``Healthcheck``
        …"""
        shown = json.loads(self._buildah("inspect", "--type", "image", self.name))
        config: dict[str, Any] = shown["Docker"]["config"]
        return config


def du(folder: Path) -> int:
    """Bytes of the files in a folder, hard links once."""
    return int(run("du", "-sxb", folder).split()[0])


@contextmanager
def built(arguments: Sequence[str]) -> Iterator[Image]:
    """Build the image as the repository says, with these ``--build-arg``s, and mount it."""
    require_tools()
    CACHE.mkdir(parents=True, exist_ok=True)
    with (CACHE / ".lock").open("w") as lock:
        fcntl.flock(lock, fcntl.LOCK_EX)  # two test runs on one machine must not build into each other
        buildah = Buildah()
        base = os.environ.get("IMAGE_BASE") or BASE
        if base == BASE and not buildah.has(BASE):
            make_base(buildah)
        with tempfile.TemporaryDirectory(prefix="onrecord-image-") as folder:
            options = [f"--build-arg={argument}" for argument in (*arguments, f"BASE={base}")]
            buildah(
                "build", "--isolation=chroot", "--network=host", "--format=docker", "--layers", *pip_mounts(Path(folder)), *options,
                "--file=deploy/Dockerfile", f"--tag={TAG}", ".",
            )  # fmt: skip
        with Image(buildah, TAG) as image:
            yield image


def sent_to_the_builder(folder: Path) -> set[str]:
    """The files of the build context, as the builder receives them."""
    require_tools()
    CACHE.mkdir(parents=True, exist_ok=True)
    buildah = Buildah()
    everything = folder / "Dockerfile"
    everything.write_text("FROM scratch\nCOPY . /\n")
    name = "localhost/onrecord-context:test"
    buildah("build", "--isolation=chroot", f"--file={everything}", f"--tag={name}", ".")
    with Image(buildah, name) as image:
        found = {str(file.relative_to(image.root)) for file in image.root.rglob("*") if file.is_file()}
    buildah("rmi", name)
    return found
