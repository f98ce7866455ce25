"""Sets up an environment from the locks: ``python3 requirements/install.py .venv build run --editable .``

Nothing is resolved, so that what was published since changes nothing: the pip that the machine's Python
brings installs only the pip of ``installer.txt``, and that one installs exactly what the locks list
(``--no-deps``), as wheels (``--only-binary``: to build one, pip would fetch tools that no lock names), each
held to its checksums (``--require-hashes``). At the end ``pip check`` says whether the set is whole.

Only the standard library is used here: there is nothing else yet. What it says goes to standard error.
"""

from __future__ import annotations

import argparse
import os
import queue
import re
import shutil
import subprocess
import sys
import threading
import time
import venv
from collections.abc import Iterator, Sequence
from pathlib import Path

LOCKS = Path(__file__).resolve().parent
OLDEST = (3, 11)
LOCKED = ("--no-deps", "--require-hashes", "--only-binary=:all:")
QUICK = ("--no-compile", "--disable-pip-version-check", "--no-input")
"""Python compiles what is imported when it first is; compiling all of it takes longer than the rest of the
install."""
UNFINISHED = ".unfinished"
"""Lies in an environment while it is changed: a package that was cut off half-way would pass for
installed."""
LOOK_S = 0.2
TOLD = 30
"""Lines of pip's that are shown when it failed without naming an error."""


class Failed(Exception):
    """The environment could not be set up; the text says why."""


class Status:
    """One line that is rewritten, on a terminal; nothing elsewhere."""

    def __init__(self, what: str) -> None:
        self._what = what
        self._live = sys.stderr.isatty()
        if not self._live:
            print(what, "…", file=sys.stderr, flush=True)

    def show(self, text: str) -> None:
        """Replace what stands on the line."""
        if self._live:
            line = f"{self._what}: {text}"[: shutil.get_terminal_size().columns - 1]
            print(f"\r\x1b[K{line}", end="", file=sys.stderr, flush=True)

    def end(self, text: str) -> None:
        """Leave a last line."""
        start = "\r\x1b[K" if self._live else ""
        print(f"{start}{self._what}: {text}", file=sys.stderr, flush=True)


class Environment:
    """A virtual environment and the pip in it."""

    def __init__(self, folder: Path, status: Status) -> None:
        self._folder = folder
        self._status = status
        self._python = folder / "bin" / "python"
        self._unfinished = folder / UNFINISHED

    def make(self) -> None:
        """Create it, unless it is there.

        Raises:
            Failed: this Python cannot.
        """
        if os.access(self._python, os.X_OK):
            return
        self._status.show("a virtual environment")
        try:
            venv.create(self._folder, with_pip=True, symlinks=True)
        except subprocess.CalledProcessError as error:
            reason = (error.output or b"").decode(errors="replace").strip()
            problem = f"{sys.executable} cannot make environments: its venv or ensurepip is missing"
            raise Failed(f"{problem} (on Debian: apt-get install python3-venv)\n{reason}".strip()) from error

    def install(self, locks: Sequence[str], editable: str | None) -> int:
        """Install the pinned pip, what the locks list, and the project; returns the number of packages
        listed.

        Raises:
            Failed: pip failed, or the locks leave out what a package needs.
        """
        again = ("--force-reinstall",) if self._unfinished.exists() else ()
        self._unfinished.touch()
        if not self._has_the_pinned_pip():
            self._locked(["installer"], "pip", ())
        listed = self._locked(locks, "packages", again)
        if editable is not None:
            self._status.show("the project")
            command = ("install", *QUICK, "--no-deps", "--no-build-isolation", "--editable", editable)
            self._finish(command, f"{editable} cannot be installed")
        self._status.show("checking that nothing is missing")
        self._finish(
            ("check", *QUICK[1:]), "the locks leave out what a package needs; `make lock` makes them whole"
        )
        self._unfinished.unlink()
        return listed

    def _has_the_pinned_pip(self) -> bool:
        (version,) = re.findall(r"^pip==(\S+)", read(LOCKS / "installer.txt"), re.MULTILINE)
        return any(self._packages(f"pip-{version}.dist-info"))

    def _locked(self, locks: Sequence[str], what: str, options: Sequence[str]) -> int:
        files = [LOCKS / f"{lock}.txt" for lock in locks]
        chosen = [option for file in files for option in ("-r", str(file))]
        counted = Counted(sum(entries(file) for file in files), what)
        command = ("install", *QUICK, *LOCKED, *options, *chosen)
        self._finish(command, f"{' and '.join(locks)} cannot be installed", counted)
        return counted.listed

    def _finish(self, command: Sequence[str], problem: str, counted: Counted | None = None) -> None:
        lines: list[str] = []
        process = subprocess.Popen(
            [self._python, "-m", "pip", *command],
            stdout=subprocess.PIPE, stderr=subprocess.STDOUT, text=True, errors="replace",
        )  # fmt: skip
        for line in said(process):
            if line:
                lines.append(line)
            if counted:
                counted.hear(line)
                self._status.show(counted.text(sum(1 for _ in self._packages())))
        if process.returncode != 0:
            errors = [number for number, line in enumerate(lines) if line.startswith("ERROR")]
            told = lines[errors[0] :] if errors else lines[-TOLD:]
            raise Failed("\n".join([problem, *told]))

    def _packages(self, pattern: str = "*.dist-info") -> Iterator[Path]:
        return self._folder.glob(f"lib/python3*/site-packages/{pattern}")


class Counted:
    """How far pip is, from what it says and from what lies in the environment."""

    def __init__(self, listed: int, what: str) -> None:
        self.listed = listed
        """Packages of the locks that are for this machine."""
        self._what = what
        self._found = 0
        self._before: int | None = None
        self._installing = 0

    def hear(self, line: str) -> None:
        """Take in a line of pip's, or an empty one when it said nothing for a while."""
        if line.startswith("Ignoring "):
            self.listed -= 1
        elif line.startswith(("Collecting ", "Processing ", "Requirement already satisfied: ")):
            self._found += 1
        elif line.startswith("Installing collected packages: "):
            self._installing = line.count(",") + 1

    def text(self, installed: int) -> str:
        """The state in words; ``installed`` counts the packages in the environment."""
        if not self._installing:
            return f"{self._found} of {self.listed} {self._what} fetched"
        if self._before is None:
            self._before = installed
        done = min(max(installed - self._before, 0), self._installing)
        return f"{done} of {self._installing} {self._what} installed"


def said(process: subprocess.Popen[str]) -> Iterator[str]:
    """The lines a process writes until it ends, and an empty one whenever it was silent for a moment."""
    lines: queue.SimpleQueue[str | None] = queue.SimpleQueue()

    def read() -> None:
        for line in process.stdout or ():
            lines.put(line.rstrip())
        lines.put(None)

    threading.Thread(target=read, daemon=True).start()
    while True:
        try:
            line = lines.get(timeout=LOOK_S)
        except queue.Empty:
            yield ""
            continue
        if line is None:
            process.wait()
            return
        yield line


def entries(lock: Path) -> int:
    """How many packages a lock lists, those for other machines included. Raises as :func:`read`."""
    return len(re.findall(r"^[A-Za-z0-9]\S*==", read(lock), re.MULTILINE))


def read(lock: Path) -> str:
    """The text of a lock.

    Raises:
        Failed: it cannot be read.
    """
    try:
        return lock.read_text(encoding="utf-8")
    except OSError as error:
        raise Failed(f"{lock}: cannot be read ({error.strerror})") from error


def main(arguments: Sequence[str]) -> int:
    """Set up an environment; 0 when it is whole, 1 when it is not, 130 when it was interrupted."""
    parser = argparse.ArgumentParser(description="Set up an environment from the locks.")
    parser.add_argument("folder", type=Path, help="the environment; made when it is missing")
    parser.add_argument("locks", nargs="+", help="locks of this folder, without .txt")
    parser.add_argument("--editable", metavar="PROJECT", help="a project to install as well, in place")
    given = parser.parse_args(arguments)
    if sys.version_info < OLDEST:
        found, wanted = sys.version.split()[0], ".".join(map(str, OLDEST))
        print(f"onrecord needs Python {wanted} or newer; {found} was found. Set PYTHON=…", file=sys.stderr)
        return 1
    started = time.monotonic()
    status = Status(f"Setting up {given.folder}")
    environment = Environment(given.folder, status)
    try:
        environment.make()
        listed = environment.install(given.locks, given.editable)
    except Failed as failed:
        status.end(str(failed))
        return 1
    except KeyboardInterrupt:
        status.end("interrupted; run the same again to go on")
        return 130
    status.end(f"{listed} packages in {time.monotonic() - started:.0f} s")
    return 0


if __name__ == "__main__":
    sys.exit(main(sys.argv[1:]))
