from __future__ import annotations

import datetime as dt
from collections.abc import Callable, Iterator
from pathlib import Path

import pytest

from schemas.events import Article
from services.extract.extract import Extractor, Limits
from services.extract.tagger import Tagger
from services.extract.text.html import HtmlLimits
from tests.support.patience import PATIENCE_S

SAMPLE = Path(__file__).parents[2] / "services" / "ingest" / "samples" / "lavrov.txt"

MakeArticle = Callable[..., Article]
Read = Callable[[str], list[tuple[str | None, list[str]]]]


@pytest.fixture(scope="session")
def tagger() -> Tagger:
    return Tagger.load()


@pytest.fixture(scope="session")
def extractor(tagger: Tagger) -> Iterator[Extractor]:
    with Extractor(tagger, limits=Limits(html=HtmlLimits(timeout_s=PATIENCE_S))) as made:
        yield made


@pytest.fixture(scope="session")
def article() -> MakeArticle:
    def make(content: str, **fields: object) -> Article:
        given: dict[str, object] = {
            "article_id": "art-1",
            "fetched_at": dt.datetime(2026, 1, 1, tzinfo=dt.UTC),
            "content_type": "text/plain",
            "origin": "test",
            "language": "en",
            "content": content,
        }
        return Article.model_validate(given | fields)

    return make


@pytest.fixture(scope="session")
def sample() -> str:
    return SAMPLE.read_text(encoding="utf-8")


@pytest.fixture
def read(extractor: Extractor, article: MakeArticle) -> Read:
    """A text to ``(source, content)`` of each attribution found in it."""

    def reading(text: str) -> list[tuple[str | None, list[str]]]:
        found = extractor.extract(article(text))
        words = found.document.text
        return [
            (
                words[slice(*item.source)] if item.source else None,
                [words[slice(*part)] for part in item.content],
            )
            for item in found.attributions
        ]

    return reading
