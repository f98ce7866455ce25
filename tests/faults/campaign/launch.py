"""Runs ``onrecord …`` as the campaign needs it: ``python -m tests.faults.campaign.launch [--hold N]
[--sabotage NAME] WORD …``.

The services are the real ones. Added here, in the tests' own program and nowhere else: articles that fail a
few times before they can be read; ``--hold N`` stops the process (SIGSTOP) with the N-th batch in its hands;
``--sabotage`` takes one defence away, for the controls that must fail.
"""

from __future__ import annotations

import argparse
import os
import re
import signal
import sys
from collections import Counter
from itertools import count
from typing import TYPE_CHECKING, Any

from services.chassis.errors import TransientError
from tests.faults.campaign.articles import FAILS

if TYPE_CHECKING:
    from collections.abc import Callable

    from schemas.events import Article
    from services.extract.articles import ArticleReader, Reading

_FAILS = re.compile(re.escape(FAILS).replace(r"\{times\}", r"(\d+)").replace(r"\{name\}", r"\S+"))


def fail_as_asked() -> None:
    """Extract fails a few times where an article says so. A process that is started again has forgotten how
    often."""
    from services.extract.articles import ArticleReader

    read = ArticleReader.read
    failed: Counter[str] = Counter()

    def failing(self: ArticleReader, article: Article, meanwhile: Callable[[], None]) -> Reading:
        asked = _FAILS.search(article.content)
        if asked and failed[asked[0]] < int(asked[1]):
            failed[asked[0]] += 1
            raise TransientError("the article asks to fail")
        return read(self, article, meanwhile)

    ArticleReader.read = failing  # type: ignore[method-assign]


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
