"""A second ruler: attribution relations of GUM's news articles (amir-zeldes/gum, CC BY), read from CoNLL-U.

GUM marks attribution as a relation between two discourse units, with the tokens of the source and of the cue. Units are clauses: they say
which clause is attributed, not where the attributed words begin and end, and reports in a noun phrase are no units at all. So this ruler
measures recall only: of the attributed clauses, how many were found, and how many with the right source.
"""

from __future__ import annotations

import re
from collections.abc import Callable, Iterator, Sequence
from dataclasses import dataclass, field
from pathlib import Path
from typing import NamedTuple

from services.extract.quality.polnear import CorpusMissing
from services.extract.types import Attribution, Range

_UNIT = re.compile(r"Discourse=([^:|]+):(\d+)(?:->(\d+))?(?::\d+)?(?::([^|]*))?")
_SIGNAL = re.compile(r"(sem-atsrc|lex-ind(?:wd|ph))-((?:\d+[-,]?)+)")
_TOKEN_NUMBERS = re.compile(r"\d+(?:-\d+)?")


class GumRelation(NamedTuple):
    """A clause attributed to somebody: its place, and those of source and cue tokens (either may be empty)."""

    clause: Range
    source: tuple[Range, ...]
    cue: tuple[Range, ...]


@dataclass(frozen=True, slots=True)
class GumArticle:
    """An article put together from its tokens, paragraphs apart by a blank line."""

    name: str
    text: str
    relations: tuple[GumRelation, ...]


@dataclass(slots=True)
class _Draft:
    """A document while it is read: text so far, token places (document-wide numbers from 1), units by number, raw relations."""

    text: str = ""
    tokens: list[Range] = field(default_factory=list)
    units: dict[int, int] = field(default_factory=dict)
    relations: list[tuple[int, str]] = field(default_factory=list)
    separator: str = ""


def read_gum(folder: Path) -> Iterator[GumArticle]:
    """The articles of a folder of ``.conllu`` files in the order of their names.

    Raises:
        CorpusMissing: there is no such file.
    """
    paths = sorted(folder.glob("*.conllu"))
    if not paths:
        raise CorpusMissing(f"no .conllu file in {folder}: pass the folder with GUM's news articles")
    for path in paths:
        yield parse_conllu(path.stem, path.read_text(encoding="utf-8"))


def parse_conllu(name: str, lines: str) -> GumArticle:
    """One document."""
    draft = _Draft()
    for line in lines.splitlines():
        if line.startswith("# newpar"):
            draft.separator = "\n\n" if draft.text else ""
        elif line and not line.startswith("#"):
            columns = line.split("\t")
            if columns[0].isdigit():  # neither a contraction's line nor an empty node
                _add_token(draft, columns[1], columns[9])
    numbers = sorted(draft.units)
    bounds = {number: (draft.units[number], draft.units.get(number + 1, len(draft.tokens))) for number in numbers}
    relations = []
    for target, signals in draft.relations:
        first, last = bounds[target]
        places = {"sem-atsrc": _places(signals, "sem-atsrc", draft.tokens), "lex-ind": _places(signals, "lex-ind", draft.tokens)}
        relations.append(GumRelation(Range(draft.tokens[first].start, draft.tokens[last - 1].end), places["sem-atsrc"], places["lex-ind"]))
    return GumArticle(name, draft.text, tuple(relations))


def _add_token(draft: _Draft, form: str, misc: str) -> None:
    draft.text += draft.separator
    draft.tokens.append(Range(len(draft.text), len(draft.text) + len(form)))
    draft.text += form
    draft.separator = "" if "SpaceAfter=No" in misc.split("|") else " "
    unit = _UNIT.search(misc)
    if unit:
        relation, number, target, signals = unit.groups()
        draft.units[int(number)] = len(draft.tokens) - 1
        if relation.startswith("attribution") and target:
            draft.relations.append((int(target), signals or ""))


def _places(signals: str, kind: str, tokens: Sequence[Range]) -> tuple[Range, ...]:
    found = []
    for name, numbers in _SIGNAL.findall(signals):
        if name.startswith(kind):
            for part in _TOKEN_NUMBERS.findall(numbers):
                first, _, last = part.partition("-")
                found.append(Range(tokens[int(first) - 1].start, tokens[int(last or first) - 1].end))
    return tuple(sorted(found))


def _touch(left: Range | None, right: Sequence[Range]) -> bool:
    return left is not None and any(left.start < other.end and other.start < left.end for other in right)


def score_gum(articles: Sequence[GumArticle], find: Callable[[str], Sequence[Attribution]]) -> dict[str, tuple[int, int]]:
    """``(right, of how many)``: clauses found as content of some attribution; of those with a source in GUM, found with it; the same for
    cues."""
    counts = {"clause found": (0, 0), "clause found with its source": (0, 0), "clause found with its cue": (0, 0)}

    def count(name: str, right: bool) -> None:
        counts[name] = (counts[name][0] + right, counts[name][1] + 1)

    for article in articles:
        found = find(article.text)
        for relation in article.relations:
            holding = [item for item in found if any(_touch(part, [relation.clause]) for part in item.content)]
            count("clause found", bool(holding))
            if relation.source:
                count("clause found with its source", any(_touch(item.source, relation.source) for item in holding))
            if relation.cue:
                count("clause found with its cue", any(_touch(item.cue, relation.cue) for item in holding))
    return counts
