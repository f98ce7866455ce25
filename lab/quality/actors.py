"""Actor resolution measured: ``python -m lab.quality.actors CORPUS ACTORS.jsonl [--errors]``.

``ACTORS.jsonl`` names, for gold attributions of PolNeAR dev, who the source really is (``doc``, ``index``,
``actor``, ``actor_type``, ``aliases``). Three figures: *given gold spans* resolves the annotated sources in
the raw text, so that only the resolver is measured; *end to end* runs the whole extraction and looks at the
found attribution that shares most content with the gold one; *matched* are those of them where its source
touches the annotated one. *Named* are persons and organisations, however the source is written.
"""

from __future__ import annotations

import argparse
import datetime as dt
import json
from collections import Counter
from collections.abc import Iterator
from dataclasses import dataclass
from pathlib import Path

from lab.quality.calibration import reliability_table
from lab.quality.names import name_words, same_person
from lab.quality.polnear import GoldArticle, GoldAttribution, read_polnear
from schemas.events import Actor, ActorKind, Article
from services.extract.actors.resolve import Resolver
from services.extract.extract import Extraction, Extractor
from services.extract.tagger import Tagger
from services.extract.text.quotes import quoted_stretches
from services.extract.text.sentences import sentences
from services.extract.types import Attribution, Range

_EPOCH = dt.datetime(1970, 1, 1, tzinfo=dt.UTC)
# actors who have a name; groups, documents and unnamed ones are described
_NAMED = frozenset(["person", "organization"])
_PRONOUNS = frozenset(["he", "she", "they", "it", "i", "we", "who", "which", "that"])


@dataclass(frozen=True, slots=True)
class GoldActor:
    """Who the source of one gold attribution is. ``index`` counts all events of the annotation file that have
    content."""

    document: str
    index: int
    source: str
    start: int
    name: str
    kind: str
    aliases: tuple[str, ...]


def read_actors(path: Path) -> list[GoldActor]:
    """The labelled sources, in file order."""
    with path.open(encoding="utf-8") as lines:
        rows = [json.loads(line) for line in lines if line.strip()]
    return [
        GoldActor(
            row["doc"],
            row["index"],
            row["source"],
            row["source_start"],
            row["actor"],
            row["actor_type"],
            tuple(row["aliases"]),
        )
        for row in rows
    ]


def is_right(actor: Actor, gold: GoldActor, text: str) -> bool:
    """Whether the resolved name is the gold name: the same folded words, titles and articles aside, or, for
    descriptions, an alias.

    For a person the gold name must be met in full when the article has it in full; a part of it passes only
    where it has no more.
    """
    found, wanted = name_words(actor.name), name_words(gold.name)
    if found == wanted:
        return True
    if gold.kind == "person":
        return actor.kind is ActorKind.PERSON and (
            same_person(found, wanted)
            or (found[-1] == wanted[-1] and len(found) == 1 and gold.name not in text)
            or any(
                found == name_words(alias) and (len(found) > 1 or gold.name not in text)
                for alias in gold.aliases
            )
        )
    described = [wanted, *(name_words(alias) for alias in gold.aliases), name_words(gold.source)]
    return found in described and found[0] not in _PRONOUNS


def given_gold(
    article: GoldArticle, labels: list[GoldActor], tagger: Tagger
) -> Iterator[tuple[GoldActor, bool, Actor | None]]:
    """Resolve the article's gold sources in its raw text."""
    entities = tagger(article.text).entities
    attributions = [
        Attribution("indirect", gold.content, _hull(gold.source), _hull(gold.cue), 1.0)
        for gold in article.attributions
        if gold.content
    ]
    resolver = Resolver(
        article.text,
        article_id=article.name,
        entities=entities,
        attributions=attributions,
        sentences=sentences(article.text),
        quoted=quoted_stretches(article.text),
    )
    wanted = {label.start: label for label in labels}
    ordered = sorted(
        (a.source for a in attributions if a.source is not None), key=lambda source: source.start
    )
    seen: set[int] = set()
    for source in ordered:
        actor = resolver.resolve(source)
        label = wanted.get(source.start)
        if label is not None and source.start not in seen:
            seen.add(source.start)
            yield label, is_right(actor, label, article.text), actor


def end_to_end(
    article: GoldArticle, labels: list[GoldActor], extractor: Extractor
) -> Iterator[tuple[GoldActor, bool, Actor | None, bool]]:
    """Extract the raw article and pair each labelled attribution with the found one that shares most content;
    None when none does. The last value tells whether the found one has a source that shares a character with
    the annotated one."""
    raw = Article(
        article_id=article.name,
        fetched_at=_EPOCH,
        language="en",
        content_type="text/plain",
        content=article.text,
        origin="polnear",
    )
    extraction = extractor.extract(raw)
    back = _to_input(extraction)
    found = [
        ({back[i] for start, end in a.content for i in range(start, end) if i in back}, a)
        for a in extraction.attributions
    ]
    for label in labels:
        gold = _gold_of(article, label)
        if gold is None:
            continue
        inside = {i for start, end in gold.content for i in range(start, end)}
        best = max(found, key=lambda item: len(item[0] & inside), default=None)
        actor = best[1].actor if best is not None and best[0] & inside else None
        matched = best is not None and actor is not None and shares_source(best[1].source, gold.source, back)
        yield label, actor is not None and is_right(actor, label, article.text), actor, matched


def shares_source(found: Range | None, wanted: tuple[Range, ...], back: dict[int, int]) -> bool:
    """Whether a found source touches an annotated one; ``back`` leads from the normalised text to the
    input."""
    places = {back[i] for i in range(found.start, found.end) if i in back} if found else set()
    return any(place in range(*span) for span in wanted for place in places)


def _gold_of(article: GoldArticle, label: GoldActor) -> GoldAttribution | None:
    of_source = [gold for gold in article.attributions if gold.source and gold.source[0].start == label.start]
    return of_source[0] if of_source else None


def _to_input(extraction: Extraction) -> dict[int, int]:
    return {
        text + i: source + i
        for text, source, length in extraction.clean.source_offsets
        for i in range(length)
    }


def _hull(ranges: tuple[Range, ...]) -> Range | None:
    return Range(ranges[0].start, ranges[-1].end) if ranges else None


def main() -> None:
    """Print both figures, by gold kind and by how the source is written."""
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("corpus", type=Path)
    parser.add_argument("actors", type=Path)
    parser.add_argument("--split", default="dev")
    parser.add_argument("--errors", action="store_true", help="print every miss")
    options = parser.parse_args()
    tagger = Tagger.load()
    labels: dict[str, list[GoldActor]] = {}
    for label in read_actors(options.actors):
        labels.setdefault(label.document, []).append(label)
    articles = [article for article in read_polnear(options.corpus, options.split) if article.name in labels]
    with Extractor(tagger) as extractor:
        whole = [
            item for article in articles for item in end_to_end(article, labels[article.name], extractor)
        ]
        runs = (
            (
                "given gold spans",
                [pair for article in articles for pair in given_gold(article, labels[article.name], tagger)],
            ),
            (
                "end to end, matched",
                [(label, right, actor) for label, right, actor, matched in whole if matched],
            ),
            ("end to end", [(label, right, actor) for label, right, actor, _ in whole]),
        )
    for title, pairs in runs:
        right: Counter[str] = Counter()
        total: Counter[str] = Counter()
        for label, correct, actor in pairs:
            pronoun = label.source.strip().lower() in _PRONOUNS
            for key in (
                "all",
                label.kind,
                "pronoun" if pronoun else "phrase",
                *(["person by pronoun"] if pronoun and label.kind == "person" else []),
                *(["named"] if label.kind in _NAMED else []),
            ):
                total[key] += 1
                right[key] += correct
            if options.errors and not correct:
                shown = (
                    f"{actor.name!r} ({actor.kind}, {actor.resolution}, {actor.confidence:.2f})"
                    if actor
                    else "not found"
                )
                print(
                    f"{title}: {label.document[:40]} {label.start} {label.source[:70]!r}: wanted"
                    f" {label.name!r} ({label.kind}), got {shown}"
                )
        print(title)
        for key in sorted(total, key=lambda k: (-total[k], k)):
            print(f"  {key:20} {right[key]:4}/{total[key]:<4} {right[key] / total[key]:.3f}")
        print(
            reliability_table(
                f"actors, {title}",
                [(actor.confidence, correct) for _, correct, actor in pairs if actor is not None],
            )
        )


if __name__ == "__main__":
    main()
