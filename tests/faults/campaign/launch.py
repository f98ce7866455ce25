"""Runs ``onrecord …`` as the campaign needs it: ``python -m tests.faults.campaign.launch [--hold N] [--sabotage NAME] WORD …``.

The services are the real ones. Added here, in the tests' own program and nowhere else: articles that fail a few times before they can
be read; ``--hold N`` stops the process (SIGSTOP) with the N-th batch in its hands; ``--sabotage`` takes one defence away, for the
controls that must fail.
"""

from __future__ import annotations

import argparse
import os
import re
import signal
import sys
from collections import Counter
from itertools import count
from typing import Any

from services.chassis.errors import TransientError
from services.extract.types import Tagged
from tests.faults.campaign.articles import FAILS

_FAILS = re.compile(re.escape(FAILS).replace(r"\{times\}", r"(\d+)").replace(r"\{name\}", r"\S+"))


class Failing:
    """A tagger that fails a few times where an article says so. A process that is started again has forgotten how often."""

    def __init__(self, tagger: Any) -> None:
        self._tagger = tagger
        self._failed: Counter[str] = Counter()

    def __getattr__(self, name: str) -> Any:
        return getattr(self._tagger, name)

    def __call__(self, text: str) -> Tagged:
        """See :class:`services.extract.extract.AttributionTagger`."""
        asked = _FAILS.search(text)
        if asked and self._failed[asked[0]] < int(asked[1]):
            self._failed[asked[0]] += 1
            raise TransientError("the article asks to fail")
        tagged: Tagged = self._tagger(text)
        return tagged


def fail_as_asked() -> None:
    """Extract reads with :class:`Failing`."""
    from services.extract import service

    load = service.load_tagger
    service.load_tagger = lambda settings: Failing(load(settings))  # type: ignore[assignment,return-value]


def hold(turn: int) -> None:
    """Stop this process with its ``turn``-th batch handled and not yet committed."""
    from services.chassis.stage.loop import StageLoop

    commit = StageLoop._commit
    turns = count(1)

    def commit_after_hold(self: Any, batch: Any, work: Any) -> None:
        if next(turns) == turn:
            os.kill(os.getpid(), signal.SIGSTOP)
        commit(self, batch, work)

    StageLoop._commit = commit_after_hold  # type: ignore[method-assign]


def main() -> None:
    """Run one command."""
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("--hold", type=int, default=0)
    parser.add_argument("--sabotage", default="")
    parser.add_argument("words", nargs=argparse.REMAINDER)
    asked = parser.parse_args()
    fail_as_asked()
    if asked.hold:
        hold(asked.hold)
    if asked.sabotage:
        from tests.faults.campaign import sabotage

        sabotage.CONTROLS[asked.sabotage]()
    sys.argv = ["onrecord", *asked.words]
    from services.cli.main import main as onrecord

    onrecord()


if __name__ == "__main__":
    main()
