"""Any article to its normalised text."""

from __future__ import annotations

from schemas.events import Article
from services.extract.text.html import HtmlReader
from services.extract.text.language import UNKNOWN, detect
from services.extract.text.plain import normalise
from services.extract.types import CleanText


def clean(article: Article, pages: HtmlReader) -> CleanText:
    """The article's text, normalised; its title and language where the article names none.

    Raises:
        LimitExceeded: a page breaks a limit.
        PoisonError: a page cannot be read.
    """
    title, published_on, hinted = None, None, UNKNOWN
    if article.content_type == "text/html":
        page = pages.read(article.content, article_id=article.article_id)
        text, runs = normalise(page.text, lines_are_paragraphs=True)
        runs = ()
        title, published_on, hinted = page.title, page.published_on, page.language
    else:
        text, runs = normalise(article.content)
    language = article.language
    if language == UNKNOWN:
        detected = detect(text)
        language = detected if detected != UNKNOWN else hinted
    return CleanText(text=text, title=title, language=language, published_on=published_on, source_offsets=runs)
