"""``requirements/install.py``: what stands in the locks is what is installed, whatever has been published
since."""

from __future__ import annotations

import base64
import ensurepip
import os
import pty
import re
import shutil
import signal
import socket
import subprocess
import sys
import venv
import zipfile
from hashlib import sha256
from pathlib import Path

import pytest

from tests.support.patience import PATIENCE_S

REQUIREMENTS = Path(__file__).parents[2] / "requirements"
PIP = ensurepip.version()
"""The pip that environments of this Python are born with."""


@pytest.fixture(scope="session")
def newborn(tmp_path_factory: pytest.TempPathFactory) -> Path:
    folder = tmp_path_factory.mktemp("environment") / "newborn"
    venv.create(folder, with_pip=True, symlinks=True)
    return folder


class Place:
    """A copy of the installer with locks of its own, and packages that are published in a folder."""

    def __init__(self, folder: Path, newborn: Path) -> None:
        self.folder = folder
        self.environment = folder / "an environment"
        self.published = folder / "published"
        self.published.mkdir()
        self.locks = folder / "requirements"
        self.locks.mkdir()
        shutil.copy(REQUIREMENTS / "install.py", self.locks)
        shutil.copytree(newborn, self.environment, symlinks=True)
        # what stands in a lock and is there already is not fetched
        self.lock("installer", f"pip=={PIP} --hash=sha256:{'0' * 64}\n")

    def lock(self, name: str, text: str) -> None:
        (self.locks / f"{name}.txt").write_text(text)

    def publish(self, name: str, version: str, *lines: str) -> str:
        """A wheel with these lines of metadata; returns its entry for a lock."""
        file = self.published / f"{name}-{version}-py3-none-any.whl"
        facts = f"{name}-{version}.dist-info"
        files = {
            f"{name}.py": f"version = {version!r}\n",
            f"{facts}/METADATA": "\n".join(
                ["Metadata-Version: 2.1", f"Name: {name}", f"Version: {version}", *lines, ""]
            ),
            f"{facts}/WHEEL": (
                "Wheel-Version: 1.0\nGenerator: test\nRoot-Is-Purelib: true\nTag: py3-none-any\n"
            ),
        }
        sums = {
            path: base64.urlsafe_b64encode(sha256(text.encode()).digest()).decode().rstrip("=")
            for path, text in files.items()
        }
        record = (
            "".join(f"{path},sha256={sums[path]},{len(text)}\n" for path, text in files.items())
            + f"{facts}/RECORD,,\n"
        )
        with zipfile.ZipFile(file, "w") as wheel:
            for path, text in {**files, f"{facts}/RECORD": record}.items():
                wheel.writestr(path, text)
        return f"{name}=={version} --hash=sha256:{sha256(file.read_bytes()).hexdigest()}\n"

    @property
    def command(self) -> list[str]:
        return [sys.executable, str(self.locks / "install.py"), str(self.environment), "lock"]

    @property
    def variables(self) -> dict[str, str]:
        clean = {name: value for name, value in os.environ.items() if not name.startswith("PIP_")}
        return clean | {
            "PIP_CONFIG_FILE": os.devnull,
            "PIP_NO_INDEX": "1",
            "PIP_FIND_LINKS": str(self.published),
            "COLUMNS": "200",
        }

    def install(self, expect: int = 0) -> str:
        """Run the installer; what it said."""
        done = subprocess.run(
            self.command, env=self.variables, capture_output=True, text=True, timeout=PATIENCE_S, check=False
        )
        assert done.returncode == expect, done.stderr
        assert done.stdout == ""
        return done.stderr

    def version(self, name: str) -> str | None:
        """The version that a program in the environment sees, None without one."""
        program = f"import {name}; print({name}.version)"
        done = subprocess.run(
            [self.environment / "bin" / "python", "-c", program], capture_output=True, text=True, check=False
        )
        return done.stdout.strip() or None


@pytest.fixture
def place(tmp_path: Path, newborn: Path) -> Place:
    return Place(tmp_path, newborn)


def test_what_is_published_later_changes_nothing(place: Place) -> None:
    """The very case that broke: a package asks for an extra of another, which the lock pins without it, and a
    newer one comes out."""
    place.lock(
        "lock",
        place.publish("covered", "1.0", "Provides-Extra: toml")
        + place.publish("asks", "1.0", "Requires-Dist: covered[toml]>=1"),
    )
    place.publish("covered", "2.0", "Provides-Extra: toml")
    place.publish("asks", "2.0")
    place.install()
    assert (place.version("covered"), place.version("asks")) == ("1.0", "1.0")


def test_a_lock_that_is_not_whole_is_refused_by_name(place: Place) -> None:
    place.publish("forgotten", "1.0")
    place.lock("lock", place.publish("asks", "1.0", "Requires-Dist: forgotten>=1"))
    said = place.install(expect=1)
    assert "forgotten" in said
    assert "make lock" in said
    assert place.version("forgotten") is None


def test_a_file_that_was_replaced_is_refused(place: Place) -> None:
    entry = place.publish("swapped", "1.0")
    place.publish("swapped", "1.0", "Summary: replaced")
    place.lock("lock", entry)
    assert "swapped" in place.install(expect=1)
    assert place.version("swapped") is None


def test_nothing_is_built_since_that_would_fetch_what_no_lock_names(place: Place) -> None:
    source = place.folder / "source"
    source.mkdir()
    (source / "pyproject.toml").write_text(
        '[build-system]\nrequires = ["anything"]\nbuild-backend = "anything"\n'
    )
    archive = Path(shutil.make_archive(str(place.published / "source-1.0"), "gztar", place.folder, "source"))
    place.lock("lock", f"source==1.0 --hash=sha256:{sha256(archive.read_bytes()).hexdigest()}\n")
    said = place.install(expect=1)
    assert "source==1.0" in said
    assert "anything" not in said


def test_an_install_that_was_cut_off_is_made_anew(place: Place) -> None:
    place.lock("lock", place.publish("torn", "1.0"))
    place.install()
    (module,) = place.environment.glob("lib/python3*/site-packages/torn.py")
    module.write_text("")
    place.install()
    assert place.version("torn") is None, "what is installed is not looked at again …"
    (place.environment / ".unfinished").touch()
    place.install()
    assert place.version("torn") == "1.0", "… unless the last install did not come to its end"
    assert not (place.environment / ".unfinished").exists()


def test_two_lines_where_nobody_watches(place: Place) -> None:
    other = "elsewhere==1.0; sys_platform == 'nowhere' --hash=sha256:" + "0" * 64 + "\n"
    place.lock("lock", place.publish("one", "1.0") + place.publish("two", "1.0") + other)
    first, last = place.install().splitlines()
    assert first == f"Setting up {place.environment} …"
    assert re.fullmatch(rf"Setting up {re.escape(str(place.environment))}: 2 packages in \d+ s", last)


def test_movement_on_a_terminal(place: Place) -> None:
    place.lock("lock", "".join(place.publish(f"package{number}", "1.0") for number in range(5)))
    near, far = pty.openpty()
    process = subprocess.Popen(place.command, env=place.variables, stderr=far)
    os.close(far)
    seen = b""
    while True:
        try:
            seen += os.read(near, 65_536)
        except OSError:  # the other end is closed
            break
    os.close(near)
    assert process.wait(PATIENCE_S) == 0
    shown = re.split(r"[\r\n]+", seen.decode().replace("\x1b[K", ""))
    counts = [text.partition(": ")[2] for text in shown]
    assert [f"{number} of 5 packages fetched" in counts for number in range(6)] == [True] * 6
    assert any(text.endswith("of 5 packages installed") for text in counts)
    assert seen.count(b"\n") == 1, "one line, rewritten"


def test_ctrl_c_says_how_to_go_on(place: Place) -> None:
    place.lock("lock", place.publish("one", "1.0").replace("1.0", "2.0"))
    with socket.create_server(("127.0.0.1", 0)) as index:
        variables = {
            name: value
            for name, value in place.variables.items()
            if name not in ("PIP_NO_INDEX", "PIP_FIND_LINKS")
        }
        variables["PIP_INDEX_URL"] = f"http://127.0.0.1:{index.getsockname()[1]}/"
        process = subprocess.Popen(
            place.command, env=variables, stderr=subprocess.PIPE, text=True, start_new_session=True
        )
        index.settimeout(PATIENCE_S)
        with index.accept()[0]:  # an index that never answers
            os.killpg(process.pid, signal.SIGINT)
            _, said = process.communicate(timeout=PATIENCE_S)
    assert process.returncode == 130
    assert "interrupted; run the same again to go on" in said
    assert "Traceback" not in said
    assert (place.environment / ".unfinished").exists()


@pytest.mark.slow
@pytest.mark.parametrize(
    "pip", ["pip==22.3", "pip==23.2.1", "pip"], ids=["of Python 3.11.0", "of Python 3.11.7", "the newest"]
)
def test_whichever_pip_is_there_the_locked_one_installs(pip: str, tmp_path: Path, newborn: Path) -> None:
    """With the project's own installer and the packages themselves."""
    environment = tmp_path / "environment"
    shutil.copytree(newborn, environment, symlinks=True)
    python = environment / "bin" / "python"
    subprocess.run(
        [python, "-m", "pip", "install", "--quiet", "--upgrade", pip], check=True, timeout=PATIENCE_S
    )
    command: list[str | Path] = [sys.executable, REQUIREMENTS / "install.py", environment, "build"]
    subprocess.run(command, check=True, timeout=PATIENCE_S)
    listed = subprocess.run(
        [python, "-m", "pip", "freeze", "--all"], capture_output=True, text=True, check=True
    ).stdout.split()
    locked = [
        re.match(r"\S+", (REQUIREMENTS / f"{lock}.txt").read_text()).group()  # type: ignore[union-attr]
        for lock in ("installer", "build")
    ]
    assert sorted(listed) == sorted(locked)


def test_an_old_python_is_told_so() -> None:
    program = (
        "import runpy, sys; sys.version_info = (3, 10, 1); runpy.run_path(sys.argv[1], run_name='__main__')"
    )
    command = [sys.executable, "-c", program, str(REQUIREMENTS / "install.py"), "environment", "run"]
    done = subprocess.run(command, capture_output=True, text=True, check=False)
    assert done.returncode == 1
    assert "needs Python 3.11 or newer" in done.stderr
    assert "PYTHON=" in done.stderr
