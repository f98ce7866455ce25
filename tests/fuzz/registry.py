"""All targets, and all of them as one."""

from __future__ import annotations

from tests.fuzz import decoders, extraction, readers
from tests.fuzz.target import Target

TARGETS = {target.name: target for target in (*decoders.TARGETS, *readers.TARGETS, *extraction.TARGETS)}


def everything(names: tuple[str, ...]) -> Target:
    """One target of several: the first byte of an input says whose it is."""
    some = [TARGETS[name] for name in names]

    def check(data: bytes) -> None:
        some[data[0] % len(some) if data else 0].check(data[1:])

    def seeds() -> list[bytes]:
        return [bytes([number]) + seed for number, target in enumerate(some) for seed in target.seeds()]

    return Target("everything", check, seeds, longest=max(target.longest for target in some) + 1)
