"""Any article to its normalised text."""

from __future__ import annotations

from schemas.events import Article
from services.extract.text.html import HtmlReader
from services.extract.text.language import UNKNOWN, detect, read_as
from services.extract.text.plain import normalise
from services.extract.types import CleanText


def clean(article: Article, pages: HtmlReader) -> CleanText:
    """The article's text, normalised; its title and language where the article names none.

    Raises:
        LimitExceeded: a page breaks a limit.
        PoisonError: a page cannot be read.
    """
    if article.content_type == "text/html":
        page = pages.read(article.content, article_id=article.article_id)
        language = _language(article, page.text, hinted=page.language)
        text, _ = normalise(page.text, lines_are_paragraphs=True, language=read_as(language))
        return CleanText(text=text, title=page.title, language=language, published_on=page.published_on)
    language = _language(article, article.content)
    text, runs = normalise(article.content, language=read_as(language))
    return CleanText(text=text, language=language, source_offsets=runs)


def _language(article: Article, text: str, *, hinted: str = UNKNOWN) -> str:
    """The article's language; failing that the one its words are in; failing that the one its page
    declares."""
    if article.language != UNKNOWN:
        return article.language
    detected = detect(text)
    return detected if detected != UNKNOWN else hinted
