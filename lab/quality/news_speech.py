"""Who said what on news of 2023–2026: ``python -m lab.quality.news_speech --pages FOLDER [--part PART]
[--errors]``.

The third ruler, and of reported speech only: beliefs, plans and wishes are not labelled there, so what is
found of them is not counted. ``FOLDER`` has the labelled pages (``.html.gz``); the labels (lab/labels/speech)
hold no text. Half of the pages are *open*: their errors may be read and mended. The other half is *closed*:
figures only, so that they stay a measure. ``--gum`` needs no folder: articles of GUM, older, and labelled in
the same way.

Labels that readers may differ on are set aside on both sides: missing them is no error, nor is finding them.
The strict figures count them like the rest. A label whose words the page's text no longer has counts as
missed: readers of the record do not get them either.
"""

from __future__ import annotations

import argparse
import json
import sys
from collections.abc import Iterator, Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import Any

from lab.quality.actors import GoldActor, is_right
from lab.quality.errors import errors_of
from lab.quality.gum_gold import COMMITTED as GUM_TEXTS
from lab.quality.gum_gold import read_gum
from lab.quality.kinds import DIRECT, MIXED, OTHER_CUE, SPEECH, SPEECH_CUE
from lab.quality.news_speech_labels import (
    CLOSED,
    COMMITTED,
    GUM,
    LOCKED,
    OPEN,
    SHOWN,
    WORK,
    Carrier,
    PageLabels,
    PlacedLabel,
    SpeechLabel,
    read_pages,
)
from lab.quality.polnear import GoldArticle, GoldAttribution
from lab.quality.scoring import (
    JACCARD,
    LEVELS,
    MEASURES,
    OVERLAP,
    WHO_SAID_WHAT,
    Count,
    Counts,
    Tokens,
    add_up,
    attributions_as_items,
    bootstrap_f1,
    gold_as_items,
    match_items,
    score_article,
    subsets_of,
)
from lab.quality.whole import Whole, placed, reader
from schemas.events import Actor
from services.extract.cli_json import read_article
from services.extract.extract import EXTRACTOR_VERSION, Extractor
from services.extract.tagger import ModelBroken, Tagger
from services.extract.types import Attribution, Range

ROWS = ("speech", DIRECT, MIXED, SPEECH_CUE)
_LOST = 0.1  # of a page's labels: with more gone, it is another page
_PRONOUNS = frozenset(["he", "she", "they", "it", "i", "we", "who", "which", "that", "himself"])


class PagesMissing(Exception):
    """A page that cannot be scored; the message says which and what to do."""


@dataclass(frozen=True, slots=True)
class Verdict:
    """The actor of a found item whose content a label shares: ``form`` is how the label's source is
    written."""

    form: str
    right: bool
    wanted: str
    found: Actor


@dataclass(frozen=True, slots=True)
class Scored:
    """A page's figures: ``clear`` without the doubtful labels, ``strict`` with them. ``article`` and
    ``found`` are what ``clear`` compares; ``lost``: labels whose words are gone; ``unread``: found items in
    paragraphs that were never labelled."""

    page: str
    clear: Counts
    strict: Counts
    verdicts: tuple[Verdict, ...]
    article: GoldArticle
    found: tuple[Attribution, ...]
    lost: int
    unread: int


def score_page(page: PageLabels, whole: Whole) -> Scored:
    """Compare what is found in a page's text with its labels.

    Raises:
        PagesMissing: too many labels have no place in the text any more.
    """
    carrier = Carrier(page, whole.text)
    labels, lost = carrier.carry()
    sure_lost = [label for label in lost if not label.doubtful]
    if len(sure_lost) > _LOST * len(page.labels):
        raise PagesMissing(
            f"{page.page}: {len(sure_lost)} of {len(page.labels)} labels have no place in its text. Either"
            " the file is another, or the text extraction of pages lost much of it; if it is right now,"
            " label the page again (lab/labels/speech/README.md)"
        )
    read = [index for index, item in enumerate(whole.attributions) if carrier.was_read(item.content[0])]
    found = [whole.attributions[index] for index in read]
    strict = _with_lost(score_article(labelled_article(page, whole.text, labels), found), lost)
    sure = [label for label in labels if not label.label.doubtful]
    aside = _set_aside(whole.text, labels, found)
    kept = [item for index, item in enumerate(found) if index not in aside]
    actors = [whole.actors[index] for place, index in enumerate(read) if place not in aside]
    article = labelled_article(page, whole.text, sure)
    clear = _with_lost(score_article(article, kept), sure_lost)
    verdicts = tuple(_verdicts(article, sure, kept, actors))
    return Scored(
        page.page,
        clear,
        strict,
        verdicts,
        article,
        tuple(kept),
        len(lost),
        len(whole.attributions) - len(read),
    )


def figures(scored: Sequence[Scored]) -> list[dict[str, Any]]:
    """One row per subset and level of who-said-what, clear and strict, in per cent, with the 95 % interval by
    page."""
    rows = []
    for name, pages in (
        ("clear", [page.clear for page in scored]),
        ("strict", [page.strict for page in scored]),
    ):
        total = add_up(pages)
        for subset in ROWS:
            for level in (OVERLAP, JACCARD):
                key = (WHO_SAID_WHAT, level, subset)
                count = total.get(key, Count())
                low, high = bootstrap_f1(pages, key)
                shares = {
                    side: round(100 * getattr(count, side), 1) for side in ("precision", "recall", "f1")
                }
                numbers = {side: int(getattr(count, side)) for side in ("hits", "predicted", "gold")}
                interval = {"low": round(100 * low, 1), "high": round(100 * high, 1)}
                rows.append({"labels": name, "subset": subset, "level": level} | shares | interval | numbers)
    return rows


def actor_figures(scored: Sequence[Scored]) -> dict[str, tuple[int, int]]:
    """``(right, of)`` of the matched items' actors: all, and by how the source is written."""
    counts: dict[str, tuple[int, int]] = {}
    for verdict in (verdict for page in scored for verdict in page.verdicts):
        for form in ("all", verdict.form):
            right, of = counts.get(form, (0, 0))
            counts[form] = (right + verdict.right, of + 1)
    return counts


def table(rows: Sequence[dict[str, Any]]) -> str:
    """The rows as text for a terminal."""
    lines = [f"{'who-said-what':46}{'P':>7}{'R':>7}{'F1':>7}  95 %"]
    for row in rows:
        name = f"{row['labels']}: {row['subset']}, {row['level']} ({row['gold']})"
        lines.append(
            f"{name:46}{row['precision']:>7}{row['recall']:>7}{row['f1']:>7}  {row['low']}–{row['high']}"
        )
    return "\n".join(lines)


def listing(page: Scored) -> Iterator[str]:
    """The errors of a page, with the words; for open pages only."""
    text = page.article.text
    for error in errors_of(page.article, page.found):
        if error.gold is None and error.subset == OTHER_CUE:
            continue  # beliefs and plans are not labelled
        shown = []
        for side, item in (("wanted", error.gold), ("found", error.found)):
            if item is not None:
                shown += [
                    f"  {side}: "
                    + " | ".join(_words(text, item.ranges[role]) for role in ("source", "cue", "content"))
                ]
        yield "\n".join(
            [f"{page.page} {error.start}: {', '.join(error.kinds)} ({error.subset}) {error.detail}", *shown]
        )
    for verdict in page.verdicts:
        if not verdict.right:
            yield (
                f"{page.page}: actor wanted {verdict.wanted!r} ({verdict.form}), found {verdict.found.name!r}"
                f" ({verdict.found.kind})"
            )


def _words(text: str, spans: Sequence[Range], width: int = 110) -> str:
    whole = " … ".join(text[span.start : span.end].replace("\n", " ") for span in spans)
    return whole if len(whole) <= width else f"{whole[: width // 2]} ~ {whole[-width // 2 :]}"


def labelled_article(page: PageLabels, text: str, labels: Sequence[PlacedLabel]) -> GoldArticle:
    """A page's present text with its labels as gold."""
    gold = tuple(GoldAttribution(label.source, label.cue, label.content) for label in labels)
    return GoldArticle(page.page, text, gold, 1, COMMITTED)


def _set_aside(text: str, labels: Sequence[PlacedLabel], found: Sequence[Attribution]) -> set[int]:
    """Found items that are a doubtful label's, or share words with one and belong to no other."""
    tokens = Tokens(text)
    gold, predicted = (
        gold_as_items(GoldArticle("", text, _gold(labels), 1, COMMITTED), tokens),
        attributions_as_items(text, tokens, found),
    )
    doubtful = {row for row, label in enumerate(labels) if label.label.doubtful}
    words = {token for row in doubtful for token in gold[row].tokens["content"]}
    partner = {column: row for row, column in match_items(gold, predicted)}
    return {
        column
        for column, item in enumerate(predicted)
        if (partner[column] in doubtful if column in partner else bool(item.tokens["content"] & words))
    }


def _gold(labels: Sequence[PlacedLabel]) -> tuple[GoldAttribution, ...]:
    return tuple(GoldAttribution(label.source, label.cue, label.content) for label in labels)


def _with_lost(counts: Counts, lost: Sequence[SpeechLabel]) -> Counts:
    """Counts with labels that have no place added as missed."""
    missed = {
        (measure, level, subset): Count()
        for label in lost
        for measure in MEASURES
        for level in LEVELS
        for subset in subsets_of(label.kind)
    }
    for label in lost:
        for key in missed:
            if key[2] in subsets_of(label.kind):
                missed[key] = missed[key].plus(Count(gold=1))
    return add_up([counts, missed])


def _verdicts(
    article: GoldArticle, labels: Sequence[PlacedLabel], found: Sequence[Attribution], actors: Sequence[Actor]
) -> Iterator[Verdict]:
    tokens = Tokens(article.text)
    gold, predicted = gold_as_items(article, tokens), attributions_as_items(article.text, tokens, found)
    for row, column in match_items(gold, predicted):
        label = labels[row].label
        if label.actor is None or label.kind not in SPEECH:
            continue
        source = _words(article.text, labels[row].source)
        wanted = GoldActor(
            article.name, row, source, 0, label.actor.name, label.actor.kind, label.actor.aliases
        )
        yield Verdict(
            _form(source, label.actor.kind, label.actor.name),
            is_right(actors[column], wanted, article.text),
            label.actor.name,
            actors[column],
        )


def _form(source: str, kind: str, name: str) -> str:
    """How a source is written: as a pronoun, with a word of its name in it, or described."""
    if source.lower() in _PRONOUNS:
        return "pronoun"
    named = any(word[0].isupper() and word in source.split() for word in name.replace("’s", "").split())
    return f"{'named' if named else 'described'} {'person' if kind == 'person' else 'other'}"


def main(arguments: Sequence[str] | None = None) -> int:
    """Run; 0, or 2 with one line on standard error when a page, its labels or the model cannot be used."""
    parser = argparse.ArgumentParser(prog="python -m lab.quality.news_speech", description=__doc__)
    where = parser.add_mutually_exclusive_group(required=True)
    where.add_argument("--pages", type=Path, help="folder with the labelled pages (.html.gz)")
    where.add_argument(
        "--gum", action="store_true", help="score GUM's articles instead, which the project carries"
    )
    parser.add_argument("--part", choices=[OPEN, CLOSED, WORK, LOCKED], default=OPEN, help="which pages")
    parser.add_argument(
        "--errors", action="store_true", help="list every error; only of parts that may be read"
    )
    parser.add_argument(
        "--labels", type=Path, default=COMMITTED, help="folder of the labels (default: this project's)"
    )
    parser.add_argument("--model", type=Path, help="folder of the model to score (default: the shipped one)")
    parser.add_argument("--json", type=Path, metavar="OUT", help="write every figure there too")
    options = parser.parse_args(arguments)
    part = GUM if options.gum else options.part
    if options.errors and part not in SHOWN:
        parser.error(f"{part} pages are a measure: their errors are not listed")
    try:
        pages = [page for page in read_pages(options.labels) if page.part == part]
        if not pages:
            raise PagesMissing(f"{options.labels} has no labels of {part} pages")
        tagger = Tagger.load(options.model)
        with Extractor(tagger) as extractor:
            found = (
                _articles(pages, extractor)
                if options.gum
                else (_read(options.pages / page.page, extractor) for page in pages)
            )
            scored = [score_page(page, whole) for page, whole in zip(pages, found, strict=True)]
    except (PagesMissing, ModelBroken, OSError) as error:
        print(error, file=sys.stderr)
        return 2
    rows, actors = figures(scored), actor_figures(scored)
    print(f"onrecord {EXTRACTOR_VERSION} with {tagger.name} {tagger.version} on {len(scored)} {part} pages")
    print(table(rows))
    for form, (right, of) in actors.items():
        print(f"actor of matched items, {form:22}{100 * right / of:>7.1f} %  ({right} of {of})")
    print(
        f"{sum(page.lost for page in scored)} labels lost with their text;"
        f" {sum(page.unread for page in scored)} items in new text"
    )
    if options.errors:
        print("\n".join(line for page in scored for line in listing(page)))
    if options.json:
        summary = {
            "part": part,
            "pages": len(scored),
            "figures": rows,
            "actors": {form: list(pair) for form, pair in actors.items()},
        }
        options.json.write_text(json.dumps(summary, ensure_ascii=False, indent=1) + "\n", encoding="utf-8")
    return 0


def _articles(pages: Sequence[PageLabels], extractor: Extractor) -> Iterator[Whole]:
    texts, read = {article.name: article.text for article in read_gum(GUM_TEXTS)}, reader(extractor)
    for page in pages:
        yield read(page.page, texts[page.page])


def _read(path: Path, extractor: Extractor) -> Whole:
    if not path.is_file():
        raise PagesMissing(
            f"no page {path.name} in {path.parent}: --pages names the folder with the labelled pages"
        )
    return placed(extractor.extract(read_article(path)))


if __name__ == "__main__":
    sys.exit(main())
