"""Main text of pages: what the worker process does for :mod:`services.extract.text.html`."""

from __future__ import annotations

import json
from collections.abc import Callable

from lxml import etree, html
from trafilatura import load_html

from services.chassis.html import DEEPEST, flattened
from services.chassis.pagehead import read_head
from services.chassis.worker_process import nearly_full
from services.extract.text.maintext import main_text
from services.extract.text.markup import spelled_out

_TOO_DEEP = etree.XPath(f"boolean(//*[count(ancestor::*) >= {DEEPEST - 1}])")


def build(_: str) -> Callable[[bytes], bytes]:
    """The function that turns a page in UTF-8 into a JSON object: ``text``, ``title``, ``date``."""
    return read


def read(page: bytes) -> bytes:
    """The main text of one page.

    Raises:
        MemoryError: the parser gave up for want of memory.
        TooDeep: it nests deeper than can be read in linear time.
    """
    source = page.decode("utf-8", "replace")
    tree = load_html(source)
    # the parser stops, without a word, where a page nests too deep for it
    if tree is not None and _TOO_DEEP(tree):
        tree = flattened(source, html.html_parser.makeelement)
    head = read_head(tree) if tree is not None else None
    if tree is not None:
        spelled_out(tree)
    text = main_text(tree, head) if tree is not None and head is not None else None
    if head is None or (text is None and nearly_full()):
        if nearly_full():
            raise MemoryError
        return json.dumps({"text": ""}).encode()
    day = head.published_at.date().isoformat() if head.published_at else None
    return json.dumps({"text": text or "", "title": head.title, "date": day}).encode()
