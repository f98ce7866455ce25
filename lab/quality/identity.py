"""Identity across articles measured: ``python -m lab.quality.identity [--actors CORPUS ACTORS.jsonl] [--errors]``.

Two figures over statements or names that stand each in an article of its own, by what the record would make of them. *Pairwise*: of the
pairs that are put together, how many are one actor (precision), and of those that are one, how many are put together (recall). *B³*: the
same, averaged over items, so that a much quoted actor does not drown the rest.

- **hard**: invented names in ``lab/labels/identity/hard.txt``, by sort, each form against each of its group; made by writing, and read
  while the rules were made, so a figure of what the rules are meant to do, not of how they do on names unseen.
- ``--actors``: the labelled sources of PolNeAR dev (see :mod:`lab.quality.actors`), resolved by the extractor given the annotated
  sources, then put together across the articles. Only persons and organisations of whom the label has a name.
"""

from __future__ import annotations

import argparse
from collections import Counter, defaultdict
from collections.abc import Iterable, Iterator, Sequence
from dataclasses import dataclass
from itertools import combinations
from pathlib import Path

from lab.quality.actors import given_gold, read_actors
from lab.quality.polnear import read_polnear
from schemas.events import Actor, ActorKind, Resolution
from schemas.ids import actor_id, name_key
from services.aggregate.identity.deciding import identity_of, resolved
from services.aggregate.identity.names import read
from services.aggregate.identity.registry import wikidata_of
from services.extract.actors.names import without_initials
from services.extract.tagger import Tagger

HARD = Path(__file__).parents[1] / "labels" / "identity" / "hard.txt"


@dataclass(frozen=True, slots=True)
class Pair:
    """Two names from two articles, and whether they are one actor."""

    sort: str
    one: str
    other: str
    same: bool


@dataclass(frozen=True, slots=True)
class Item:
    """A statement: who said it by the labels, and on record."""

    gold: str
    found: str


def hard_pairs(path: Path = HARD) -> Iterator[tuple[Pair, bool]]:
    """The invented pairs, and whether the record puts them together when it has the names of their group."""
    for line in path.read_text(encoding="utf-8").splitlines():
        if line.startswith("#") or not line.strip():
            continue
        sort, _, rest = line.partition(";")
        forms, others = ([part.strip() for part in side.split("|") if part.strip()] for side in (*rest.split("#"), "")[:2])
        identities = {name: identity_of(_actor(name), f"art-{number}") for number, name in enumerate([*forms, *others])}
        actors = on_record(identities.values())
        for one, other in combinations(identities, 2):
            same = one in forms and other in forms
            yield Pair(sort.strip(), one, other, same), actors[identities[one]] == actors[identities[other]]


def on_record(identities: Iterable[str]) -> dict[str, str]:
    """The actor of each identity, given that these are on record."""
    known = set(identities)
    names = {identity: name for identity in known if (name := read(identity)) is not None}
    return {identity: identity for identity in known} | resolved(names)


def pairwise(items: Sequence[Item]) -> tuple[float, float]:
    """Precision and recall of pairs, counted by group sizes: the pairs of a much quoted actor are many."""
    both = _pairs(Counter((item.gold, item.found) for item in items))
    found = _pairs(Counter(item.found for item in items))
    gold = _pairs(Counter(item.gold for item in items))
    return _share(both, found), _share(both, gold)


def b_cubed(items: Sequence[Item]) -> tuple[float, float, float]:
    """Precision, recall and F1, averaged over items."""
    both = Counter((item.gold, item.found) for item in items)
    found, gold = Counter(item.found for item in items), Counter(item.gold for item in items)
    precision = sum(both[item.gold, item.found] / found[item.found] for item in items) / max(1, len(items))
    recall = sum(both[item.gold, item.found] / gold[item.gold] for item in items) / max(1, len(items))
    return precision, recall, 2 * precision * recall / (precision + recall) if precision + recall else 0.0


def polnear_items(corpus: Path, actors: Path, split: str = "dev") -> list[Item]:
    """The labelled sources of named persons and organisations, resolved and put together."""
    labels = defaultdict(list)
    for label in read_actors(actors):
        labels[label.document].append(label)
    tagger = Tagger.load()
    found: list[tuple[str, str]] = []
    for article in read_polnear(corpus, split):
        for label, _, actor in given_gold(article, labels[article.name], tagger) if article.name in labels else ():
            if actor is not None and label.kind in ("person", "organization"):
                # who is named in no article in full is nobody beyond it
                alone = label.kind == "person" and " " not in label.name
                gold = f"{label.kind}:{name_key(without_initials(label.name).removeprefix('The '))}"
                found.append((f"{article.name}/{gold}" if alone else gold, identity_of(actor, article.name)))
    actors_of = on_record(identity for _, identity in found)
    return [Item(gold, actors_of[identity]) for gold, identity in found]


def main() -> None:
    """Print the figures."""
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("--actors", nargs=2, type=Path, metavar=("CORPUS", "ACTORS"))
    parser.add_argument("--errors", action="store_true", help="print every pair that is wrong, of the invented ones")
    options = parser.parse_args()
    _print_hard(errors=options.errors)
    if options.actors:
        items = polnear_items(*options.actors)
        precision, recall, f1 = b_cubed(items)
        print(f"PolNeAR dev: {len(items)} statements of {len({item.gold for item in items})} actors")
        print("  pairwise precision {:.3f} recall {:.3f}".format(*pairwise(items)))
        print(f"  B³ precision {precision:.3f} recall {recall:.3f} F1 {f1:.3f}")
        print(f"  with a Wikidata id: {sum(wikidata_of(item.found) is not None for item in items) / len(items):.3f}")


def _print_hard(*, errors: bool) -> None:
    counts: dict[str, Counter[tuple[bool, bool]]] = defaultdict(Counter)
    for pair, found in hard_pairs():
        for sort in (pair.sort, "all"):
            counts[sort][pair.same, found] += 1
        if errors and found != pair.same:
            print(f"{pair.sort}: {pair.one} / {pair.other}: {'not put together' if pair.same else 'put together'}")
    print(f"{'hard pairs':20} {'pairs':>6} {'precision':>10} {'recall':>7}")
    for sort, seen in sorted(counts.items(), key=lambda item: (item[0] == "all", item[0])):
        precision = _share(seen[True, True], seen[True, True] + seen[False, True])
        recall = _share(seen[True, True], seen[True, True] + seen[True, False])
        print(f"{sort:20} {seen.total():6} {precision:10.3f} {recall:7.3f}")


def _actor(name: str) -> Actor:
    kind = ActorKind.ORGANIZATION if name.startswith("org:") else ActorKind.PERSON
    plain = name.removeprefix("org:")
    known = without_initials(plain) if kind is ActorKind.PERSON else plain
    for article in ("the ", "The "):
        known = known.removeprefix(article)
    return Actor(actor_id=actor_id(kind, known), name=plain, kind=kind, resolution=Resolution.NAME, confidence=1.0)


def _pairs(groups: Counter[str] | Counter[tuple[str, str]]) -> int:
    return sum(size * (size - 1) // 2 for size in groups.values())


def _share(part: int, whole: int) -> float:
    return part / whole if whole else 1.0


if __name__ == "__main__":
    main()
