"""What a page's markup says and its text alone would not: quotation marks, and paragraphs without a tag.

Browsers set ``<q>`` between quotation marks and indent ``<blockquote>``; readers see that these words are
quoted. Text that stands beside paragraphs and headings without a tag of its own is a paragraph to them, too.
"""

from __future__ import annotations

import re

from lxml.html import HtmlElement

from services.extract.wordlist import words

_INLINE = words("a abbr b br cite code em font i mark q small span strong sub sup time u")
_BEFORE = words("p h1 h2 h3 h4 h5 h6")
_HOLDERS = ("article", "body", "div", "main", "section")
_MARKS = '“”„‟"«»‹›「『‘‚'
_ENDS_SENTENCE = re.compile(r"[.!?…][\"'”’»)\]]*\Z")
_SHORTEST = 40  # code points of a paragraph without a tag: what is shorter is a label or a credit
_LEAD = 400  # code points before a block quotation that may announce it
_ANNOUNCES = re.compile(r":\s*\Z")


def spelled_out(tree: HtmlElement) -> bool:
    """Give quotations in markup their marks and bare text its paragraphs, in place; whether there were
    any."""
    quotes, blocks = (
        list(tree.iter("q")),
        [block for block in tree.iter("blockquote") if _is_announced(block)],
    )
    for block in blocks:
        _quote_paragraphs(block)
    for depth, quote in ((sum(1 for _ in quote.iterancestors("q")), quote) for quote in quotes):
        if _text(quote).strip()[:1] not in _MARKS:
            _surround(quote, *("‘’" if depth % 2 else "“”"))
    for quote in quotes:
        quote.drop_tag()
    bare = [run for holder in tree.iter(*_HOLDERS) for run in _bare_runs(holder)]
    for run in bare:
        _wrap(*run)
    return bool(quotes or blocks or bare)


def _text(element: HtmlElement) -> str:
    return "".join(element.itertext())


def _surround(element: HtmlElement, opening: str, closing: str) -> None:
    element.text = opening + (element.text or "").lstrip()
    if len(element):
        element[-1].tail = (element[-1].tail or "").rstrip() + closing
    else:
        element.text = element.text.rstrip() + closing


def _is_announced(block: HtmlElement) -> bool:
    """Whether the words before a block quotation end in a colon and its own have no marks: “Ames wrote:”."""
    before = block.getprevious()
    lead = (
        (before.tail or "").strip() or _text(before)[-_LEAD:]
        if before is not None
        else block.getparent().text or ""
    )
    return _ANNOUNCES.search(lead) is not None and not any(mark in _text(block) for mark in _MARKS)


def _quote_paragraphs(block: HtmlElement) -> None:
    """Each paragraph opens with a mark, the last one closes."""
    paragraphs = [paragraph for paragraph in block.iter("p") if _text(paragraph).strip()] or [block]
    for paragraph in paragraphs:
        _surround(paragraph, "“", "”" if paragraph is paragraphs[-1] else "")


def _bare_runs(holder: HtmlElement) -> list[tuple[HtmlElement, list[HtmlElement]]]:
    """Text right behind a heading or a paragraph that reads as sentences: the element before it, and the
    inline elements it holds."""
    runs: list[tuple[HtmlElement, list[HtmlElement]]] = []
    before: HtmlElement | None = None
    inline: list[HtmlElement] = []

    def close() -> None:
        if before is None or before.tag not in _BEFORE:
            return
        said = (before.tail or "") + "".join(_text(element) + (element.tail or "") for element in inline)
        if len(said.strip()) >= _SHORTEST and _ENDS_SENTENCE.search(said.strip()[-_SHORTEST:]):
            runs.append((before, list(inline)))

    for child in holder:
        if child.tag in _INLINE and all(inside.tag in _INLINE for inside in child.iter()):
            inline.append(child)
        else:
            close()
            before, inline = child, []
    close()
    return runs


def _wrap(before: HtmlElement, inline: list[HtmlElement]) -> None:
    paragraph = before.makeelement("p")
    paragraph.text, before.tail = before.tail, None
    before.addnext(paragraph)
    paragraph.extend(inline)
