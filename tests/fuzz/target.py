"""What is fuzzed: a function of bytes that raises when something is not as promised."""

from __future__ import annotations

from collections.abc import Callable, Iterable
from dataclasses import dataclass, field


def _no_seeds() -> Iterable[bytes]:
    return ()


@dataclass(frozen=True, slots=True)
class Target:
    """One target.

    Args:
        name: as the table and the folders of cases have it.
        check: raises whatever it likes when a promise is broken; what bad input may raise it expects itself.
        seeds: inputs that mean something, to begin with.
        longest: bytes of an input.
        weight: its share of a campaign's time.
        seconds: of processor time one input may take, on a machine several times slower than ours.
        growth_mb: by how much resident memory may grow over a run, caches and the fuzzer's own corpus
            included.
    """

    name: str
    check: Callable[[bytes], None]
    seeds: Callable[[], Iterable[bytes]] = field(default=_no_seeds)
    longest: int = 2048
    weight: float = 1.0
    seconds: float = 5.0
    growth_mb: int = 200
