"""One target being run: counted, timed, weighed; the input that broke it is kept."""

from __future__ import annotations

import hashlib
import json
import re
import resource
import sys
import time
import traceback
from pathlib import Path

from tests.fuzz.target import Target

_WRITTEN_EVERY_S = 0.5
_WARM_UP = 0.3
"""Share of a run after which caches are full and growth begins to count."""
CASES = Path(__file__).with_name("cases")
"""Inputs that once broke a target: every test run tries them again."""


class TooSlow(AssertionError):
    """An input took more processor time than its target allows."""


class Watched:
    """The target as engines call it. Its account is written to ``folder/account.json`` as it goes, since an
    engine may end the process."""

    def __init__(self, target: Target, folder: Path, engine: str, seconds: float) -> None:
        """``seconds``: how long the run is meant to take."""
        self._target = target
        self._folder = folder
        self._engine = engine
        self._seconds = seconds
        self._started = time.monotonic()
        self._written = 0.0
        self._inputs = 0
        self._slowest = 0.0
        self._warm_mb: float | None = None
        folder.mkdir(parents=True, exist_ok=True)

    @property
    def over(self) -> bool:
        """Whether the time is up."""
        return time.monotonic() - self._started >= self._seconds

    def __call__(self, data: bytes) -> None:
        """Check one input.

        Raises:
            TooSlow: it took too long.
            Exception: whatever the target raised.
        """
        begun = time.thread_time()
        try:
            self._target.check(data)
            taken = time.thread_time() - begun
            self._slowest = max(self._slowest, taken)
            if taken > self._target.seconds:
                raise TooSlow(f"{taken:.1f} s of processor time for {len(data)} bytes")
        except Exception:
            self._keep(data)
            self.write(crashed=True)
            raise
        self._inputs += 1
        now = time.monotonic()
        if self._warm_mb is None and now - self._started > _WARM_UP * self._seconds:
            self._warm_mb = resident_mb()
        if now - self._written > _WRITTEN_EVERY_S:
            self._written = now
            self.write()

    def write(self, *, crashed: bool = False) -> None:
        """Write the account."""
        resident = resident_mb()
        account = {
            "target": self._target.name,
            "engine": self._engine,
            "inputs": self._inputs,
            "seconds": time.monotonic() - self._started,
            "slowest_ms": 1000 * self._slowest,
            "peak_mb": peak_mb(),
            "growth_mb": resident - (resident if self._warm_mb is None else self._warm_mb),
            "crashed": crashed,
        }
        (self._folder / "account.json").write_text(json.dumps(account))

    def _keep(self, data: bytes) -> None:
        path = self._folder / f"{hashlib.sha256(data).hexdigest()[:12]}.bin"
        path.write_bytes(data)
        traceback.print_exc()
        print(
            f"{self._target.name}: kept {path}; make it a case: mv it to {CASES / self._target.name}/",
            file=sys.stderr,
        )


def resident_mb() -> float:
    """Resident memory of this process; where the system does not say, the most it ever was."""
    statm = Path("/proc/self/statm")
    if statm.exists():
        return int(statm.read_text().split()[1]) * resource.getpagesize() / 2**20
    return peak_mb()


def peak_mb() -> float:
    """The largest resident memory of this program. What the system counts for the process begins with its
    parent's."""
    try:
        status = Path("/proc/self/status").read_text(encoding="ascii")
    except OSError:
        return resource.getrusage(resource.RUSAGE_SELF).ru_maxrss / 1024
    return int(re.findall(r"VmHWM:\s+(\d+) kB", status)[0]) / 1024
