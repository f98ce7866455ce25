"""Identity across articles measured: ``python -m lab.quality.identity`` (see its options; ``make
quality-identity``).

Two figures over statements, by what the record would make of them. *Pairwise*: of the pairs that are put
together, how many are one actor (precision), and of those that are one, how many are put together (recall);
*across* counts pairs of two articles only. *B³*: the same, averaged over statements, so that a much quoted
actor does not drown the rest. Each with the 95 % interval of leaving out one article. *Rightly named* are the
statements whose actor the extractor names rightly within its article: what linking alone makes of them.

- invented names (``lab/labels/identity``): always; see :mod:`lab.quality.identity_pairs`;
- GUM's news, which the project carries: always; ``--actors``: PolNeAR dev; ``--pages``: the labelled pages,
  those to be looked at and those that are a measure only apart; see :mod:`lab.quality.identity_gold`;
- ``--us``: the folder with unitedstates/congress-legislators, for Wikidata ids: of the statements of whom it
  knows by name, how many got an id, and how many of these the right one.
"""

from __future__ import annotations

import argparse
import sys
from collections import Counter, defaultdict
from collections.abc import Callable, Iterable, Sequence
from dataclasses import dataclass
from math import sqrt
from pathlib import Path

from lab.quality.identity_gold import Statement, of_gum, of_pages, of_polnear
from lab.quality.identity_pairs import Answer, Pair, hard_pairs, pairs
from lab.quality.identity_record import on_record
from lab.quality.news_speech import PagesMissing
from lab.quality.news_speech_labels import CLOSED, LOCKED, OPEN, WORK
from lab.quality.polnear import CorpusMissing
from lab.registry.us import items_by_name
from services.aggregate.identity.registry import wikidata_of
from services.extract.tagger import Tagger


@dataclass(frozen=True, slots=True)
class Item:
    """A statement: who said it by the labels, and on record, and where."""

    gold: str
    found: str
    article: str = ""


Figure = Callable[[Sequence[Item]], float]


def pairwise(items: Sequence[Item], *, across: bool = False) -> tuple[float, float]:
    """Precision and recall of pairs, counted by group sizes: the pairs of a much quoted actor are many.
    ``across``: only pairs of two articles."""
    both, found, gold = (
        _pairs(Counter((item.gold, item.found) for item in items)),
        _pairs(Counter(item.found for item in items)),
        _pairs(Counter(item.gold for item in items)),
    )
    if across:
        both -= _pairs(Counter((item.article, item.gold, item.found) for item in items))
        found -= _pairs(Counter((item.article, item.found) for item in items))
        gold -= _pairs(Counter((item.article, item.gold) for item in items))
    return _share(both, found), _share(both, gold)


def b_cubed(items: Sequence[Item]) -> tuple[float, float, float]:
    """Precision, recall and F1, averaged over items."""
    both = Counter((item.gold, item.found) for item in items)
    found, gold = Counter(item.found for item in items), Counter(item.gold for item in items)
    precision = sum(both[item.gold, item.found] / found[item.found] for item in items) / max(1, len(items))
    recall = sum(both[item.gold, item.found] / gold[item.gold] for item in items) / max(1, len(items))
    return precision, recall, 2 * precision * recall / (precision + recall) if precision + recall else 0.0


FIGURES: dict[str, Figure] = {
    "pairwise precision": lambda items: pairwise(items)[0],
    "pairwise recall": lambda items: pairwise(items)[1],
    "across articles, precision": lambda items: pairwise(items, across=True)[0],
    "across articles, recall": lambda items: pairwise(items, across=True)[1],
    "B³ precision": lambda items: b_cubed(items)[0],
    "B³ recall": lambda items: b_cubed(items)[1],
    "B³ F1": lambda items: b_cubed(items)[2],
}


def interval(items: Sequence[Item], figure: Figure) -> tuple[float, float]:
    """The 95 % interval by the jackknife over articles, whose statements go together (Efron and Stein
    1981)."""
    articles = sorted({item.article for item in items})
    without = [figure([item for item in items if item.article != article]) for article in articles]
    mean = sum(without) / max(1, len(without))
    error = sqrt(sum((value - mean) ** 2 for value in without) * (len(without) - 1) / max(1, len(without)))
    whole = figure(items)
    return max(0.0, whole - 1.96 * error), min(1.0, whole + 1.96 * error)


def main(arguments: Sequence[str] | None = None) -> int:
    """Print the figures; 0, or 2 with one line on standard error when something to read is not there."""
    parser = argparse.ArgumentParser(prog="python -m lab.quality.identity", description=__doc__)
    parser.formatter_class = argparse.RawDescriptionHelpFormatter
    parser.add_argument(
        "--actors",
        nargs=2,
        type=Path,
        metavar=("CORPUS", "ACTORS"),
        help="PolNeAR and the labels of its sources",
    )
    parser.add_argument(
        "--pages", nargs="+", type=Path, metavar="FOLDER", help="folders with the labelled pages (.html.gz)"
    )
    parser.add_argument("--us", type=Path, help="folder with legislators-current.yaml and executive.yaml")
    parser.add_argument(
        "--errors",
        action="store_true",
        help="print every invented pair that is wrong, but of those set aside",
    )
    options = parser.parse_args(arguments)
    _print_hard(list(hard_pairs()), errors=options.errors)
    _print_pairs(list(pairs()), errors=options.errors)
    try:
        items = items_by_name(options.us) if options.us else {}
        tagger = Tagger.load()
        _print_statements("GUM news", of_gum(tagger), items)
        if options.actors:
            _print_statements("PolNeAR dev", of_polnear(options.actors[0], options.actors[1], tagger), items)
        if options.pages:
            _print_statements("pages, open and work", of_pages(options.pages, (OPEN, WORK), tagger), items)
            _print_statements(
                "pages, closed and locked", of_pages(options.pages, (CLOSED, LOCKED), tagger), items
            )
    except (CorpusMissing, PagesMissing, OSError) as error:
        print(error, file=sys.stderr)
        return 2
    return 0


def _print_statements(title: str, statements: Iterable[Statement], wikidata: dict[str, str]) -> None:
    found = list(statements)
    actors = on_record(statement.kept for statement in found)
    items = [Item(statement.gold, actors[statement.kept], statement.article) for statement in found]
    right = [item for item, statement in zip(items, found, strict=True) if statement.right]
    articles, golds = {item.article for item in items}, {item.gold for item in items}
    print(
        f"\n{title}: {len(items)} statements of {len(golds)} actors in {len(articles)} articles, {len(right)}"
        " rightly named there"
    )
    print(f"  {'':28}{'all':>22}{'rightly named':>24}")
    for name, figure in FIGURES.items():
        cells = (
            "{:.3f} ({:.3f}–{:.3f})".format(figure(some), *interval(some, figure)) for some in (items, right)
        )
        print(f"  {name:28}" + "".join(f"{cell:>24}" for cell in cells))
    known = [
        (wikidata[s.name], wikidata_of(item.found))
        for s, item in zip(found, items, strict=True)
        if s.name in wikidata
    ]
    if known:
        given = [(wanted, got) for wanted, got in known if got is not None]
        right_ids = sum(wanted == got for wanted, got in given)
        print(f"  Wikidata id, of {len(known)} statements of persons in the US data: given {_share(len(given), len(known)):.3f}, "
              f"right {_share(right_ids, len(given)):.3f}")  # fmt: skip


def _print_hard(found: Sequence[Pair], *, errors: bool) -> None:
    counts: dict[str, Counter[tuple[bool, bool]]] = defaultdict(Counter)
    for pair in found:
        for sort in (pair.sort, "all"):
            counts[sort][pair.right is Answer.SAME, pair.found is Answer.SAME] += 1
        if errors and pair.found is not pair.right:
            print(_told(pair))
    print(f"{'hard.txt':20} {'pairs':>6} {'precision':>10} {'recall':>7}")
    for sort, seen in sorted(counts.items(), key=lambda item: (item[0] == "all", item[0])):
        precision, recall = _precision_and_recall(seen)
        print(f"{sort:20} {seen.total():6} {precision:10.3f} {recall:7.3f}")


def _print_pairs(found: Sequence[Pair], *, errors: bool) -> None:
    if errors:
        print(
            "".join(f"{_told(pair)}\n" for pair in found if pair.found is not pair.right and not pair.aside)
        )
    print(
        f"\n{'pairs.txt':20} {'pairs':>6} {'precision':>10} {'recall':>7} {'candidates shown':>17}"
        f" {'exactly right':>14}"
    )
    for title, some in (
        ("to work with", [p for p in found if not p.aside]),
        ("set aside", [p for p in found if p.aside]),
    ):
        for sort in (*sorted({pair.sort for pair in some}), "all"):
            here = [pair for pair in some if sort in (pair.sort, "all")]
            if sort == "all" or title == "to work with":
                cells = "{:10.3f} {:7.3f} {:17.3f} {:14.3f}".format(*pair_figures(here))
                print(f"{title if sort == 'all' else sort:20} {len(here):6} {cells}")


def pair_figures(found: Sequence[Pair]) -> tuple[float, float, float, float]:
    """Precision and recall of putting together, the share of right candidates that are shown as such, and of
    answers exactly right."""
    precision, recall = _precision_and_recall(
        Counter((pair.right is Answer.SAME, pair.found is Answer.SAME) for pair in found)
    )
    candidates = [pair for pair in found if pair.right is Answer.CANDIDATE]
    shown = _share(sum(pair.found is Answer.CANDIDATE for pair in candidates), len(candidates))
    return precision, recall, shown, _share(sum(pair.found is pair.right for pair in found), len(found))


def _precision_and_recall(seen: Counter[tuple[bool, bool]]) -> tuple[float, float]:
    precision = _share(seen[True, True], seen[True, True] + seen[False, True])
    return precision, _share(seen[True, True], seen[True, True] + seen[True, False])


def _told(pair: Pair) -> str:
    return f"{pair.sort}: {pair.one} / {pair.other}: {pair.found}, right is {pair.right}"


def _pairs(groups: Counter[str] | Counter[tuple[str, str]] | Counter[tuple[str, str, str]]) -> int:
    return sum(size * (size - 1) // 2 for size in groups.values())


def _share(part: int, whole: int) -> float:
    return part / whole if whole else 1.0


if __name__ == "__main__":
    sys.exit(main())
