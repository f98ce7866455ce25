"""Small inputs with right answers, made after public bug reports of this field: ``make cases`` (``python -m
lab.quality.cases``).

Every case of ``lab/labels/cases`` is read as the services read it and judged by its checks, which say in data
what its right answer says in words (:data:`CHECKS`). Prints how many are right by kind, beside how many were
in 1.3.0, and which are wrong and why; one that no program judges counts as wrong.
``tests/lab/quality/test_cases.py`` lists those that are wrong, and fails for any that turns, either way.
"""

from __future__ import annotations

import argparse
import datetime as dt
import io
import json
import sys
from ast import literal_eval
from collections import Counter
from collections.abc import Callable, Iterator, Sequence
from dataclasses import dataclass
from itertools import combinations
from pathlib import Path
from typing import Any

from lab.quality.whole import plain_article
from schemas.events import Actor, Article, Claim, Quote, Resolution
from services.extract.extract import EXTRACTOR_VERSION, Extraction, Extractor
from services.extract.resolved import ResolvedAttribution
from services.extract.tagger import Tagger
from services.ingest.readers import Arrival, Item, Limits, Offer, read

COMMITTED = Path(__file__).parents[1] / "labels" / "cases" / "cases.jsonl"
_LIMITS = Limits(1_000_000)
_PAGE = "<!DOCTYPE"


@dataclass(frozen=True, slots=True)
class Case:
    """One input. ``checks``: by the name of a check, what it is given."""

    id: str
    kind: str
    input: str
    right: str
    was_right: bool
    checks: dict[str, Any]


def read_cases(path: Path = COMMITTED) -> list[Case]:
    """The cases of a file, one JSON object a line."""
    rows = [json.loads(line) for line in path.read_text(encoding="utf-8").splitlines()]
    return [
        Case(r["id"], r["kind"], r["input"], r["right"], r["was_right_in_1.3.0"], r["checks"]) for r in rows
    ]


def judge(case: Case, extractor: Extractor) -> list[str]:
    """What is wrong of a case, in words; nothing where it is right."""
    found: list[str] = []
    asked = {name: given for name, given in case.checks.items() if name in CHECKS}
    if asked:
        seen = Seen(extractor.extract(_article(case)))
        found += [
            wrong for name, given in asked.items() for one in given for wrong in CHECKS[name](seen, one)
        ]
    for name, given in case.checks.items():
        if name in READING:
            found += READING[name](case.input, given)
    return found


def _article(case: Case) -> Article:
    page = case.input.lstrip().startswith("<")
    return plain_article(case.id, case.input).model_copy(
        update={"content_type": "text/html" if page else "text/plain"}
    )


class Seen:
    """What was found in a case, to be asked about."""

    def __init__(self, extraction: Extraction) -> None:
        self.text = extraction.document.text
        self.statements: tuple[Quote | Claim, ...] = (*extraction.quotes, *extraction.claims)
        self.quotes = extraction.quotes
        self.attributions = list(_all(extraction.attributions))

    def attribution(self, words: str) -> ResolvedAttribution | None:
        """The innermost attribution whose content has the words."""
        holding = [item for item in self.attributions if words.lower() in self._said(item).lower()]
        return min(holding, key=lambda item: len(self._said(item)), default=None)

    def actor(self, words: str) -> Actor | None:
        """Who says the words."""
        item = self.attribution(words)
        return None if item is None else item.actor

    def holding(self, words: str) -> list[Quote | Claim]:
        """The published statements that have the words."""
        return [item for item in self.statements if words.lower() in item.text.lower()]

    def _said(self, item: ResolvedAttribution) -> str:
        return " ".join(self.text[start:end] for start, end in item.content)


def _all(attributions: Sequence[ResolvedAttribution]) -> Iterator[ResolvedAttribution]:
    for item in attributions:
        yield item
        yield from _all(item.nested)


def _said(seen: Seen, given: Sequence[str]) -> Iterator[str]:
    words, name = given
    actor = seen.actor(words)
    if actor is None or actor.name.lower() != name.lower():
        yield f"“{words}” is {'nobody’s' if actor is None else actor.name + '’s'}, not {name}’s"


def _published(seen: Seen, given: Sequence[str]) -> Iterator[str]:
    words, name = given
    if not any(_speaker(item).name == name and not item.negated for item in seen.holding(words)):
        yield f"no statement of {name} has “{words}”"


def _speaker(item: Quote | Claim) -> Actor:
    return item.speaker if isinstance(item, Quote) else item.claimant


def _unsaid(seen: Seen, words: str) -> Iterator[str]:
    yield from (
        f"{_speaker(item).name} is said to have said “{words}”"
        for item in seen.holding(words)
        if not item.negated
    )


def _told(seen: Seen, given: Sequence[str | None]) -> Iterator[str]:
    words, name = given
    item = seen.attribution(words or "")
    told = None if item is None or item.addressee is None else item.addressee.name
    if told != name:
        yield f"“{words}” was told {told}, not {name}"


def _apart(seen: Seen, given: Sequence[str]) -> Iterator[str]:
    for one, other in combinations(given, 2):
        left, right = seen.actor(one), seen.actor(other)
        if left is None or right is None:
            yield f"“{one if left is None else other}” is nobody’s"
        elif left.actor_id == right.actor_id and left.resolution is not Resolution.UNRESOLVED:
            yield f"“{one}” and “{other}” are both {left.name}’s"


def _same(seen: Seen, given: Sequence[str]) -> Iterator[str]:
    one, other = (seen.actor(words) for words in given)
    if one is None or other is None or one.actor_id != other.actor_id:
        yield f"“{given[0]}” and “{given[1]}” are not of one actor"


def _kind(seen: Seen, given: Sequence[str]) -> Iterator[str]:
    words, kind = given
    actor = seen.actor(words)
    if actor is None or actor.kind != kind:
        yield f"who says “{words}” is {'nobody' if actor is None else actor.kind}, not {kind}"


def _nobody(seen: Seen, name: str) -> Iterator[str]:
    named = [item.actor for item in seen.attributions if item.actor.resolution is not Resolution.UNRESOLVED]
    yield from (f"there is an actor called {name}" for actor in named if actor.name.lower() == name.lower())


def _type(seen: Seen, given: Sequence[str]) -> Iterator[str]:
    words, kind = given
    types = {item.claim_type for item in seen.holding(words) if isinstance(item, Claim)}
    if types != {kind}:
        yield f"“{words}” is {', '.join(sorted(types)) or 'no claim'}, not {kind}"


def _text(seen: Seen, words: str) -> Iterator[str]:
    if words not in seen.text:
        yield f"“{words}” is not in the text"


def _no_text(seen: Seen, words: str) -> Iterator[str]:
    if words in seen.text:
        yield f"“{words}” is in the text"


def _once(seen: Seen, words: str) -> Iterator[str]:
    times = sum(words in quote.text for quote in seen.quotes)
    if times != 1:
        yield f"“{words}” is quoted {times} times"


CHECKS: dict[str, Callable[[Seen, Any], Iterator[str]]] = {
    "said": _said, "published": _published, "unsaid": _unsaid, "told": _told, "apart": _apart, "same": _same, "kind": _kind,
    "nobody": _nobody, "type": _type, "text": _text, "no_text": _no_text, "once": _once,
}  # fmt: skip
"""Checks of an extraction, each given one item: ``[words, whose they are]`` of what is found (``said``) and
of what is published; words that nobody is said to have said (``unsaid``); ``[words, to whom]``; words of
different actors (unresolved ones are different) or of the same; ``[words, kind of actor]``; a name no actor
has; ``[words, type of claim]``; words in the text or not; words of one quote."""


def _lines(data: str, given: Sequence[int]) -> Iterator[str]:
    offered, refused = given
    raw = literal_eval(data) if data.startswith("b'") else data.encode()  # bytes as Python writes them
    items = _read("a.jsonl", raw)
    counts = (
        sum(isinstance(item, Offer) for item in items),
        sum(not isinstance(item, Offer) for item in items),
    )
    if counts != (offered, refused):
        yield f"{counts[0]} articles offered and {counts[1]} refused, not {offered} and {refused}"


def _pushed(data: str, content_type: str) -> Iterator[str]:
    line = json.dumps({"url": "https://e.example/1", "content": data})
    types = [item.article.content_type for item in _read("a.jsonl", line.encode()) if isinstance(item, Offer)]
    if types not in ([], [content_type]):
        yield f"read as {', '.join(types)}"


def _pages(data: str, articles: int) -> Iterator[str]:
    pages = [_PAGE + page for page in data.split(_PAGE) if page]
    ids = {
        item.article.article_id
        for page in pages
        for item in _read("a.html", page.encode())
        if isinstance(item, Offer)
    }
    if len(ids) != articles:
        yield f"{len(ids)} articles, not {articles}"


def _read(name: str, data: bytes) -> list[Item]:
    arrival = Arrival(name, f"file:{name}", "file", dt.datetime(2026, 11, 22, 12, tzinfo=dt.UTC))
    return list(read(arrival, io.BytesIO(data), _LIMITS, "html" if name.endswith("html") else "jsonl"))


READING: dict[str, Callable[[str, Any], Iterator[str]]] = {
    "lines": _lines,
    "pushed": _pushed,
    "pages": _pages,
}
"""Checks of how ingest reads: ``[articles, refusals]`` of JSON lines, what a pushed body is taken for, how
many articles pages are."""


def table(cases: Sequence[Case], wrong: dict[str, list[str]]) -> str:
    """Right of all by kind, in 1.3.0 and now; cases that no program can judge count as wrong."""
    kinds = Counter(case.kind for case in cases)
    lines = [f"{'kind':34}{'cases':>6}{'1.3.0':>7}{'now':>5}"]
    for kind, of in [*sorted(kinds.items()), ("all", len(cases))]:
        mine = [case for case in cases if kind in (case.kind, "all")]
        before, now = sum(case.was_right for case in mine), sum(not wrong.get(case.id) for case in mine)
        lines.append(f"{kind:34}{of:>6}{before:>7}{now:>5}")
    return "\n".join(lines)


def verdicts(cases: Sequence[Case], extractor: Extractor) -> dict[str, list[str]]:
    """What is wrong, by the id of the case; of those that are right nothing."""
    judged = {
        case.id: judge(case, extractor) if case.checks else ["not judged by a program"] for case in cases
    }
    return {name: found for name, found in judged.items() if found}


def main(arguments: Sequence[str] | None = None) -> int:
    """Run."""
    parser = argparse.ArgumentParser(prog="python -m lab.quality.cases", description=__doc__)
    parser.add_argument("--cases", type=Path, default=COMMITTED, help="(default: this project's)")
    options = parser.parse_args(arguments)
    cases = read_cases(options.cases)
    with Extractor(Tagger.load()) as extractor:
        wrong = verdicts(cases, extractor)
    print(f"onrecord {EXTRACTOR_VERSION} on {len(cases)} cases\n{table(cases, wrong)}")
    print("\n".join(f"{name}: {fault}" for name, found in wrong.items() for fault in found))
    return 0


if __name__ == "__main__":
    sys.exit(main())
