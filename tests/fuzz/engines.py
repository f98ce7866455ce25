"""The two fuzzers. Hypothesis mutates what means something and looks at nothing; atheris (libFuzzer) follows
coverage."""

from __future__ import annotations

import importlib
import importlib.util
import sys
from contextlib import AbstractContextManager, nullcontext
from pathlib import Path
from typing import Any

from hypothesis import HealthCheck, Phase, given, seed, settings
from hypothesis import strategies as st

from tests.fuzz.given import Given
from tests.fuzz.target import Target
from tests.fuzz.watch import Watched

HAS_ATHERIS = importlib.util.find_spec("atheris") is not None
NO_ATHERIS = (
    "atheris is not installed (it has wheels for Linux on x86-64 only): coverage-guided fuzzing is left out"
)
_ROUND = 250
"""Hypothesis remembers what it tried within a round, and ends at the end of one."""
_INPUT_S = 120
_MEMORY_MB = 2_048


def inputs(target: Target) -> st.SearchStrategy[bytes]:
    """Any bytes, and seeds cut, spliced and edited."""
    seeds = list(target.seeds()) or [b""]
    seeded = st.builds(_edited, st.sampled_from(seeds), st.binary(max_size=40), st.sampled_from(seeds))
    return (seeded | st.binary(max_size=256)).map(lambda data: data[: target.longest])


def _edited(data: bytes, script: bytes, other: bytes) -> bytes:
    """``data`` with what the script says: pieces cut out and put in, perhaps the end of another one behind
    it."""
    given = Given(script)
    for _ in range(given.number(6)):
        at = given.number(4096) % (len(data) + 1)
        cut, put = given.number(12), given.take(given.number(8))
        data = data[:at] + put + data[at + cut :]
    return data + other[given.number(4096) % (len(other) + 1) :] if given.number(4) == 3 else data


def with_hypothesis(target: Target, watched: Watched, number: int) -> None:
    """Run until the time is up; ``number`` is the seed."""
    while not watched.over:

        @seed(number)
        @settings(
            max_examples=_ROUND,
            deadline=None,
            database=None,
            phases=[Phase.generate],
            suppress_health_check=list(HealthCheck),
        )
        @given(inputs(target))
        def look(data: bytes) -> None:
            if not watched.over:
                watched(data)

        look()
        number += 1
    watched.write()


def instrumented() -> AbstractContextManager[Any]:
    """Modules imported inside are followed by atheris, where it is there."""
    return (
        importlib.import_module("atheris").instrument_imports(include=["services", "schemas"])
        if HAS_ATHERIS
        else nullcontext()
    )


def with_atheris(target: Target, watched: Watched, number: int, folder: Path, limit: str) -> None:
    """Run to the ``limit`` (an option of libFuzzer); ends the process. The corpus stays in ``folder``."""
    corpus, seeds = folder / "corpus", folder / "seeds"
    for place in (corpus, seeds):
        place.mkdir(parents=True, exist_ok=True)
    for at, data in enumerate(target.seeds()):
        (seeds / str(at)).write_bytes(data)
    atheris = importlib.import_module("atheris")
    options = {
        "seed": number % 2**31 or 1,
        "max_len": target.longest,
        "timeout": _INPUT_S,
        "rss_limit_mb": _MEMORY_MB,
        "verbosity": 0,
    }
    arguments = [f"-{name}={value}" for name, value in options.items()]
    atheris.Setup(
        [sys.argv[0], limit, *arguments, f"-artifact_prefix={folder}/", str(corpus), str(seeds)], watched
    )
    atheris.Fuzz()
