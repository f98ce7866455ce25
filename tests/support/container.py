"""Containers of the built image, run by runc as an orchestrator would: a user that is not root, no
capabilities, a read-only root.

The network is the host's. What the image says (environment, entry point, working directory, health check,
stop signal) is what runs.
"""

from __future__ import annotations

import json
import subprocess
import time
from collections.abc import Callable, Mapping
from pathlib import Path
from types import TracebackType
from typing import Any, Self

from tests.support.image import Image, run
from tests.support.patience import PATIENCE_S

GRACE_S = 30.0
"""Kubernetes' default time between SIGTERM and SIGKILL."""
SLOWER = 4
"""How many times slower this machine may be than those that the grace is meant for."""

DEVICES = {"source": "tmpfs", "options": ["nosuid", "strictatime", "mode=755", "size=65536k"]}
SCRATCH = {"source": "tmpfs", "options": ["nosuid", "nodev", "noexec", "mode=1777", "size=128m"]}
"""No larger than what compose.yaml and Kubernetes give: extract's language model alone unpacks 65 MiB
there."""

NAMESPACES = ("pid", "ipc", "uts", "mount")


class Containers:
    """Starts containers of one image that share one volume; ``folder`` keeps their bundles and output."""

    def __init__(self, image: Image, folder: Path, *, user: str | None = None, **variables: str) -> None:
        self.image = image
        self.folder = folder
        self.variables = variables
        config = image.config
        uid, _, gid = (user or config["User"]).partition(":")
        self.user = int(uid), int(gid or 0)
        self.volume = folder / "volume"
        # what an engine does with a new volume: it takes over the owner and the mode of the image's folder
        [self.mounted_at] = config["Volumes"]
        run("cp", "--archive", image.root / self.mounted_at.lstrip("/"), self.volume)
        self._running: dict[str, subprocess.Popen[bytes]] = {}

    def _runc(self, *words: str | Path) -> list[str]:
        return ["runc", "--root", str(self.folder / "runc"), *map(str, words)]

    def _bundle(self, name: str, arguments: list[str], variables: Mapping[str, str]) -> Path:
        config = self.image.config
        process: dict[str, Any] = {
            "terminal": False,
            "user": {"uid": self.user[0], "gid": self.user[1]},
            "args": arguments,
            "env": [*config["Env"], *(f"{key}={value}" for key, value in variables.items())],
            "cwd": config["WorkingDir"],
            "capabilities": {
                kind: [] for kind in ("bounding", "effective", "inheritable", "permitted", "ambient")
            },
            "noNewPrivileges": True,
        }
        mounts = [
            {"destination": "/proc", "type": "proc", "source": "proc"},
            {"destination": "/dev", "type": "tmpfs", **DEVICES},
            {"destination": "/dev/shm", "type": "tmpfs", **SCRATCH},
            {"destination": "/tmp", "type": "tmpfs", **SCRATCH},
            {
                "destination": self.mounted_at,
                "type": "bind",
                "source": str(self.volume),
                "options": ["rbind", "rw", "nosuid", "nodev"],
            },
        ]
        bundle = self.folder / name
        bundle.mkdir()
        (bundle / "config.json").write_text(
            json.dumps(
                {
                    "ociVersion": "1.0.2",
                    "hostname": name,
                    "root": {"path": str(self.image.root), "readonly": True},
                    "process": process,
                    "mounts": mounts,
                    "linux": {
                        "namespaces": [{"type": kind} for kind in NAMESPACES],
                        "maskedPaths": ["/proc/kcore"],
                    },
                }
            )
        )
        return bundle

    def start(self, name: str, *arguments: str, **variables: str) -> None:
        """Start a container: the image's entry point with these arguments, and variables of its own."""
        bundle = self._bundle(
            name, [*self.image.config["Entrypoint"], *arguments], {**self.variables, **variables}
        )
        with (self.folder / f"{name}.log").open("wb") as log:
            self._running[name] = subprocess.Popen(
                self._runc("run", "--bundle", bundle, name), stdout=log, stderr=subprocess.STDOUT
            )

    def run(self, name: str, *arguments: str) -> tuple[int, str]:
        """Run a container to its end; its exit code and output."""
        self.start(name, *arguments)
        code = self._running.pop(name).wait(PATIENCE_S)
        return code, self.output(name)

    def execute(self, name: str, *words: str) -> subprocess.CompletedProcess[str]:
        """Run a command in a running container, as its user."""
        return subprocess.run(
            self._runc("exec", name, *words), capture_output=True, text=True, check=False, timeout=PATIENCE_S
        )

    def healthy(self, name: str) -> bool:
        """Ask the image's own health check."""
        kind, *words = self.image.config["Healthcheck"]["Test"]
        assert kind == "CMD", "the health check must not need a shell"
        return self.execute(name, *words).returncode == 0

    def stop(self, name: str) -> tuple[int, float]:
        """Send the image's stop signal; the exit code and the seconds it took."""
        begun = time.monotonic()
        run(*self._runc("kill", name, self.image.config["StopSignal"]))
        code = self._running.pop(name).wait(SLOWER * GRACE_S)
        return code, time.monotonic() - begun

    def output(self, name: str) -> str:
        """What a container wrote."""
        return (self.folder / f"{name}.log").read_text(errors="replace")

    def wait(self, condition: Callable[[], bool], what: str) -> None:
        """Wait for a condition; fail at once when a container has ended."""
        deadline = time.monotonic() + PATIENCE_S
        while not condition():
            for name, process in self._running.items():
                assert process.poll() is None, (
                    f"{name} ended with {process.returncode} while waiting for"
                    f" {what}\n{self.output(name)[-4000:]}"
                )
            assert time.monotonic() < deadline, f"waited too long for {what}\n" + "\n".join(
                self.output(name)[-2000:] for name in self._running
            )
            time.sleep(0.2)

    def __enter__(self) -> Self:
        return self

    def __exit__(
        self, kind: type[BaseException] | None, error: BaseException | None, trace: TracebackType | None
    ) -> None:
        for name, process in self._running.items():
            subprocess.run(self._runc("kill", name, "KILL"), capture_output=True, check=False)
            process.wait(PATIENCE_S)
