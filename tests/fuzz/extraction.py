"""Targets: from a text to quotes and claims.

The network is replaced where many texts are to be read: :class:`AnyNetwork` answers anything of the right
shape, so everything behind the network has to cope with more than this network would ever say. One target
reads with the shipped model.
"""

from __future__ import annotations

import re
import zlib
from collections.abc import Iterator
from datetime import UTC, datetime
from functools import cache
from html import unescape
from itertools import pairwise
from pathlib import Path

import numpy as np
from tokenizers import Tokenizer

from schemas.events import Actor, Article, Claim, Outcome, Quote, Span
from schemas.ids import text_sha256
from services.chassis import cloudevents
from services.chassis.errors import PoisonError
from services.chassis.log.types import Record
from services.extract.cli_json import as_json
from services.extract.extract import Extraction, Extractor, Limits, events
from services.extract.resolved import ResolvedAttribution
from services.extract.tagger import Tagger
from services.extract.tagger.claims import PieceClaims
from services.extract.tagger.decode import Decoder
from services.extract.tagger.encoding import Pieces, encode
from services.extract.tagger.network import LINKS_KEPT, FloatArray, Scores
from services.extract.tagger.spec import SHIPPED, read_spec
from services.extract.text.html import HtmlLimits
from services.extract.text.plain import normalise
from services.extract.text.quotes import quoted_stretches
from services.extract.text.sentences import sentences
from services.extract.types import Range, Tagged
from tests.fuzz.given import Given, words
from tests.fuzz.target import Target

_AT = datetime(2026, 1, 1, tzinfo=UTC)
_CHARS = 20_000
_REASONS = ("too_large", "text_tokens", "html_tags", "html_depth", "html_memory", "html_unreadable")
"""Not ``html_timeout``: no page of these sizes may take a minute."""
_SAMPLE = Path(__file__).parents[2] / "services" / "ingest" / "samples" / "lavrov.txt"
_SENTENCES = (
    "“The tunnel will open in March,” Transport Minister Ida Holm said on Tuesday. “It is safe,” she added.",
    (
        "Holm told reporters that Paul Lee had promised “90 percent” of the money, but Lee denied it.\n\n“Not"
        " so,” he said."
    ),
    (
        "Q: Who pays?\n\nA: We do.\n\nAccording to a senior official, the vote was delayed because, as Holm"
        " put it, “nobody” came."
    ),
    "“First paragraph goes on.\n\n“Second one ends,” said the mayor, who said that she ‘never’ said that.",
    "Lavrov: no meeting planned\n\nBy Ida Holm\n\nMOSCOW — The ministry did not say whether it would.",
)


class AnyNetwork:
    """A tagger whose network says anything: stretches of roles and entities with links between them, by the
    text and a number."""

    model_sha256 = "0" * 64

    def __init__(self) -> None:
        self._tokenizer = Tokenizer.from_file(str(SHIPPED / "tokenizer.json"))
        self._spec = read_spec(SHIPPED)
        self._decoder = Decoder(self._spec)
        self.whim = 0

    def __call__(self, text: str) -> Tagged:
        pieces = encode(self._tokenizer, text)
        scores = self.scores(pieces, text)
        return Tagged(*self._decoder.read(text, pieces, scores), PieceClaims(pieces, scores))

    def tokens(self, text: str) -> int:
        """How many pieces it reads."""
        return len(encode(self._tokenizer, text))

    def scores(self, pieces: Pieces, text: str) -> Scores:
        """What the network says of these pieces."""
        count = len(pieces)
        random = np.random.default_rng([self.whim, zlib.crc32(text.encode("utf-8", "surrogatepass"))])
        # about one stretch for every four pieces; links lead to where stretches begin, now and then anywhere
        starts = np.sort(random.integers(0, max(1, count), count // 4 + 1))
        return Scores(
            roles=_tagged(random, count, starts, len(self._spec.roles)),
            entities=_tagged(random, count, starts, len(self._spec.entities)),
            link_to=np.where(
                random.random((count, LINKS_KEPT)) < 0.9,
                random.choice(starts, (count, LINKS_KEPT)),
                random.integers(-1, max(1, count), (count, LINKS_KEPT)),
            ),
            link_probability=(random.random((count, LINKS_KEPT)) / LINKS_KEPT).astype(np.float32),
            no_source=random.random(count).astype(np.float32),
            ends=random.normal(scale=3, size=count).astype(np.float32),
            claims=random.normal(scale=3, size=count).astype(np.float32),
        )


def _tagged(
    random: np.random.Generator, count: int, starts: np.ndarray[tuple[int], np.dtype[np.int64]], tags: int
) -> FloatArray:
    """Log-probabilities of BIO tags that are mostly sure of stretches beginning at ``starts``."""
    logits = random.normal(scale=1.5, size=(count, tags))
    for start, end in pairwise([*starts.tolist(), count]):
        label = int(random.integers(0, tags // 2 + 1))
        if label and start < end:
            logits[start, 2 * label - 1] += 6
            logits[start + 1 : end, 2 * label] += 6
        else:
            logits[start:end, 0] += 4
    shifted = logits - logits.max(axis=1, keepdims=True) if count else logits
    answer: FloatArray = (shifted - np.log(np.exp(shifted).sum(axis=1, keepdims=True))).astype(np.float32)
    return answer


@cache
def _any_network() -> AnyNetwork:
    return AnyNetwork()


@cache
def _any_extractor() -> Extractor:
    return Extractor(_any_network(), Limits(max_text_chars=_CHARS))


@cache
def _extractor() -> Extractor:
    return Extractor(Tagger.load(), Limits(max_text_chars=_CHARS))


@cache
def _page_extractor() -> Extractor:
    return Extractor(_any_network(), Limits(max_text_chars=_CHARS, html=HtmlLimits(timeout_s=60)))


_ESCAPE = re.compile(r"&#?\w{2,6};")


def check_normaliser(data: bytes) -> None:
    """The runs say where each character is from; between them stands white space, and what an escape
    spelled."""
    given = Given(data)
    lines_are_paragraphs = given.flag()
    content = given.text()
    text, runs = normalise(content, lines_are_paragraphs=lines_are_paragraphs)
    assert (text, runs) == normalise(content, lines_are_paragraphs=lines_are_paragraphs)
    assert text == text.strip()
    at = source = 0
    for start, origin, length in runs:
        assert length > 0
        assert start >= at
        assert origin >= source
        assert _copied(text[start : start + length], content[origin : origin + length])
        assert _spelled(text[at:start], content[source:origin])
        at, source = start + length, origin + length
    assert _spelled(text[at:], content[source:])
    for quotation in quoted_stretches(text):
        assert (
            0
            <= quotation.outer.start
            <= quotation.inner.start
            < quotation.inner.end
            <= quotation.outer.end
            <= len(text)
        )
    before = 0
    for sentence in sentences(text):
        assert before <= sentence.start < sentence.end <= len(text)
        assert not text[before : sentence.start].strip()
        before = sentence.end
    assert not text[before:].strip()


def _spelled(gap: str, skipped: str) -> bool:
    """Whether an escape in the input there spells each sign of the gap, in that order: the rest is white
    space."""
    spelled = iter("".join(unescape(escape) for escape in _ESCAPE.findall(skipped)))
    return all(sign in spelled for sign in gap if sign not in " \n")


def _copied(kept: str, given: str) -> bool:
    """Character by character, but that white space is written as a space."""
    return kept == given or all(
        k == g or (k == " " and g.isspace()) for k, g in zip(kept, given, strict=True)
    )


def check_decoder(data: bytes) -> None:
    """Whatever the network says of whatever text: attributions are exact, disjoint, whole."""
    given = Given(data)
    network = _any_network()
    network.whim = given.number(2**32)
    text = given.text()
    tagged = network(text)
    for item in tagged.attributions:
        assert item.kind in ("direct", "mixed", "indirect")
        assert 0 <= item.confidence <= item.source_confidence <= 1
        _check_ranges(text, item.content, item.source, item.cue)
    for entity in tagged.entities:
        _check_ranges(text, (entity.span,), None, None)


def _check_ranges(text: str, content: tuple[Range, ...], *others: Range | None) -> None:
    assert content
    last = 0
    for part in content:
        assert last <= part.start < part.end <= len(text)
        last = part.end
    for other in others:
        assert other is None or 0 <= other.start < other.end <= len(text)


def check_extraction(extraction: Extraction, article: Article) -> None:
    """Everything an extraction promises by itself."""
    document, text = extraction.document, extraction.document.text
    assert document.text_sha256 == text_sha256(text)
    assert document.quote_ids == tuple(quote.quote_id for quote in extraction.quotes)
    assert document.claim_ids == tuple(claim.claim_id for claim in extraction.claims)
    ids = {*document.quote_ids, *document.claim_ids}
    assert len(ids) == len(document.quote_ids) + len(document.claim_ids)
    statements: tuple[Quote | Claim, ...] = (*extraction.quotes, *extraction.claims)
    for statement in statements:
        _check_statement(statement, text)
        assert statement.article.document_id == document.document_id
        assert statement.within is None or statement.within in ids
    for claim in extraction.claims:
        assert claim.quote_id is None or claim.quote_id in document.quote_ids
    for attribution in extraction.attributions:
        _check_attribution(attribution, text)
    found = bool(extraction.attributions)
    assert (document.outcome is Outcome.EXTRACTED) == found
    assert document.article_id == article.article_id


def _check_statement(statement: Quote | Claim, text: str) -> None:
    actors = (
        (statement.speaker, statement.addressee) if isinstance(statement, Quote) else (statement.claimant,)
    )
    spans = [
        *statement.spans,
        statement.cue.span if statement.cue else None,
        *(actor.mention for actor in actors if actor),
    ]
    _check_spans(text, spans)
    assert all(before.end <= after.start for before, after in pairwise(statement.spans))
    assert statement.source_confidence is None or statement.source_confidence >= statement.confidence


def _check_attribution(attribution: ResolvedAttribution, text: str) -> None:
    _check_ranges(text, attribution.content, attribution.source, attribution.cue)
    actors: tuple[Actor | None, ...] = (attribution.actor, attribution.addressee)
    _check_spans(text, [actor.mention for actor in actors if actor])
    for inside in attribution.nested:
        _check_attribution(inside, text)


def _check_spans(text: str, spans: list[Span | None]) -> None:
    for span in spans:
        assert span is None or text[span.start : span.end] == span.exact != ""


def _check_article(extractor: Extractor, article: Article) -> None:
    try:
        extraction = extractor.extract(article)
    except PoisonError as error:
        _check_poison(error)
        return
    check_extraction(extraction, article)
    made = [cloudevents.encode(event, source="/fuzz") for event in events(extraction)]
    for message, event in zip(made, events(extraction), strict=True):
        record = Record(message.topic, 0, 0, 0, message.key, message.value, message.headers)
        assert cloudevents.decode(record, type(event)).event == event
    again = extractor.extract(article)
    assert made == [cloudevents.encode(event, source="/fuzz") for event in events(again)]
    assert as_json("fuzz", extraction) == as_json("fuzz", again)


def _check_poison(error: PoisonError) -> None:
    assert error.stage == "extract"
    assert error.reason in _REASONS, error.reason


def _article(content: str, **fields: object) -> Article | None:
    """None where no article may hold this."""
    try:
        return Article.model_validate(
            {
                "article_id": "art-1",
                "fetched_at": _AT,
                "content_type": "text/plain",
                "origin": "fuzz",
                "content": content,
                **fields,
            }
        )
    except ValueError:
        return None


def check_rules(data: bytes) -> None:
    """Any text, and a network that says anything: the whole extraction."""
    given = Given(data)
    network = _any_network()
    network.whim = given.number(2**32)
    language = given.one_of(("en", "en", "en", "und", "de", "en-GB", "zh-Hant"))
    authors = (("Ida Holm",), (), ("Ida Holm", "Paul Lee", "\u200b"))[given.number(3)]
    article = _article(given.text(), language=language, authors=authors)
    if article:
        _check_article(_any_extractor(), article)


def check_model(data: bytes) -> None:
    """Any text, read with the shipped model."""
    article = _article(Given(data).text(), language="en")
    if article:
        _check_article(_extractor(), article)


def check_html(data: bytes) -> None:
    """Any page, through the worker that reads pages."""
    given = Given(data)
    network = _any_network()
    network.whim = given.number(256)
    paragraphs = [f"<p>{part}</p>" for part in given.text().split("\n")] if given.flag() else [given.text()]
    article = _article("<html><body><article>" + "".join(paragraphs), language="en", content_type="text/html")
    if article:
        _check_article(_page_extractor(), article)


def _texts() -> Iterator[str]:
    yield from _SENTENCES
    yield _SAMPLE.read_text(encoding="utf-8")[:900]


def _seeds(*before: int) -> list[bytes]:
    return [bytes(before) + words(text) for text in _texts()]


TARGETS = (
    Target("normaliser", check_normaliser, lambda: [*_seeds(0), *_seeds(1)], longest=1024, weight=2.0),
    Target("tagger-decode", check_decoder, lambda: _seeds(0, 0, 0, 1), longest=256, weight=3.0),
    Target("extract-rules", check_rules, lambda: _seeds(0, 0, 0, 1, 0, 0), longest=256, weight=8.0),
    Target("extract-model", check_model, _seeds, longest=256, weight=3.0, growth_mb=300),
    Target(
        "extract-page",
        check_html,
        lambda: [*_seeds(1, 0), *_seeds(1, 1)],
        longest=2048,
        weight=1.5,
        growth_mb=300,
    ),
)
