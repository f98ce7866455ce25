"""One article on its way: what the network saw in it, what each pass changed, who speaks, and what is
published."""

from __future__ import annotations

import difflib
from collections.abc import Iterator, Sequence

from lab.gate.rendering import rendered
from schemas.events import Article
from services.extract.extract import AttributionTagger, Extractor
from services.extract.passes.draft import Draft
from services.extract.passes.nesting import Marks
from services.extract.passes.registry import Pass, reconcile
from services.extract.text.quotes import quoted_stretches
from services.extract.types import Attribution, Range, Tagged


def traced(article: Article, tagger: AttributionTagger) -> Iterator[str]:
    """The lines of an English article's trace: ``-`` what a pass took away, ``+`` what it put in its
    place."""
    with Extractor(tagger) as extractor:
        extraction = extractor.extract(article)
    text = extraction.document.text
    tagged = tagger(text)
    yield from ("== text", text, "", "== network")
    yield from (f"{entity.label.lower():13}{text[slice(*entity.span)]}" for entity in tagged.entities)
    yield from _shown(text, tagged.attributions)
    yield from _passes(text, tagged)
    yield from ("== published", *rendered(extraction).splitlines()[1:])


def _passes(text: str, tagged: Tagged) -> Iterator[str]:
    lines: list[str] = []
    before = _shown(text, tagged.attributions)

    def watch(step: Pass, draft: Draft) -> None:
        nonlocal before
        now = _shown(text, draft.attributions)
        changes = [line for line in difflib.ndiff(before, now) if line[0] in "+-"]
        if changes:
            lines.extend((f"== {step.name}: {step.why}", *changes))
        before = now

    reconcile(
        text, tagged.attributions, Marks(text, quoted_stretches(text)).outermost, tagged.entities, watch=watch
    )
    yield from lines


def _shown(text: str, attributions: Sequence[Attribution]) -> list[str]:
    """A line for each attribution in text order: kind, who, the reporting words, what they report, and how
    sure that is."""
    return [
        f"{a.kind:9}{_words(text, a.source)} | {_words(text, a.cue)} |"
        f" {' […] '.join(text[slice(*piece)] for piece in a.content)} ({a.confidence:.2f})"
        for a in sorted(attributions, key=lambda a: a.content)
    ]


def _words(text: str, span: Range | None) -> str:
    return "–" if span is None else text[slice(*span)]
