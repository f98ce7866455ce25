"""Statements told more than once, measured: ``python -m lab.quality.statements CORPUS [--errors]``.

- **Appearances**: of labelled pairs of attributions of one actor in two outlets, which are put together,
  given the annotated spans and the actor. Precision and recall by pair.
- **Repetitions**: of the pairs in which an actor says the same again, how many the statement's page shows as
  said again; beside BM25 (Robertson and Zaragoza 2009, k1 1.2, b .75), which ranks all attributions of train
  whose source has the same surname, and is right when the other of the pair is among its first five.

Labels: ``lab/labels/statements``. Only pairs that ``--errors`` names are printed, by article and number,
never their text.
"""

from __future__ import annotations

import argparse
import datetime as dt
import math
import re
from collections import Counter
from collections.abc import Iterator, Sequence
from dataclasses import dataclass
from pathlib import Path

from lab.quality.polnear import GoldArticle, read_polnear
from schemas.events import StatementKind
from schemas.relational import microseconds
from services.aggregate.grouping import Wording, crowds_of, grouped, is_shred
from services.chassis.wording import Words, joined, words_in
from services.extract.text.quotes import quoted_stretches
from services.query.records.appearances import is_again

PAIRS = Path(__file__).parents[1] / "labels" / "statements" / "pairs.tsv"
FIRST = 5
K1, B = 1.2, 0.75


@dataclass(frozen=True, slots=True)
class Pair:
    """Two attributions of one actor, and what they are to each other."""

    label: str
    one: tuple[str, int]
    other: tuple[str, int]


def read_pairs() -> list[Pair]:
    """The labelled pairs."""
    rows = [line.split("\t") for line in PAIRS.read_text(encoding="utf-8").splitlines()]
    return [
        Pair(label, (first, int(number)), (second, int(other)))
        for label, first, number, second, other in rows
    ]


def statements_of(article: GoldArticle, number: int) -> list[Wording]:
    """The claim and the quote that the record would have of an annotated attribution."""
    outlet, day, *_ = article.name.split("_")
    attribution = article.attributions[number]
    claim = tuple(filter(None, (words_in(article.text[start:end]) for start, end in attribution.content)))
    quoted = tuple(
        filter(
            None,
            (
                words_in(text)
                for start, end in attribution.content
                for text in _quoted(article.text[start:end])
            ),
        )
    )
    at = microseconds(dt.datetime.combine(dt.date.fromisoformat(day), dt.time(12), dt.UTC))
    ids = {kind: f"{kind.value} {article.name} {number}" for kind in StatementKind}

    def made(kind: StatementKind, pieces: tuple[Words, ...]) -> Wording:
        inner = ids[StatementKind.QUOTE] if kind is StatementKind.CLAIM and quoted else None
        shred = is_shred(" ".join(joined(pieces)), 1.0)
        return Wording(
            ids[kind], kind.value, "actor", article.name, outlet, at, inner, shred, "00", pieces, part=False
        )

    return [made(StatementKind.CLAIM, claim), *([made(StatementKind.QUOTE, quoted)] if quoted else [])]


def _quoted(text: str) -> Iterator[str]:
    for stretch in quoted_stretches(text):
        yield text[stretch.inner.start : stretch.inner.end]


def together(one: Sequence[Wording], other: Sequence[Wording]) -> bool:
    """Whether two attributions are put together."""
    both = [*one, *other]
    articles = {wording.article_id for wording in both}
    return any(
        {wording.article_id for wording in group} == articles for group in grouped(both, crowds_of(both))
    )


def said_again(one: Sequence[Wording], other: Sequence[Wording]) -> bool:
    """Whether the page of one shows the other as said again, or as told there."""
    return together(one, other) or any(
        is_again(first.pieces, second.pieces) for first in one for second in other
    )


class Bm25:
    """Ranks texts by the words of one of them."""

    def __init__(self, texts: Sequence[Words]) -> None:
        self._counts = [Counter(words) for words in texts]
        self._usual = sum(map(len, texts)) / max(1, len(texts))
        self._found = Counter(word for counts in self._counts for word in counts)

    def ranked(self, query: Words) -> list[int]:
        """The places of all texts, the best first."""
        weights = {
            word: math.log(1 + (len(self._counts) - n + 0.5) / (n + 0.5))
            for word in set(query)
            if (n := self._found[word])
        }

        def score(counts: Counter[str]) -> float:
            length = K1 * (1 - B + B * counts.total() / self._usual)
            return sum(
                weight * counts[word] * (K1 + 1) / (counts[word] + length) for word, weight in weights.items()
            )

        scores = [score(counts) for counts in self._counts]
        return sorted(range(len(scores)), key=lambda place: (-scores[place], place))


def surname(article: GoldArticle, number: int) -> str:
    """The last capitalised word of an attribution's source; empty where there is none."""
    source = " ".join(article.text[start:end] for start, end in article.attributions[number].source)
    names: list[str] = re.findall(r"\b[A-Z][a-z]\w+", source)
    return names[-1] if names else ""


def bm25_finds(articles: dict[str, GoldArticle], pairs: Sequence[Pair]) -> int:
    """Of how many pairs the other is among the first five for the one, or the one for the other."""
    found = 0
    for pair in pairs:
        names = {surname(articles[name], number) for name, number in (pair.one, pair.other)} - {""}
        places = [
            (article.name, number)
            for article in articles.values()
            for number in range(len(article.attributions))
            if surname(article, number) in names or (article.name, number) in (pair.one, pair.other)
        ]
        texts = [words_of(articles[name], number) for name, number in places]
        ranker = Bm25(texts)
        for asked, wanted in ((pair.one, pair.other), (pair.other, pair.one)):
            best = [
                places[place]
                for place in ranker.ranked(words_of(articles[asked[0]], asked[1]))
                if places[place] != asked
            ]
            if wanted in best[:FIRST]:
                found += 1
                break
    return found


def words_of(article: GoldArticle, number: int) -> Words:
    """All words of an attribution's content."""
    return joined([words_in(article.text[start:end]) for start, end in article.attributions[number].content])


def main() -> None:
    """Print the figures."""
    parser = argparse.ArgumentParser(prog="python -m lab.quality.statements", description=__doc__)
    parser.add_argument("corpus", type=Path, help="folder of PolNeAR")
    parser.add_argument("--errors", action="store_true", help="name the pairs that are wrong")
    options = parser.parse_args()
    articles = {article.name: article for article in read_polnear(options.corpus, "train")}
    pairs = read_pairs()
    made = {
        place: statements_of(articles[place[0]], place[1])
        for pair in pairs
        for place in (pair.one, pair.other)
    }
    same = [pair for pair in pairs if pair.label in ("same", "two")]
    joined_pairs = [pair for pair in same if together(made[pair.one], made[pair.other])]
    right = sum(pair.label == "same" for pair in joined_pairs)
    wanted = sum(pair.label == "same" for pair in same)
    print(f"appearances: precision {right}/{len(joined_pairs)}, recall {right}/{wanted}")
    again = [pair for pair in pairs if pair.label == "again"]
    others = [pair for pair in pairs if pair.label == "other"]
    shown = [sum(said_again(made[pair.one], made[pair.other]) for pair in found) for found in (again, others)]
    print(f"repetitions: found {shown[0]}/{len(again)}, wrongly {shown[1]}/{len(others)}; BM25, first {FIRST}: "
          f"{bm25_finds(articles, again)}/{len(again)}, wrongly {bm25_finds(articles, others)}/{len(others)}")  # fmt: skip
    if options.errors:
        for pair in same:
            if (pair in joined_pairs) != (pair.label == "same"):
                print(pair.label, *pair.one, *pair.other)


if __name__ == "__main__":
    main()
