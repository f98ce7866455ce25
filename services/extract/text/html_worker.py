"""Main text of pages: what the worker process does for :mod:`services.extract.text.html`."""

from __future__ import annotations

import json
from collections.abc import Callable

from lxml import etree, html
from trafilatura import bare_extraction, load_html

from services.chassis.html import DEEPEST, flattened
from services.chassis.worker_process import nearly_full
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
    if tree is not None:
        spelled_out(tree)
    found = bare_extraction(
        source if tree is None else tree,
        include_comments=False,
        include_tables=False,
        with_metadata=True,
    )
    if found is None:
        if nearly_full():
            raise MemoryError
        return json.dumps({"text": ""}).encode()
    document = found if isinstance(found, dict) else found.as_dict()
    return json.dumps({name: document.get(name) for name in ("text", "title", "date")}).encode()
