"""How sure a source is: the tagger's word, unless a rule gives or takes away the source; and what of it
reaches the events."""

from __future__ import annotations

import math
from dataclasses import replace

import pytest

from lab.quality.whole import plain_article
from schemas.events import ActorKind, Quote
from services.extract.extract import Extractor
from services.extract.passes import trust
from services.extract.passes.calibration import OFFSET, SLOPE
from services.extract.passes.quotations import Quotations
from services.extract.passes.registry import reconcile
from services.extract.text.quotes import quoted_stretches
from services.extract.types import Attribution, Entity, Range, Tagged

TAGGER = 0.8125  # no rule's


def attribution(text: str, source: str | None, cue: str | None, *content: str) -> Attribution:
    def at(words: str) -> Range:
        return Range(text.index(words), text.index(words) + len(words))

    of_source, of_cue = (None if words is None else at(words) for words in (source, cue))
    return Attribution("indirect", tuple(map(at, content)), of_source, of_cue, 0.5, source_confidence=TAGGER)


def sources(text: str, *found: Attribution, names: tuple[str, ...] = ()) -> list[tuple[str | None, float]]:
    entities = [
        Entity(Range(text.index(name), text.index(name) + len(name)), "PERSON", 0.9) for name in names
    ]
    made = [
        item.attribution
        for item in reconcile(text, found, Quotations(text, quoted_stretches(text)), entities)
    ]
    return [
        (None if item.source is None else text[slice(*item.source)], item.source_confidence) for item in made
    ]


@pytest.mark.parametrize(
    ("text", "found", "names", "wanted"),
    [
        ("Lee said it was safe.", ("Lee", "said", "it was safe"), (), ("Lee", TAGGER)),
        (
            "Lee was asked whether he would resign.",
            ("Lee", "was asked", "whether he would resign"),
            (),
            (None, trust.NOBODY),
        ),
        (
            "“It is safe and open,” said Lee.",
            (None, None, "“It is safe and open,”"),
            (),
            ("Lee", trust.BESIDE),
        ),
        (
            "Claiming that he won, Paul Lee left.",
            (None, "Claiming", "that he won"),
            (),
            ("Paul Lee", trust.PARTICIPLE),
        ),
        (
            "Lee was told by engineers that it held.",
            ("Lee", "was told", "that it held"),
            (),
            ("engineers", trust.AGENT),
        ),
    ],
)
def test_a_rule_that_changes_the_source_says_how_sure_it_is(
    text: str, found: tuple[str | None, ...], names: tuple[str, ...], wanted: tuple[str | None, float]
) -> None:
    source, cue, content = found
    assert content is not None
    assert sources(text, attribution(text, source, cue, content), names=names) == [wanted]


@pytest.mark.parametrize(
    ("text", "names", "wanted"),
    [
        ("“It is safe and open,” said Lee.", (), [("Lee", trust.BESIDE)]),
        ("It rained. “It is safe, open and dry.”", (), [(None, trust.FLOATING)]),
        ("Paul Lee: bridge will reopen\n\nIt was shut.", ("Paul Lee",), [("Paul Lee", trust.HEADLINE)]),
        (
            "LEE: Are you ready?\n\nKIM: Yes, we are.",
            ("LEE", "KIM"),
            [("LEE", trust.LAYOUT), ("KIM", trust.LAYOUT)],
        ),
        ("We reopen in May.\n\n— Anna Lee (@annalee) March 4, 2025", (), [("Anna Lee", trust.LAYOUT)]),
        ("Per the ministry, the bridge will reopen in May.", (), [("the ministry", trust.ACCORDING)]),
    ],
)
def test_what_the_tagger_missed(
    text: str, names: tuple[str, ...], wanted: list[tuple[str | None, float]]
) -> None:
    assert sources(text, names=names) == wanted


def speech(confidence: float) -> float:
    """What speech of a raw confidence is published with."""
    return 1 / (1 + math.exp(-SLOPE * math.log(confidence / (1 - confidence)) - OFFSET))


TEXT = "“We are ready,” Lee said. “It is safe.” It rained. Kim said that Lee had told him that it was safe."


class Found:
    """A tagger that sees one attribution, and in a second reading nothing."""

    model_sha256 = "0" * 64

    def tokens(self, text: str) -> int:
        return len(text)

    def __call__(self, text: str) -> Tagged:
        if text != TEXT:
            return Tagged()
        said = attribution(text, "Lee", "said", "“We are ready,”")
        more = attribution(text, None, None, "“It is safe.”")
        outer = replace(
            attribution(text, "Kim", "said that", "that Lee had told him that it was safe"), confidence=0.75
        )
        inner = replace(
            outer, source=Range(*self.place("Lee had", 3)), cue=Range(*self.place("had told him", 12))
        )
        inner = replace(inner, content=(Range(*self.place("that it was safe", 16)),), source_confidence=0.85)
        entities = [Entity(Range(*self.place(name, 3)), "PERSON", 0.9) for name in ("Lee said", "Kim said")]
        return Tagged(
            (said, more, replace(outer, cue=Range(*self.place("said that", 4))), inner), tuple(entities)
        )

    @staticmethod
    def place(words: str, length: int) -> tuple[int, int]:
        start = TEXT.index(words)
        return start, start + length


def test_events_carry_it_and_it_is_never_less_than_the_whole() -> None:
    with Extractor(Found()) as extractor:
        extraction = extractor.extract(plain_article("a", TEXT))
    ready, safe = extraction.quotes
    assert (ready.text, ready.confidence, ready.source_confidence) == ("We are ready,", speech(0.5), TAGGER)
    assert safe.speaker.name == ready.speaker.name  # Lee goes on
    assert safe.source_confidence == safe.confidence == 0.75
    outer, inner = (claim for claim in extraction.claims if claim.quote_id is None)
    assert (outer.confidence, outer.source_confidence) == (speech(0.75), max(TAGGER, speech(0.75)))
    assert (inner.within, inner.claimant.kind) == (outer.claim_id, ActorKind.PERSON)
    assert inner.confidence == speech(0.75) * speech(0.75)  # that Kim said it, too
    assert inner.source_confidence == 0.85  # that it is Lee whom Kim means
    for confidence, of_source in [
        *((quote.confidence, quote.source_confidence) for quote in extraction.quotes),
        *((claim.confidence, claim.source_confidence) for claim in extraction.claims),
    ]:
        assert of_source is not None
        assert confidence <= of_source <= 1
    assert Quote.read(ready.encode()).source_confidence == TAGGER
    assert b"source_confidence" not in ready.model_copy(update={"source_confidence": None}).encode()
