"""Article in, document, quotes and claims out: the pure core of the extract service."""

from __future__ import annotations

import datetime as dt
from collections.abc import Callable, Collection, Iterable, Iterator, Sequence
from contextlib import contextmanager
from dataclasses import dataclass, field
from functools import cache
from time import perf_counter
from typing import Protocol

from schemas.events import (
    Article,
    ArticleRef,
    ArticleStatus,
    Claim,
    Document,
    Outcome,
    Quote,
    document_id,
)
from schemas.events import (
    Extractor as ExtractorInfo,
)
from schemas.ids import text_sha256
from services.chassis.errors import LimitExceeded
from services.extract.actors.making import Registry
from services.extract.actors.resolve import Resolver
from services.extract.claims.statements import Statements
from services.extract.lang import Language
from services.extract.lang.cues import cues_of
from services.extract.passes.nesting import Marks, nested
from services.extract.passes.registry import Found, reconcile
from services.extract.resolved import Names, ResolvedAttribution, resolve
from services.extract.rules import SECOND_READING, checked
from services.extract.speakers import Speakers
from services.extract.tagger import Tagger
from services.extract.text.clean import clean
from services.extract.text.html import HtmlLimits, HtmlReader
from services.extract.text.language import read_as
from services.extract.text.quotes import quoted_stretches
from services.extract.text.sentences import sentences
from services.extract.types import Attribution, CleanText, QuotedStretch, Tagged

EXTRACTOR_NAME = "onrecord"
EXTRACTOR_VERSION = "1.5.0"
"""Version of the extraction rules: raise it with every change that changes any output."""

_MODEL_LANGUAGES = frozenset({"en"})
"""Languages the tagger reads."""

_RAW_PER_CHAR = 4
"""Raw characters of plain text per character of the limit: furniture and white space go, but never three
quarters of an article."""


class AttributionTagger(Protocol):
    """What the core needs of a tagger."""

    @property
    def model_sha256(self) -> str: ...

    def tokens(self, text: str) -> int: ...

    def __call__(self, text: str) -> Tagged: ...


@dataclass(frozen=True, slots=True)
class Extraction:
    """Everything found in one article revision. ``attributions`` are the outermost ones; each holds those
    inside its content.

    ``tokens``: word pieces that the network read.
    """

    document: Document
    quotes: tuple[Quote, ...] = ()
    claims: tuple[Claim, ...] = ()
    attributions: tuple[ResolvedAttribution, ...] = ()
    clean: CleanText = field(default_factory=lambda: CleanText(""))
    tokens: int = 0


@dataclass(frozen=True, slots=True)
class Limits:
    """What an article may cost. ``max_text_chars`` bounds the normalised text, ``max_tokens`` the word pieces
    of it that the network reads (of commas each is one), ``html`` the pages."""

    max_text_chars: int = 400_000
    max_tokens: int = 120_000
    html: HtmlLimits = field(default_factory=HtmlLimits)


class Extractor:
    """Extracts quotes and claims. Same article and same model: same ids, same bytes. Not for use by several
    threads at once.

    Close it (or use it in a ``with`` block) to end the HTML worker process, which starts with the first page.
    """

    def __init__(
        self,
        tagger: AttributionTagger,
        limits: Limits | None = None,
        registry: Registry | None = None,
        observe: Callable[[str, float], None] = lambda _step, _seconds: None,
        without: Collection[str] = (),
    ) -> None:
        """``without`` names passes to leave out (:data:`~services.extract.rules.RULES`), for measuring what
        each does.

        ``observe`` is told how long each step took: ``text``, ``tag``, ``attribute`` (with second readings),
        ``resolve``, ``state``.

        Raises:
            UnknownRule: there is no pass of that name.
        """
        self._without = checked(without)
        self._observe = observe
        self._tagger = tagger
        self._limits = limits or Limits()
        self._registry = registry
        self._html = HtmlReader(self._limits.html)
        self.info = ExtractorInfo(
            name=EXTRACTOR_NAME, version=EXTRACTOR_VERSION, model_sha256=tagger.model_sha256
        )

    def close(self) -> None:
        """End the HTML worker process; a later page starts a new one."""
        self._html.close()

    def __enter__(self) -> Extractor:
        return self

    def __exit__(self, *_: object) -> None:
        self.close()

    def extract(self, article: Article) -> Extraction:
        """Extract one article.

        Raises:
            LimitExceeded: the article is too large (``too_large``, ``text_tokens``), or its page breaks a
                limit on nesting, tags, time or memory.
            PoisonError: the page cannot be read at all.
        """
        if article.status is ArticleStatus.WITHDRAWN:
            return Extraction(
                self._document(article, CleanText("", language=article.language), Outcome.WITHDRAWN, (), ())
            )
        if article.content_type == "text/plain":
            # a page's source is bounded by the reader of pages
            self._check(
                article,
                len(article.content),
                _RAW_PER_CHAR * self._limits.max_text_chars,
                "characters of raw text",
            )
        with self._timed("text"):
            cleaned = clean(article, self._html)
        self._check(article, len(cleaned.text), self._limits.max_text_chars, "characters of text")
        if not cleaned.text:
            return Extraction(self._document(article, cleaned, Outcome.EMPTY, (), ()), clean=cleaned)
        return self._extract(article, cleaned)

    def _extract(self, article: Article, cleaned: CleanText) -> Extraction:
        text = cleaned.text
        language = read_as(cleaned.language)
        readable = language.code in _MODEL_LANGUAGES
        with self._timed("tag"):
            tokens = self._tagger.tokens(text) if readable else 0
            self._check(article, tokens, self._limits.max_tokens, "word pieces", reason="text_tokens")
            tagged = self._tagger(text) if readable else Tagged()
        with self._timed("attribute"):
            stretches = quoted_stretches(text, language)
            marks = Marks(text, stretches, language)
            found = reconcile(
                text, tagged.attributions, marks.outermost, tagged.entities, without=self._without
            )
            again = readable and SECOND_READING not in self._without
            inner = nested(text, [item.attribution for item in found], marks, self._reread) if again else []
        with self._timed("resolve"):
            names = (
                self._names(article, text, tagged, found, stretches)
                if readable
                else self._speakers(article, text, language)
            )
            attributions = resolve(text, found, inner, names, marks)
        outcome = Outcome.EXTRACTED if attributions else Outcome.NOTHING_FOUND
        if not readable and not attributions:
            outcome = Outcome.UNSUPPORTED_LANGUAGE
        bare = self._document(article, cleaned, outcome, (), ())
        reference = ArticleRef(
            article_id=article.article_id,
            revision=article.revision,
            document_id=bare.document_id,
            url=article.url,
            outlet=article.outlet,
            title=bare.title,
            language=bare.language,
            published_at=bare.published_at,
        )
        with self._timed("state"):
            foreign = None if readable else cues_of(language)
            statements = Statements(text, reference, bare.text_sha256, tagged.claims, language.code, foreign)
            quotes, claims = statements.make(attributions)
        document = bare.model_copy(
            update={
                "quote_ids": tuple(quote.quote_id for quote in quotes),
                "claim_ids": tuple(claim.claim_id for claim in claims),
            }
        )
        return Extraction(document, quotes, claims, attributions, cleaned, tokens)

    def _names(
        self,
        article: Article,
        text: str,
        tagged: Tagged,
        found: Sequence[Found],
        stretches: Sequence[QuotedStretch],
    ) -> Names:
        """Who is who in an English text."""
        return Resolver(
            text,
            article_id=article.article_id,
            entities=tagged.entities,
            attributions=[item.attribution for item in found],
            sentences=sentences(text),
            quoted=stretches,
            authors=article.authors,
            registry=self._registry,
            without=self._without,
        )

    def _speakers(self, article: Article, text: str, language: Language) -> Names:
        """Who is who in a text of another language, by its own words alone."""
        return Speakers(text, article_id=article.article_id, language=language, registry=self._registry)

    def _reread(self, words: str) -> Sequence[Attribution]:
        """A passage read as if it stood alone."""
        return self._tagger(words).attributions

    def _check(
        self, article: Article, size: int, limit: int, what: str, *, reason: str = "too_large"
    ) -> None:
        if size > limit:
            raise LimitExceeded(
                f"article {article.article_id}: {size} {what}, the limit is {limit}",
                stage="extract",
                reason=reason,
            )

    @contextmanager
    def _timed(self, step: str) -> Iterator[None]:
        started = perf_counter()
        yield
        self._observe(step, perf_counter() - started)

    def _document(
        self,
        article: Article,
        cleaned: CleanText,
        outcome: Outcome,
        quote_ids: tuple[str, ...],
        claim_ids: tuple[str, ...],
    ) -> Document:
        sha = text_sha256(cleaned.text)
        return Document(
            document_id=document_id(article.article_id, article.revision, article.status, sha, self.info),
            article_id=article.article_id,
            revision=article.revision,
            url=article.url,
            outlet=article.outlet,
            title=article.title or (cleaned.title[:1024] if cleaned.title else None),
            authors=article.authors,
            language=cleaned.language,
            published_at=_published(article, cleaned),
            fetched_at=article.fetched_at,
            origin=article.origin,
            text=cleaned.text,
            text_sha256=sha,
            extractor=self.info,
            quote_ids=quote_ids,
            claim_ids=claim_ids,
            outcome=outcome,
        )


def _published(article: Article, cleaned: CleanText) -> dt.datetime | None:
    """The article's own time of publication; failing that the day its page gives, at midnight UTC."""
    if article.published_at is not None or cleaned.published_on is None:
        return article.published_at
    return dt.datetime.combine(cleaned.published_on, dt.time(), tzinfo=dt.UTC)


@cache
def _default() -> Extractor:
    return Extractor(Tagger.load())


def extract(article: Article) -> Extraction:
    """Extract one article with the shipped model and default limits; see :meth:`Extractor.extract`."""
    return _default().extract(article)


def events(extraction: Extraction) -> Iterable[Document | Quote | Claim]:
    """The events of an extraction in the order they are published: the document first."""
    yield extraction.document
    yield from extraction.quotes
    yield from extraction.claims
